import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct LossTests {
    @Test func `files are replicated and found though a tenth of everything is lost, and some comes twice`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            network.conditions.links.loss = 0.1
            network.conditions.links.duplication = 0.05
            let file = network.post(.mebibytes(3), on: Int(seed) % 6)
            #expect(network.run(for: .seconds(60)) { $0.holders(of: file).count >= 3 }, "seed \(seed)")
            #expect(network.run(for: .seconds(60)) { $0.isAgreed }, "seed \(seed)")
            network.heal()
            network.run(for: .seconds(10))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.holders(of: file).count == 3, "seed \(seed): \(network.holders(of: file))")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `the same seed gives the same log, line by line`() {
        func log(seed: UInt64) -> [String] {
            var network = VirtualNetwork(seed: seed)
            network.isLogging = true
            network.conditions.links.loss = 0.05
            network.conditions.links.duplication = 0.05
            for _ in 0..<4 { network.create(share: .gigabytes(1)) }
            network.introduceAll()
            for index in 0..<4 { network.start(index) }
            network.run(for: .seconds(3))
            let file = network.post(.mebibytes(1), on: 0)
            network.crash(1, afterActions: 20, for: .seconds(3))
            network.run(for: .seconds(6))
            _ = network.askEverywhere(for: file)
            network.run(for: .seconds(5))
            return network.log
        }
        let first = log(seed: 7)
        #expect(first.count > 400)
        #expect(first.contains { $0.hasSuffix(" crashes") })
        #expect(first == log(seed: 7))
        #expect(first != log(seed: 8))
    }
}
