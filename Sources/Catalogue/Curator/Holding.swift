public import Primitives

/// What this node has of a file, as it stands on disk.
public struct Holding: Equatable, Sendable {
    public let manifest: Verified<Manifest>
    /// The pieces that were verified and are durable.
    public var pieces: Bitfield
    /// The flat digest, once it was computed here over the whole file.
    public var sha256: Bytes32?
    /// Posted here.
    public let isOwn: Bool

    public init(manifest: Verified<Manifest>, pieces: Bitfield, sha256: Bytes32?, isOwn: Bool) {
        self.manifest = manifest
        self.pieces = pieces
        self.sha256 = sha256
        self.isOwn = isOwn
    }

    public var file: FileID { manifest.value.file }
    /// All pieces are here and were checked as a whole.
    public var isComplete: Bool { pieces.isFull && sha256 != nil }
}

/// A change of what the catalogue keeps on disk, to be written in one transaction with those beside it.
public enum HoldingRecord: Equatable, Sendable {
    /// A new holding, or another posting for one that is there already.
    case holding(Holding)
    case pieces(FileID, Bitfield)
    case complete(FileID, sha256: Bytes32)
    case removed(FileID)
    /// Replaces an earlier one of the same file and publisher.
    case withdrawal(RememberedWithdrawal)
    case withdrawalForgotten(FileID, NodeID)
    /// Still to be signed and remembered; replaces an earlier one of the same file.
    case withdrawalOwed(Withdrawal)
    /// It was, or need not be any more.
    case withdrawalSettled(FileID)
    case denial(Denial)
    case denialLifted(Denial)
}

/// How fetching a run of pieces ended.
public enum FetchOutcome: Equatable, Sendable {
    case finished
    /// The source does not serve this now: 404, 429, 503.
    case unavailable
    /// The connection failed, or was too slow.
    case failed
    /// The source sent a piece that does not match the manifest.
    case corrupt(piece: Int)
    /// This node could not write it.
    case unwritable
}

/// What routing may know of a file now.
public struct FileRoute: Equatable, Sendable {
    public struct Holder: Equatable, Sendable {
        public let id: NodeID
        public let isComplete: Bool

        public init(id: NodeID, isComplete: Bool) {
            self.id = id
            self.isComplete = isComplete
        }
    }

    /// What is here.
    public enum OwnCopy: Equatable, Sendable {
        case none
        case filling(Bitfield)
        case complete
    }

    public let posting: Posting
    /// Whom any of the file's publishers lets serve it.
    public let audience: Audience
    /// The other nodes that hold it or some of it, the publisher first, then in ascending order; the dead included,
    /// since routing knows better who is alive.
    public let holders: [Holder]
    public let own: OwnCopy
    /// The flat digest, if it was verified here.
    public let sha256: Bytes32?

    /// - Parameter audience: the posting's own, unless there are other publishers.
    public init(
        posting: Posting, audience: Audience? = nil, holders: [Holder], own: OwnCopy, sha256: Bytes32?
    ) {
        self.posting = posting
        self.audience = audience ?? posting.audience
        self.holders = holders
        self.own = own
        self.sha256 = sha256
    }
}
