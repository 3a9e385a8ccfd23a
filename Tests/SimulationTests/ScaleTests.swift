import Foundation
import Primitives
import Testing

@testable import Simulation

/// What a world costs. `POTLUCK_NODES=300,1000 swift test -c release -Xswiftc -enable-testing --filter ScaleTests` lets
/// such worlds start and run for half an hour, and prints a table.
@Suite struct ScaleTests {
    private static let counts =
        (ProcessInfo.processInfo.environment["POTLUCK_NODES"] ?? "30").split(separator: ",").compactMap { Int($0) }

    private static var resident: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return Int(text.split(separator: " ").dropFirst().first ?? "0").map { $0 * 4096 } ?? 0
    }

    @Test func `a world of many starts, and goes on, at a price that is printed`() {
        for count in Self.counts {
            let clock = ContinuousClock()
            let before = Self.resident
            var network = VirtualNetwork(seed: 1)
            network.conditions.links.delay = .geography
            network.conditions.pulse = .seconds(30)
            let building = clock.measure {
                for _ in 0..<count { network.create(share: .gigabytes(8)) }
                network.introduceAll()
                for index in 0..<count {
                    network.schedule(.restart(index), after: .milliseconds(Int64(index) * 60_000 / Int64(count)))
                }
            }
            var figures = "\(count) nodes: built in \(building)"
            for (name, length) in [
                ("starting", Duration.seconds(60)), ("then", .seconds(540)), ("then", .seconds(1200)),
            ] {
                let sent = network.nodes.reduce(0) { $0 + $1.traffic.datagramsSent }
                let bytes = network.nodes.reduce(ByteCount.zero) { $0 + $1.traffic.sent }
                let time = clock.measure { network.run(for: length) }
                let more = network.nodes.reduce(0) { $0 + $1.traffic.datagramsSent } - sent
                let moreBytes = network.nodes.reduce(ByteCount.zero) { $0 + $1.traffic.sent } - bytes
                let micros = Double(time.wholeNanoseconds) / 1000 / Double(max(1, more))
                let entry = (Self.resident - before) / (count * count)
                figures +=
                    "\n  \(name) \(length): \(time), \(more) datagrams, \(micros) µs each, \(moreBytes.bytes / Int64(count)) bytes sent a node, \(entry) bytes an entry"
            }
            print(figures)
            #expect(network.violations.isEmpty, "\(network.violations)")
        }
    }
}
