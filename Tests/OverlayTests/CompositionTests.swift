import Allowance
import Catalogue
import Membership
@_spi(Verification) import Primitives
import Testing

@testable import Overlay
@testable import Simulation

@Suite struct CompositionTests {
    @Test func `an answer to another question than was asked counts as none`() throws {
        var network = VirtualNetwork.settled(3, seed: 1)
        // Who was asked before it ran is asked once more.
        network.run(for: .seconds(5))
        var overlay = try #require(network.nodes[0].process?.overlay)
        var actions: [Overlay::Action] = []
        let file = FileID(Bytes32(1, 2, 3, 4))
        func calls() -> [(id: CallID, to: NodeID)] {
            actions.compactMap { action in
                if case .call(let id, .catalogue(.lookUp(file)), let member) = action { (id, member) } else { nil }
            }
        }
        for node in network.nodes.dropFirst() {
            overlay.proofs.want(node.card.value, at: network.now)
            overlay.handle(.proved(node.id, .answered), at: network.now, into: &actions)
        }
        actions = []
        overlay.handle(.wanted(file), at: network.now, into: &actions)
        let first = try #require(calls().first)
        actions = []
        overlay.handle(.answered(first.id, Verified(checked: .table([]))), at: network.now, into: &actions)
        let second = try #require(calls().first)
        #expect(second.to != first.to)
        actions = []
        overlay.handle(.answered(second.id, Verified(checked: .table([]))), at: network.now, into: &actions)
        // Nobody has answered what was asked.
        #expect(actions == [.resolved(file, .postponed(Curator.Settings().negativeLifetime))])
    }

    @Test func `an introduction answered with something else leads to nothing`() throws {
        var network = VirtualNetwork(seed: 1)
        for _ in 0..<2 { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        network.start(0)
        var overlay = try #require(network.nodes[0].process?.overlay)
        var actions: [Overlay::Action] = []
        let introduction = CallID(1 << 63 | 1)
        overlay.handle(
            .answered(introduction, Verified(checked: .catalogue(.accepted))), at: network.now, into: &actions)
        overlay.handle(.failed(introduction, .timedOut), at: network.now, into: &actions)
        #expect(actions.isEmpty)
    }

    @Test func `who has less than a thousandth of its share left says that it is exhausted`() throws {
        let network = VirtualNetwork.settled(3, seed: 1)
        let share = try #require(network.nodes[0].process?.overlay.ledger.terms.share)
        func said(_ remaining: ByteCount) throws -> [Bool] {
            var overlay = try #require(network.nodes[0].process?.overlay)
            var actions: [Overlay::Action] = []
            overlay.handle(.remaining(remaining), at: network.now, into: &actions)
            return actions.compactMap {
                if case .sign(.news(.status(let status))) = $0 { status.isExhausted } else { nil }
            }
        }
        #expect(try said(ByteCount(share.bytes / 1000 - 1)) == [true])
        let more = try said(ByteCount(share.bytes / 1000))
        #expect(!more.contains(true))
    }
}
