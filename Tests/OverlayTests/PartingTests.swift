import Membership
import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct PartingTests {
    @Test func `halves of a network go on by themselves, and grow together again`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let files = (0..<2).map { network.post(.mebibytes(1), on: $0 * 5) }
            network.run(for: .seconds(10))
            network.part([0, 1, 2])
            network.run(for: .seconds(40))
            // Each side has its own idea of who holds what, and posts on.
            let later = (0..<2).map { network.post(.mebibytes(1), on: $0 * 5) }
            network.run(for: .seconds(20))
            network.part([])
            #expect(network.run(for: .seconds(90)) { $0.isAgreed }, "seed \(seed)")
            network.run(for: .seconds(40))
            for file in files + later {
                let outcomes = network.askEverywhere(for: file)
                #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
                #expect(network.holders(of: file).count >= 3, "seed \(seed)")
                let knowing = network.nodes.indices.map { network.knownHolders(of: file, at: $0) }
                let holders = network.holders(of: file)
                #expect(holders.allSatisfy { knowing[$0] == holders }, "seed \(seed): \(holders), \(knowing)")
            }
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who leaves is gone for all, and what it held is copied elsewhere`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(10))
            let leaver = network.holders(of: file)[1]
            network.deliver(.leave(by: network.now + .seconds(20)), to: network.currentRun(of: leaver))
            #expect(network.run(for: .seconds(30)) { $0.nodes[leaver].process?.hasLeft == true }, "seed \(seed)")
            network.run(for: .seconds(1))
            network.crash(leaver)
            let id = network.nodes[leaver].id
            for (index, node) in network.nodes.enumerated() where index != leaver {
                #expect(node.process?.overlay.roster[id]?.condition == .left, "seed \(seed), node \(index)")
            }
            #expect(network.run(for: .seconds(30)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            network.run(for: .seconds(6))
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
            network.start(leaver)
            #expect(network.run(for: .seconds(10)) { $0.isAgreed }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
