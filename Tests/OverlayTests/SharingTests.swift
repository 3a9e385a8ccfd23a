import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct SharingTests {
    @Test(arguments: [2, 3, 5, 8])
    func `nodes that know each other's cards see each other alive`(count: Int) {
        for seed in 1...4 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(count, seed: seed)
            network.run(for: .seconds(20))
            #expect(network.isAgreed && network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a posted file is replicated, and served from every node`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(3), on: Int(seed) % 6)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            network.run(for: .seconds(5))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.holders(of: file).count == 3, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
