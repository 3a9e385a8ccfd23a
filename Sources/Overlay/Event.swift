public import Allowance
public import Catalogue
public import Membership
public import Primitives
public import Routing

/// Something that happened, as the shell tells it.
public enum Event: Equatable, Sendable {
    /// The node is up: everything restored, every door open.
    case start(WallTime, isConfirmed: Bool = true)
    /// `nextDeadline` has come.
    case wake
    /// The wall clock was read; the shell does so at least once a minute. Nothing is deleted by one that neither a
    /// neighbour nor the account has confirmed, which may be ahead.
    case wallClock(WallTime, isConfirmed: Bool = true)
    /// This node's calendar says which period it is. The shell must say so at start, and when one ends.
    case period(Period)
    /// A lease runs low: what `Leases.takeRenewal` returned.
    case leaseLow(Usage)
    /// What may still be promised to clients; told now and then, since what ended early gives back what it had
    /// reserved.
    case remaining(ByteCount)
    /// Nothing is sent any more: what `Leases.close` returned. The last event.
    case stop(Usage)
    /// Facts about this machine, told at start and when they change noticeably.
    case measured(freeDisk: ByteCount, load: UInt8)

    /// Holders that many clients were sent to from here, as `Router.takeBusy` says; told every second while there are
    /// any.
    case redirected([Redirected])

    /// A datagram, unsealed: `from` holds the key that sealed it.
    case datagram(Verified<Envelope>, from: NodeID)
    /// A member asks over HTTP, and waits for `.answer`.
    case asked(Verified<PeerRequest>, from: NodeID, RequestID)
    case answered(CallID, Verified<PeerAnswer>)
    case failed(CallID, CallFailure)
    /// What `.prove` asked: who answered.
    case proved(NodeID, Reached.Outcome)
    /// What `.sign` asked for.
    case signed(Verified<Draft>)
    /// This node was taken into a network: its new card, and who is there.
    case admitted(Verified<Card>, [Verified<News>])
    /// A card that came beside a question or its answer, by a member or with this node's own key.
    case told(Verified<Card>)
    /// This node signed a new card of its own, and has it on disk.
    case renewed(Verified<Card>)
    /// This node is about to leave its network for good: its holdings are to be in other hands by then. Ends in
    /// `.left`.
    case leave(by: Instant)

    /// A file was posted here, and lies whole on this disk.
    case posted(Verified<Manifest>, sha256: Bytes32)
    /// The operator takes back what was posted here; nothing happens where nothing was.
    case withdraw(FileID)
    /// The operator wants this neither held nor served here; what was posted here stays.
    case deny(Denial)
    /// The operator has changed its mind.
    case allow(Denial)
    /// A client asked here for a file this node knows nothing of; answered with `.resolved`.
    case wanted(FileID)
    /// There is room on disk, as `.prepare` asked.
    case prepared(FileID)
    /// There is none after all.
    case noRoom(FileID)
    /// These pieces of a fetch are verified and on disk.
    case stored(FetchID, Range<Int>)
    case fetchEnded(FetchID, FetchOutcome)
    /// The flat digest of a file whose pieces are all here.
    case completed(FileID, sha256: Bytes32)
    /// A file here cannot be read, or no longer is what it was.
    case damaged(FileID)
    /// A file that was posted here cannot be read for now, or can again.
    case readable(FileID, Bool)
}
