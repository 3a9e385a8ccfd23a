internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

/// What came for a process that stands still.
struct Held {
    /// Somebody whose connection is taken, and not answered.
    enum Waiter: Equatable {
        case client(ClientID)
        case fetch(FetchID, by: Run)
    }

    var happenings: [Happening] = []
    var datagramBytes = 0

    /// What the system keeps of datagrams for a process that does not read: Linux's `net.core.rmem_default`, which
    /// counts each with what it takes in memory.
    static let datagramLimit = 212_992
    static let datagramOverhead = 768
}

/// Processes that stand still: everything waits for them, and then comes at once.
extension VirtualNetwork {
    /// Whether it is kept for later.
    mutating func hold(_ happening: Happening) -> Bool {
        guard let index = happening.process, nodes[index].troubles.isPaused, nodes[index].isUp else { return false }
        switch happening {
        case .datagram(_, let size, _, _):
            let taken = Int(size.bytes) + Held.datagramOverhead
            guard nodes[index].held.datagramBytes + taken <= Held.datagramLimit else {
                noteDropped(size)
                return true
            }
            nodes[index].held.datagramBytes += taken
        case .request(_, _, let caller, let call, _):
            schedule(.callFailed(call, .timedOut, caller), after: Conditions.callLimit)
        case .client(let client, _):
            schedule(.gaveUp(.client(client), at: index), after: Self.patience)
        case .fetch(let fetch, _, _, let run, _):
            schedule(.gaveUp(.fetch(fetch, by: run), at: index), after: Self.stallLimit)
        default: break
        }
        nodes[index].held.happenings.append(happening)
        return true
    }

    /// Whoever still waits does so no longer.
    mutating func gaveUp(_ waiter: Held.Waiter, at index: Int) {
        guard let place = nodes[index].held.happenings.firstIndex(where: { $0.waiter == waiter }) else { return }
        nodes[index].held.happenings.remove(at: place)
        disappoint(waiter, at: index)
    }

    private mutating func disappoint(_ waiter: Held.Waiter, at index: Int) {
        switch waiter {
        case .client(let client): conclude(client, .cutOff(by: nodes[index].id))
        case .fetch(let fetch, let run): schedule(.fetchEnded(fetch, .failed, run))
        }
    }

    /// The process is gone, and with it what came for it: who waits sees the connection end.
    mutating func dropHeld(_ index: Int) {
        let held = nodes[index].held
        nodes[index].held = Held()
        for happening in held.happenings {
            if case .datagram(_, let size, _, _) = happening { noteDropped(size) }
            if let waiter = happening.waiter { disappoint(waiter, at: index) }
        }
    }

    /// The process goes on.
    mutating func release(_ index: Int) {
        let held = nodes[index].held
        nodes[index].held = Held()
        for happening in held.happenings { schedule(happening) }
    }
}
