import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite("What is measured of a world")
struct MeasureTests {
    /// Ten nodes in quiet, then a file, some clients, a death.
    private static func smallRun(seed: UInt64) -> WorldReport {
        var conditions = Conditions()
        conditions.pulse = .seconds(10)
        var network = VirtualNetwork(seed: seed, conditions: conditions)
        network.measures = Measures(.init(settled: .seconds(60), patience: .seconds(120)))
        for _ in 0..<10 { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        for index in 0..<10 { network.start(index) }
        network.run(for: .seconds(120))
        let file = network.post(.megabytes(20), on: 0)
        network.run(for: .seconds(300))
        _ = network.askEverywhere(for: file, near: Place(latitude: 48, longitude: 11))
        network.run(for: .seconds(300))
        network.crash(9)
        network.run(for: .seconds(600))
        return network.report(name: "small", seed: seed)
    }

    @Test("a small run's figures are what happened in it, and the same seed gives the same bytes")
    func figures() throws {
        let report = Self.smallRun(seed: 1)
        #expect(report.violations == [])
        #expect([report.world.nodes, report.world.running] == [10, 9])
        #expect([report.service.requests, report.service.served] == [10, 10])
        #expect(report.service.sent == .megabytes(200))
        #expect(report.service.shareOfOptimum == 1)
        #expect(report.service.replicas >= 2)
        #expect(try #require(report.service.sentPerReplica) >= 1)
        #expect(try #require(report.service.meanNearest) <= #require(report.service.meanRoundTrip))
        #expect([report.liveness.stopped, report.liveness.falseDeaths] == [1, 0])
        #expect(report.news.deaths?.count == 1)
        #expect(try #require(report.liveness.known?.max) <= .seconds(35))
        #expect(report.agreement.isComplete)
        #expect(report.agreement.recoveries.count == 1)
        #expect(report.gossip.sent?.count == 10)
        #expect(abs((report.pulses.interval?.p50.inSeconds ?? 0) - 10) < 0.5)
        #expect(report.spending.most > 0 && report.spending.most < 1)
        #expect(Self.smallRun(seed: 1).json == report.json)
    }

    @Test("what gets lost, or comes where nobody runs, was sent and never received")
    func lost() {
        var network = VirtualNetwork.settled(2, seed: 1)
        func bytes(_ index: Int) -> (sent: Int64, received: Int64) {
            let traffic = network.measures.traffic.nodes[index]
            return (traffic.sent.sum, traffic.received.sum)
        }
        network.conditions.links.duplication = 1
        network.run(for: .seconds(60))
        // Each datagram comes twice.
        #expect(bytes(1).received > bytes(0).sent * 3 / 2)
        network.run(for: .seconds(1))
        let before = bytes(1).received
        network.crash(1)
        let sent = bytes(0).sent
        network.force(.call(CallID(1_000), .introduce([]), to: network.nodes[1].id), at: 0)
        network.run(for: .seconds(10))
        #expect(bytes(0).sent > sent && bytes(1).received == before)
        #expect(network.nodes[1].traffic.received.bytes == before)
    }

    @Test("quantiles are those of what was observed, within 0.8 %", arguments: 1...8)
    func quantiles(seed: UInt64) {
        var generator = Generator(seed: seed)
        var distribution = Distribution()
        let values = (0..<5_000).map { _ in
            Int64.random(in: 0...(1 << Int64.random(in: 1...45, using: &generator)), using: &generator)
        }
        for value in values { distribution.add(value) }
        let sorted = values.sorted()
        for part in [0.01, 0.5, 0.9, 0.99, 1] {
            let exact = sorted[Int((part * 5_000).rounded(.up)) - 1]
            let found = distribution.quantile(part)
            #expect(found >= exact && Double(found - exact) <= 0.008 * Double(exact) + 1, "\(part)")
        }
        #expect(distribution.largest == sorted[4_999])
    }

    @Test("a status is followed to each node that was up, and no other")
    func spreading() {
        var spreading = Spreading(patience: .seconds(60))
        for node in 0..<101 { spreading.began(node, at: .zero) }
        let signed = Instant.zero + .seconds(1)
        spreading.said(.exhausted, of: 0, version: 7, at: signed)
        // An older one tells nothing; who begins later does not count.
        spreading.learnt(1, of: 0, version: 6, at: signed + .seconds(1))
        spreading.began(101, at: signed + .seconds(1))
        spreading.learnt(101, of: 0, version: 7, at: signed + .seconds(1))
        for node in 1..<99 { spreading.learnt(node, of: 0, version: 8, at: signed + .seconds(2)) }
        #expect(spreading.exhausted.count == 0, "98 of 100")
        spreading.learnt(99, of: 0, version: 7, at: signed + .seconds(3))
        #expect(spreading.exhausted.largest == 3_000_000_000)
        spreading.close(at: signed + .seconds(59))
        #expect(spreading.ages.count == 0)
        spreading.close(at: signed + .seconds(60))
        #expect([spreading.ages.count, spreading.missing] == [100, 1])
        #expect(spreading.ages.largest == 60_000_000_000)
    }

    @Test("agreement counts every wrong entry of every table, whoever comes and goes", arguments: 1...4)
    func agreement(seed: UInt64) {
        var generator = Generator(seed: seed)
        var agreement = Agreement()
        var isUp = Array(repeating: true, count: 12)
        var tables = Array(repeating: Array(repeating: false, count: 12), count: 12)
        for node in 0..<12 { agreement.began(node, at: .zero) }
        for step in 0..<600 {
            let (one, other) = (Int.random(in: 0..<12, using: &generator), Int.random(in: 0..<12, using: &generator))
            let now = Instant.zero + .seconds(step)
            if step % 9 == 0, isUp[one] {
                agreement.ended(one, at: now)
                isUp[one] = false
            } else if step % 3 == 0, !isUp[one] {
                agreement.began(one, at: now)
                isUp[one] = true
                tables[one] = Array(repeating: false, count: 12)
            } else if one != other, isUp[one] {
                tables[one][other] = Bool.random(using: &generator) ? isUp[other] : Bool.random(using: &generator)
                agreement.holds(one, other, isPresent: tables[one][other], at: now)
            }
            let running = (0..<12).filter { isUp[$0] }
            let wrong = running.map { node in (0..<12).count { $0 != node && tables[node][$0] != isUp[$0] } }
            #expect(agreement.running == running.count)
            #expect(agreement.wrongEntries == wrong.reduce(0, +))
            #expect(agreement.agreeing == wrong.count { $0 == 0 })
        }
    }

    @Test("nobody serves more than the clairvoyant, who spends first what ends first")
    func optimum() {
        let allowances = [
            Optimum.Allowance(hours: 0..<4, size: .megabytes(10)), Optimum.Allowance(hours: 0..<2, size: .megabytes(5)),
            Optimum.Allowance(hours: 2..<4, size: .megabytes(5)),
        ]
        let demand = [4, 9, 3, 20].map { ByteCount.megabytes($0) }
        // 5 of the first 13 come from what ends with the second hour; 7 of the last 23 are too many.
        #expect(Optimum.served(demand, from: allowances) == [4, 9, 3, 4].map { ByteCount.megabytes($0) })
        #expect(Optimum.served([.megabytes(1)], from: []) == [.zero])
    }

    @Test("memberlist's defaults cost hundreds of megabytes a month among a thousand")
    func memberlist() {
        #expect(Memberlist.lan.pushPullInterval(nodes: 32) == .seconds(30))
        #expect(Memberlist.lan.pushPullInterval(nodes: 33) == .seconds(60))
        #expect(Memberlist.lan.pushPullInterval(nodes: 65) == .seconds(90))
        #expect(Memberlist.lan.pushPullInterval(nodes: 1_000) == .seconds(180))
        let quiet = Memberlist.wan.monthly(nodes: 1_000, updatesPerNodeAndDay: 0)
        #expect(quiet > .megabytes(300) && quiet < .gigabytes(2))
        #expect(Memberlist.lan.monthly(nodes: 1, updatesPerNodeAndDay: 5) == .zero)
    }
}
