internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

/// Something that will happen in a virtual network. Boxed: the agenda moves many of them about.
indirect enum Happening {
    case event(Overlay::Event, Run)
    case wake(Run, at: Instant)
    /// The shell's regular reading of clock, calendar and disk.
    case rhythm(Run)
    /// The transaction under way has ended.
    case written(Run)
    /// A disk that refused is tried again.
    case writeAgain(Run)
    case datagram(Envelope, ByteCount, from: Int, to: Int)
    case request(PeerRequest, ByteCount, from: Run, CallID, to: Int)
    case answer(PeerAnswer, ByteCount, to: Run, CallID)
    case callFailed(CallID, CallFailure, Run)
    case fetch(FetchID, FileID, pieces: Range<Int>, by: Run, from: Int)
    case fetchEnded(FetchID, FetchOutcome, Run)
    /// The next bytes of a response are paid for.
    case sliceBegins(TransferID, ByteCount)
    /// Of those that leave a node, some slice has left; void where the uplink was shared anew since.
    case uplink(Int, version: Int)
    case arrived(Arrival)
    /// Pieces are on disk, and stay there.
    case synchronised(FetchID, FileID, Range<Int>, Run)
    /// Nothing has come of a transfer for as long as anybody waits.
    case stalled(TransferID)
    case client(ClientID, at: Int)
    case answered(ClientID, VirtualClient.Outcome)
    /// The door says whom it sends clients to.
    case tally(Run)
    case lookUpOverdue(ClientID, Run)
    /// Somebody has waited long enough for a process that stands still.
    case gaveUp(Held.Waiter, at: Int)
    case restart(Int)
    /// A file of the topology is posted.
    case posting(Int)
    /// Somebody of a region asks for something.
    case demand(Int)
    case crowd(Int)
    case crowdMember(Int)
    case fault(Topology.Fault)
    case faultEnds(FaultID)
}

extension Happening {
    /// The node whose process has to see to it; nothing where that goes on by itself.
    var process: Int? {
        switch self {
        case .event(_, let run), .wake(let run, _), .rhythm(let run), .written(let run), .writeAgain(let run),
            .answer(_, _, let run, _), .callFailed(_, _, let run), .fetchEnded(_, _, let run),
            .synchronised(_, _, _, let run), .tally(let run), .lookUpOverdue(_, let run):
            run.node
        case .datagram(_, _, _, let index), .request(_, _, _, _, let index), .fetch(_, _, _, _, let index),
            .client(_, let index):
            index
        case .arrived(let arrival):
            if case .node(let run, _) = arrival.sink { run.node } else { nil }
        case .sliceBegins, .uplink, .stalled, .answered, .gaveUp, .restart, .posting, .demand, .crowd, .crowdMember,
            .fault, .faultEnds:
            nil
        }
    }

    /// Who waits, where it waits for a process.
    var waiter: Held.Waiter? {
        if case .client(let id, _) = self { return .client(id) }
        if case .fetch(let id, _, _, let run, _) = self { return .fetch(id, by: run) }
        return nil
    }
}
