import Catalogue
import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct LookUpTests {
    @Test func `nobody is told that a file does not exist while it was not looked for`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.kibibytes(300), on: 0, replicas: 0)
            network.run(for: .seconds(5))
            let trackers = network.trackers(of: file)
            let asked = network.nodes.indices.first { $0 != 0 && !trackers.contains($0) }
            guard let asked else { continue }
            // Somebody asks for so many files that are not there that no look-up is left.
            for batch in 0..<8 as Range<UInt64> {
                let ids = (0..<50).map { number in
                    network.ask(FileID(Bytes32(seed, batch, number, 7)), at: asked, near: nil)
                }
                network.run(for: .seconds(1)) { network in ids.allSatisfy { network.clients[$0]?.outcome != nil } }
                let unknown = ids.count { network.clients[$0]?.outcome == .notFound }
                let postponed = ids.count { network.clients[$0]?.isPostponed == true }
                #expect(unknown + postponed == 50)
                #expect(unknown == [50, 50, 50, 50, 50, 6, 0, 0][Int(batch)])
            }
            let outcome = network.answer(for: file, at: asked)
            guard case .postponed(let pause)? = outcome else {
                Issue.record("seed \(seed): \(outcome as Any)")
                continue
            }
            #expect(pause <= Curator.Settings().unknowns.every)
            network.run(for: pause + .milliseconds(10))
            #expect(network.answer(for: file, at: asked).isServed)
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}

extension VirtualClient {
    fileprivate var isPostponed: Bool {
        if case .postponed? = outcome { true } else { false }
    }
}

extension VirtualNetwork {
    fileprivate mutating func answer(for file: FileID, at index: Int) -> VirtualClient.Outcome? {
        let id = ask(file, at: index, near: nil)
        _ = run(for: .seconds(10)) { $0.clients[id]?.outcome != nil }
        return clients[id]?.outcome
    }
}
