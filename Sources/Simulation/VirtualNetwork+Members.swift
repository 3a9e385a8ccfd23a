internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Joining and leaving, and what the nodes think of each other.
extension VirtualNetwork {
    /// A new node on the inviter's side, with the inviter's table.
    @discardableResult
    mutating func join(through inviter: Int, share: ByteCount = .gigabytes(1)) -> Int {
        let index = create(share: share)
        nodes[index].side = nodes[inviter].side
        nodes[index].inviter = inviter
        start(index)
        return index
    }

    /// Whoever dies before what it was told is durable joins again, as its operator would; through another where the
    /// inviter is not there.
    mutating func admitIfAlone(_ index: Int) {
        guard let inviter = nodes[index].inviter, nodes[index].process?.overlay.roster.members.isEmpty == true else {
            return
        }
        let hosts = [inviter] + nodes.indices.filter { $0 != index && nodes[$0].side == nodes[index].side }
        guard let host = hosts.first(where: { nodes[$0].isUp }), let table = nodes[host].process?.overlay.roster.news
        else { return }
        let card = nodes[index].card
        deliver(.admitted(card, table.map { Verified(checked: $0) }), to: currentRun(of: index))
    }

    /// It has a few seconds to hand over what it holds, says good-bye, and is gone a second later.
    mutating func leave(_ index: Int) {
        deliver(.leave(by: now + .seconds(5)), to: currentRun(of: index))
        run(for: .seconds(60)) { $0.nodes[index].process?.hasLeft ?? true }
        run(for: .seconds(1))
        crash(index)
        nodes[index].hasLeft = true
    }

    /// What all running nodes should think of a node.
    private func expected(of index: Int) -> Condition {
        if nodes[index].isUp { return .alive }
        return nodes[index].hasLeft ? .left : .dead
    }

    /// The first entry of anybody's table that is not as it should be: who runs is alive for all, with its own card and
    /// status; who left has left, and who died is dead.
    var disagreement: String? {
        for (observer, node) in nodes.enumerated() {
            guard let roster = node.process?.overlay.roster else { continue }
            for (index, other) in nodes.enumerated() where index != observer {
                guard let seen = roster[other.id] else { return "\(observer) does not know \(index)" }
                guard seen.condition == expected(of: index) else {
                    return "\(observer) sees \(index) \(seen.condition), not \(expected(of: index))"
                }
                guard let own = other.process?.overlay.roster.own else { continue }
                guard seen.card == own.card else { return "\(observer) has an old card of \(index)" }
                guard seen.status == own.status else { return "\(observer) has an old status of \(index)" }
            }
        }
        return nil
    }
}
