internal import Allowance
internal import Overlay
internal import Primitives

/// Crashes, and coming back from them.
extension VirtualNetwork {
    /// The node dies where it stands: its process is gone, its disk has what was durable.
    mutating func crash(_ index: Int) {
        guard let process = nodes[index].process else { return }
        note("\(index) crashes")
        (nodes[index].actionsToCrash, nodes[index].piecesToCrash) = (nil, nil)
        nodes[index].process = nil
        measures.ended(index, byFarewell: process.hasLeft, at: now)
        var chance = nodes[index].chance.split()
        let isWritten = Bool.random(using: &chance)
        nodes[index].disk.crash(
            keepingLast: isWritten, isPowerLost: nodes[index].troubles.tearsWrites, using: &chance)
        dropHeld(index)
        checkGivenUp(at: index)
        checkers.copies.crashed(index)
        checkers.tombstones.crashed(index)
        noteWaste(of: process.door.leases, in: process.door.period, at: index)
        for id in transfers.keys.sorted() where transfers[id]?.source.node == index { breakOff(id) }
        for request in process.door.asked.keys.sorted(by: { $0.number < $1.number }) {
            guard let (caller, call) = process.door.asked[request] else { continue }
            schedule(.callFailed(call, .unreachable, caller), after: delay(from: index, to: caller.node))
        }
        for bill in process.door.unpaid { lose(bill.then, at: index) }
        for file in process.door.searching.keys.sorted() {
            for client in process.door.searching[file] ?? [] { cutOff(client, at: index) }
        }
    }

    /// What waited to be sent when the node died: who waits for it sees the connection end.
    private mutating func lose(_ happening: Happening, at index: Int) {
        switch happening {
        case .answer(_, _, let caller, let call):
            schedule(.callFailed(call, .unreachable, caller), after: delay(from: index, to: caller.node))
        case .client(let client, _), .answered(let client, _): cutOff(client, at: index)
        default: break
        }
    }

    private mutating func cutOff(_ client: ClientID, at index: Int) {
        conclude(client, .cutOff(by: nodes[index].id))
    }

    /// Once it has performed so many more actions it dies, and returns after a while.
    mutating func crash(_ index: Int, afterActions count: Int, for absence: Duration) {
        nodes[index].actionsToCrash = count
        nodes[index].absence = absence
    }

    mutating func crashIfDue(_ run: Run) -> Bool {
        guard let left = nodes[run.node].actionsToCrash else { return false }
        nodes[run.node].actionsToCrash = left - 1
        guard left <= 0 else { return false }
        crash(run.node)
        schedule(.restart(run.node), after: nodes[run.node].absence)
        return true
    }

    /// Once so many more pieces have come that a crash would tear it dies amid the writing, and returns after a while.
    mutating func crash(_ index: Int, afterPieces count: Int, for absence: Duration) {
        nodes[index].piecesToCrash = count
        nodes[index].absence = absence
    }

    /// A piece is being written.
    mutating func crashIfTorn(_ index: Int) {
        guard nodes[index].troubles.tearsWrites, let left = nodes[index].piecesToCrash else { return }
        nodes[index].piecesToCrash = left - 1
        guard left <= 0 else { return }
        crash(index)
        schedule(.restart(index), after: nodes[index].absence)
    }

    /// Everybody comes back, reaches everybody, and nobody dies any more.
    mutating func heal() { heal(Array(nodes.indices)) }

    /// The same, of some.
    mutating func heal(_ core: [Int]) {
        part([])
        endFaults()
        for index in nodes.indices { (nodes[index].actionsToCrash, nodes[index].piecesToCrash) = (nil, nil) }
        for index in core { start(index) }
        conditions.links.loss = 0
        conditions.links.duplication = 0
        measures.agreement.expect(since: now)
    }
}
