public import Allowance
public import Catalogue
public import Membership
public import Primitives
public import Routing

/// Something for the shell to do. Actions are performed in order, except that what stands in `persist(_:then:)` waits
/// for the disk while later ones go ahead.
public enum Action: Equatable, Sendable {
    /// One transaction, and what may only be done or said once it is durable.
    indirect case persist([Record], then: [Action])

    /// Seal and send; may be lost.
    case send(Envelope, to: NodeID)
    /// Ask over HTTP; ends in `.answered` or `.failed`.
    case call(CallID, PeerRequest, to: NodeID)
    case answer(RequestID, PeerAnswer)
    /// Have the member prove that the URL on its card is its own; comes back as `.proved`, always.
    case prove(NodeID)
    /// Sign with this node's key; comes back as `.signed`.
    case sign(Draft)
    /// Datagrams and requests to and from this member use the keys and addresses of this card from now on.
    case learn(Verified<Card>)

    /// Make room on disk; comes back as `.prepared` or `.noRoom`.
    case prepare(Manifest)
    /// Get pieces from a holder, verify and store them; ends in `.fetchEnded`.
    case fetch(FetchID, FileID, pieces: Range<Int>, from: NodeID)
    /// Compute the flat digest of the whole file; comes back as `.completed` or `.damaged`.
    case complete(FileID)
    /// Remove the file's bytes.
    case discard(FileID)

    /// These leases are durable: the doors may spend up to them.
    case extend(ClassTotals)
    /// The period is over: nothing more is spent before the next one begins.
    case endPeriod
    /// A new period, with nothing spent.
    case beginPeriod(Terms, ClassTotals)
    /// The share was changed within a period.
    case amendTerms(Terms)

    /// A change to what the doors may know of nodes and files.
    case route(RoutingChange)
    /// What came of `.wanted`.
    case resolved(FileID, LookUpOutcome)
    /// Something about this file changed that a person may be waiting for.
    case progress(FileID)
    /// The network knows that this node is gone, and its holdings are in other hands, or the time for that was over.
    case left
    /// Something a person may want to read in the log.
    case notice(Notice)
}

/// What a node tells its operator.
public enum Notice: Equatable, Sendable {
    case memberJoined(NodeID, name: String)
    case memberReturned(NodeID, name: String)
    case memberDied(NodeID, name: String)
    case memberLeft(NodeID, name: String)
    /// A member was caught at a lie about a file; told the first time, and each time the number has doubled.
    case memberLied(NodeID, name: String, Misdeed, FileID, times: Int)
    /// A publisher's files, so many bytes, take as much of this disk as one publisher gets, and more were declined;
    /// told once until one of them is taken again.
    case shareTaken(NodeID, name: String, ByteCount)
}
