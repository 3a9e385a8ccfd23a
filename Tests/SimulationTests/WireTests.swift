import Membership
import Primitives
import Testing

@testable import Simulation

@Suite struct WireTests {
    private static func links(_ delay: Topology.Delay) -> Topology.Links {
        var links = Topology.Links()
        links.delay = delay
        return links
    }

    private static func station(_ word: UInt64, _ latitude: Double, _ longitude: Double, host: Int? = nil) -> Station {
        Station(
            word: word, place: Place(latitude: latitude, longitude: longitude), host: host, access: .milliseconds(1))
    }

    @Test func `a way is as long there as back, and never shorter than light in glass needs`() throws {
        var wires = Wires(seed: 3)
        let links = Self.links(.geography)
        let berlin = Self.station(1, 52.52, 13.40)
        var ratios: [Double] = []
        for number in 2...400 as ClosedRange<UInt64> {
            let other = Self.station(number, Double(number % 120) - 60, Double(number * 7 % 360) - 180)
            let way = wires.way(berlin, other, over: links)
            #expect(way == wires.way(other, berlin, over: links))
            let place = try #require(other.place)
            let kilometres = try #require(berlin.place?.distance(to: place))
            #expect(abs(try #require(berlin.distance(to: other)) - kilometres) < 0.01)
            let ratio = Double(way - 2_000_000) / (kilometres * 5_000)
            #expect(ratio >= 1.199 && ratio <= 3.401)
            ratios.append(ratio)
        }
        ratios.sort()
        #expect((1.5...1.75).contains(ratios[ratios.count / 2]))
    }

    @Test func `measured round trips are halved, and what is not known follows from places or from the middle`() {
        let hosts = [Matrix.Host(name: "a"), Matrix.Host(name: "b"), Matrix.Host(name: "c")]
        let matrix = Matrix(
            hosts: hosts,
            roundTrips: [
                nil, .milliseconds(80), nil, .milliseconds(80), nil, .milliseconds(20), nil, .milliseconds(20), nil,
            ])
        let links = Self.links(.matrix(matrix))
        var wires = Wires(seed: 3)
        func bare(_ host: Int) -> Station { Station(word: UInt64(host), place: nil, host: host, access: .zero) }
        #expect(wires.way(bare(0), bare(1), over: links) == 40_000_000)
        #expect(wires.way(bare(2), bare(1), over: links) == 10_000_000)
        #expect(wires.way(bare(0), bare(2), over: links) == matrix.median.wholeNanoseconds / 2)
        let (one, other) = (Self.station(7, 10, 10, host: 0), Self.station(8, 10, 20, host: 2))
        #expect(wires.way(one, other, over: links) == wires.way(one, other, over: Self.links(.geography)))
    }

    @Test func `jitter has the mean that was asked for, and one node's draws shift no other's`() {
        func made() -> VirtualNetwork {
            var network = VirtualNetwork(seed: 4)
            for _ in 0..<3 { network.create(share: .gigabytes(1)) }
            network.conditions.links.jitter = .milliseconds(5)
            return network
        }
        var (network, other) = (made(), made())
        let way = network.roundTrip(from: 0, to: 1) / 2
        for _ in 0..<100 { _ = other.delay(from: 2, to: 1) }
        var sum = Duration.zero
        for _ in 0..<4000 {
            let delay = network.delay(from: 0, to: 1)
            #expect(delay == other.delay(from: 0, to: 1))
            sum += delay - way
        }
        #expect((Duration.milliseconds(4700) / 1000 ... .milliseconds(5300) / 1000).contains(sum / 4000))
    }

    @Test func `datagrams wait behind each other, and what comes when too many wait is dropped`() {
        var queue = DatagramQueue()
        let rate = ByteCount(10_000)
        var waits: [Duration?] = []
        for _ in 0..<5 { waits.append(queue.enter(ByteCount(1000), rate: rate, at: .zero)) }
        #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(300), nil, nil])
        #expect(queue.enter(ByteCount(1000), rate: rate, at: .zero + .milliseconds(300)) == .milliseconds(100))
    }

    @Test func `transfers share a line fairly, and leave the rest of it to those whose paths carry more`() {
        var uplink = Uplink(capacity: .megabytes(9))
        let now = Instant.zero
        uplink.begin(TransferID(number: 1), .megabytes(9), cap: nil, at: now)
        #expect(Self.isNear(uplink.next, .seconds(1)))
        uplink.begin(TransferID(number: 2), .megabytes(9), cap: nil, at: now)
        uplink.begin(TransferID(number: 3), .megabytes(1), cap: .megabytes(1), at: now)
        // One at 1 MB/s, two at 4.
        #expect(Self.isNear(uplink.next, .seconds(1)))
        #expect(uplink.takeDone(at: now + .seconds(1)) == [TransferID(number: 3)])
        // 5 MB are left of each, at 4.5 MB/s.
        #expect(uplink.end(TransferID(number: 2), at: now + .seconds(1)) >= .megabytes(5) - ByteCount(2))
        #expect(Self.isNear(uplink.next, .nanoseconds(1_555_555_556)))
        uplink.stop(true, at: now + .seconds(1))
        #expect(uplink.next == nil)
        uplink.stop(false, at: now + .seconds(10))
        #expect(Self.isNear(uplink.next, .nanoseconds(10_555_555_556)))
    }

    /// Rates are not exact, but to a few nanoseconds.
    private static func isNear(_ moment: Instant?, _ expected: Duration) -> Bool {
        moment.map { ($0 - .zero - expected).wholeNanoseconds.magnitude <= 10 } ?? false
    }
}
