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
    case written(Run)
    case datagram(Envelope, ByteCount, from: Int, to: Int)
    case request(PeerRequest, ByteCount, from: Run, CallID, to: Int)
    case answer(PeerAnswer, ByteCount, to: Run, CallID)
    case fetch(FetchID, FileID, pieces: Range<Int>, by: Run, from: Int)
    case slice(TransferID)
    case client(ClientID, at: Int)
    case answered(ClientID, VirtualClient.Outcome)
    /// The door says whom it sends clients to.
    case tally(Run)
    case lookUpOverdue(ClientID, Run)
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

/// A happening and its turn.
struct Appointment: Comparable {
    let at: Instant
    /// What is due at the same moment happens in the order it was arranged.
    let sequence: Int
    let happening: Happening

    static func < (left: Self, right: Self) -> Bool { (left.at, left.sequence) < (right.at, right.sequence) }
    static func == (left: Self, right: Self) -> Bool { left.sequence == right.sequence }
}
