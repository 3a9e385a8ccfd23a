public import Primitives

extension Curator {
    /// Something that happened.
    ///
    /// The shell sees to it that every `call` ends in `answered` or `failed`, every `fetch` in `fetchEnded`, every
    /// `prepare` in `prepared` or `noRoom`, every `complete` in `completed` or `damaged`.
    public enum Event: Equatable, Sendable {
        /// Begin; after the members that are known already.
        case start(WallTime, isConfirmed: Bool = true)
        /// `nextDeadline` has come.
        case wake
        /// Nothing is deleted by a clock that is not confirmed, which may be ahead.
        case wallClock(WallTime, isConfirmed: Bool = true)
        /// A member is new, or one of its facts changed; this node's own facts too.
        case member(MemberFacts)
        /// A member is forgotten altogether.
        case memberGone(NodeID)
        /// What this node could still take on: bytes of its share, bytes of its disk.
        case capacity(replication: ByteCount, freeDisk: ByteCount)
        /// Another node asks.
        case request(Verified<CatalogueRequest>, from: NodeID, RequestID)
        case answered(CallID, Verified<CatalogueAnswer>)
        case failed(CallID, CallFailure)
        /// An announcement has waited to be made, and is outdated.
        case tellAnew(CallID)
        /// A file posted here is whole and durable on this disk, its manifest consistent, and not yet in the catalogue.
        case posted(Verified<Manifest>, sha256: Bytes32)
        /// What `sign` asked for.
        case signed(Verified<Announcement>)
        /// What `signWithdrawal` asked for.
        case withdrawalSigned(Verified<Withdrawal>)
        /// The operator takes back what was posted here; nothing happens where nothing was.
        case withdraw(FileID)
        /// The operator wants this neither held nor served here; what was posted here stays.
        case deny(Denial)
        /// The operator has changed its mind.
        case allow(Denial)
        /// This node is about to leave for good: its holdings are to be in other hands by then. Ends in `left`.
        case leave(by: Instant)
        /// A client asks here for a file that routing does not know; answered with `resolved`.
        case wanted(FileID)
        /// There is room for the file.
        case prepared(FileID)
        /// There is no room for the file after all.
        case noRoom(FileID)
        /// Pieces were verified and written.
        case stored(FetchID, Range<Int>)
        case fetchEnded(FetchID, FetchOutcome)
        /// All pieces are durable; the flat digest of the whole.
        case completed(FileID, sha256: Bytes32)
        /// What is on disk is not what it should be.
        case damaged(FileID)
        /// A file that was posted here cannot be read for now, or can again.
        case readable(FileID, Bool)
    }

    /// Something to do, in this order.
    public enum Action: Equatable, Sendable {
        case call(CallID, CatalogueRequest, to: NodeID)
        case answer(RequestID, CatalogueAnswer)
        case sign(Announcement)
        case signWithdrawal(Withdrawal)
        /// Make room for the file on disk.
        case prepare(Manifest)
        /// Fetch these pieces, verify and write each, report them by `stored` as they come.
        case fetch(FetchID, FileID, pieces: Range<Int>, from: NodeID)
        /// Make the file durable and compute its flat digest.
        case complete(FileID)
        /// Delete what there is of the file.
        case discard(FileID)
        /// One transaction; what follows waits until it is durable.
        indirect case persist([HoldingRecord], then: [Action])
        case route(FileRoute)
        /// The file was offered, and is no more: clients that ask for it are told so.
        case routeEnding(FileID, Ending)
        case unroute(FileID)
        /// What came of a `wanted` file.
        case resolved(FileID, LookUpOutcome)
        /// Holders or pieces of a file that is held here changed; for who waits.
        case progress(FileID)
        /// A member was caught, so many times by now; for the operator.
        case caught(NodeID, Misdeed, FileID, times: Int)
        /// A publisher's file was declined since its files, so many bytes, take its share of the disk; for the operator,
        /// once until one of them is agreed to again.
        case shareTaken(NodeID, ByteCount)
        /// All that this node held is in other hands, or the time for that is over; the others know that it holds
        /// nothing.
        case left
    }
}
