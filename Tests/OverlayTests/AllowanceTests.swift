import Allowance
import Overlay
import Primitives
import Routing
import Testing

@Suite struct AllowanceTests {
    /// Sent within the period that is now.
    private static func sent(_ network: VirtualNetwork, _ index: Int) -> ClassTotals {
        network.nodes[index].books.sent(in: network.conditions.period(at: network.wallTime))
    }

    @Test func `a crowd spends a small allowance and not a byte more, and is then served elsewhere`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed) { $0 == 0 ? .megabytes(40) : .gigabytes(1) }
            let file = network.post(.mebibytes(2), on: 0)
            network.run(for: .seconds(15))
            let crowd = (0..<60).map { number in
                network.run(for: .milliseconds(100))
                return network.ask(file, at: number % 5, near: network.nodes[0].place)
            }
            network.run(for: .seconds(20))
            let outcomes = crowd.map { network.clients[$0]?.outcome }
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(Self.sent(network, 0).sum <= .megabytes(40), "seed \(seed)")
            #expect(Self.sent(network, 0).serving >= .megabytes(15), "seed \(seed): \(Self.sent(network, 0).serving)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `where nobody has anything left, clients are told so, and nobody is sent a byte`() {
        for seed in 1...4 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(4, seed: seed) { _ in .megabytes(40) }
            let file = network.post(.mebibytes(4), on: 0, replicas: 1)
            network.run(for: .seconds(15))
            for number in 0..<60 {
                _ = network.ask(file, at: number % 4, near: nil)
                network.run(for: .milliseconds(200))
            }
            network.run(for: .seconds(20))
            let before = (0..<4).map { Self.sent(network, $0).serving }
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0 == .unavailable(.exhausted) }, "seed \(seed): \(outcomes)")
            #expect((0..<4).map { Self.sent(network, $0).serving } == before, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a new period brings the allowance back, through crashes at its end`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var conditions = Conditions()
            conditions.period = .seconds(120)
            var network = VirtualNetwork.settled(3, seed: seed, conditions: conditions) { _ in .megabytes(40) }
            var chance = Generator(seed: seed)
            let file = network.post(.mebibytes(4), on: 0, replicas: 1)
            network.run(for: .seconds(15))
            for number in 0..<40 {
                _ = network.ask(file, at: number % 3, near: nil)
                network.run(for: .milliseconds(500))
            }
            #expect(network.askEverywhere(for: file).allSatisfy { $0 == .unavailable(.exhausted) }, "seed \(seed)")
            network.run(for: .seconds(120) - (network.now - .zero))
            for index in 0..<3 {
                network.crash(
                    index, afterActions: Int.random(in: 0...100, using: &chance),
                    for: .milliseconds(Int64.random(in: 1...5000, using: &chance)))
            }
            network.run(for: .seconds(30))
            network.heal()
            network.run(for: .seconds(15))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a crash under load wastes little, and the account is never below what was sent`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(3, seed: seed) { _ in .megabytes(100) }
            var chance = Generator(seed: seed)
            let file = network.post(.mebibytes(2), on: 0, replicas: 1)
            network.run(for: .seconds(15))
            for _ in 0..<10 {
                for index in 0..<3 { _ = network.ask(file, at: index, near: network.nodes[0].place) }
                network.crash(
                    0, afterActions: Int.random(in: 0...60, using: &chance),
                    for: .milliseconds(Int64.random(in: 1...3000, using: &chance)))
                network.run(for: .seconds(4))
            }
            network.heal()
            network.run(for: .seconds(10))
            let leased = network.nodes[0].disk.ledger?.leased.sum ?? .zero
            let sent = Self.sent(network, 0).sum
            #expect(leased >= sent && leased <= .megabytes(100), "seed \(seed)")
            // Ten crashes, each worth at most a lease: 1/64 of the share for each of two classes, and two small ones.
            #expect(leased - sent <= .megabytes(40), "seed \(seed): \(leased) leased, \(sent) sent")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
