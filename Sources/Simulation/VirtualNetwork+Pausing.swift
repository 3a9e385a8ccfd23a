internal import Membership
internal import Overlay
internal import Primitives

/// What came for a process that stands still.
struct Held {
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
            schedule(.answered(client, .cutOff(by: nodes[index].id)), after: Self.patience)
        default: break
        }
        nodes[index].held.happenings.append(happening)
        return true
    }

    /// The process is gone, and with it what came for it.
    mutating func dropHeld(_ index: Int) {
        for case .datagram(_, let size, _, _) in nodes[index].held.happenings { noteDropped(size) }
        nodes[index].held = Held()
    }

    /// The process goes on.
    mutating func release(_ index: Int) {
        let held = nodes[index].held
        nodes[index].held = Held()
        for happening in held.happenings { schedule(happening) }
    }
}
