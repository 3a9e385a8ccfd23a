import Allowance
import Overlay
import Primitives
import Routing
import Testing

@testable import Simulation

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

    @Test func `a crash under load wastes what is sent in a second, and the account is never below what was sent`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            let terms = Terms(share: .megabytes(100))
            var network = VirtualNetwork.settled(3, seed: seed) { _ in terms.share }
            var chance = Generator(seed: seed)
            let file = network.post(.mebibytes(2), on: 0, replicas: 1)
            network.run(for: .seconds(15))
            for round in 1...10 {
                for index in 0..<3 { _ = network.ask(file, at: index, near: network.nodes[0].place) }
                let absence = Duration.milliseconds(Int64.random(in: 1...3000, using: &chance))
                network.crash(0, afterActions: Int.random(in: 0...60, using: &chance), for: absence)
                network.run(for: .seconds(4))
                guard network.nodes[0].wastes.count < round else { continue }
                network.crash(0)
                network.schedule(.restart(0), after: absence)
                network.run(for: absence + .seconds(1))
            }
            network.heal()
            network.run(for: .seconds(10))
            let wastes = network.nodes[0].wastes
            #expect(wastes.count == 10, "seed \(seed)")
            for (waste, kind) in wastes.flatMap({ waste in TrafficClass.allCases.map { (waste, $0) } }) {
                // About what is sent in a second, counted with all that went before, each second half as much.
                let busy = max(Ledger.smallestLease, waste.busiest[kind]) * 2
                let lease = max(terms.ceiling(kind) / Ledger.leasesInRemainder, Ledger.finalLease)
                #expect(
                    waste.size[kind] >= .zero && waste.size[kind] <= min(busy, lease),
                    "seed \(seed), \(kind): \(waste.size[kind]), with \(waste.busiest[kind]) in a second")
            }
            // To the byte: what counts as spent was sent, or wasted.
            let (sent, leased) = (Self.sent(network, 0), network.nodes[0].disk.ledger?.leased ?? .zero)
            let spent = network.nodes[0].process?.door.leases.usage.spent
            #expect(spent == wastes.reduce(sent) { $0 + $1.size }, "seed \(seed)")
            #expect(leased.sum >= sent.sum && leased.sum <= terms.share, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
