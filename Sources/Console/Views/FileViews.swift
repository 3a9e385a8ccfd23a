public import Primitives

/// `GET /v1/files`: a list of these, the newest first.
public struct FileView: Codable, Equatable, Sendable {
    public var id: FileID
    public var name: String
    public var mediaType: String
    public var length: ByteCount
    /// The link at this node.
    public var link: String
    public var publisher: NodeID
    /// Nothing when this node does not know the publisher's card.
    public var publisherName: String?
    /// Posted at this node.
    public var isOwn: Bool
    public var copy: CopyView
    /// Complete copies on live nodes beside the publisher's own.
    public var replicas: Int
    public var replicasWanted: Int
    /// Of a file that has no name any more: when it was withdrawn.
    public var postedAt: WallTime
    public var expires: WallTime?
    public var standing: Standing

    /// Whether it is offered, and if not, why. Of a file that was withdrawn here often only this is known, and when: it
    /// has no name or length then.
    public enum Standing: String, Codable, Sendable {
        case offered, withdrawn, expired, denied
    }
}

/// What of a file is here.
public enum CopyView: Codable, Equatable, Sendable {
    case none
    case filling(pieces: Int, of: Int)
    case complete

    private enum Key: CodingKey {
        case state, pieces, pieceCount
    }

    private enum State: String, Codable {
        case none, filling, complete
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(State.self, forKey: .state) {
        case .none: self = .none
        case .filling:
            self = .filling(
                pieces: try container.decode(Int.self, forKey: .pieces),
                of: try container.decode(Int.self, forKey: .pieceCount))
        case .complete: self = .complete
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .none: try container.encode(State.none, forKey: .state)
        case .filling(let pieces, let count):
            try container.encode(State.filling, forKey: .state)
            try container.encode(pieces, forKey: .pieces)
            try container.encode(count, forKey: .pieceCount)
        case .complete: try container.encode(State.complete, forKey: .state)
        }
    }
}

/// `GET /v1/files/<FileID>`: one file, closely.
public struct FileDetailView: Codable, Equatable, Sendable {
    public var file: FileView
    public var pieceSize: ByteCount
    public var pieceCount: Int
    /// The flat SHA-256 in hexadecimal, once it was verified here.
    public var sha256: String?
    /// The publisher first.
    public var holders: [HolderView]
    /// The members that keep it replicated.
    public var trackers: [NodeName]
}

/// A node that has some or all of a file.
public struct HolderView: Codable, Equatable, Sendable {
    public var node: NodeName
    public var isComplete: Bool
    public var isAlive: Bool
    public var isPublisher: Bool
    public var isThisNode: Bool
    public var place: Place?
    public var remaining: ByteCount?
}

/// Who a node is, and what it is called where that is known.
public struct NodeName: Codable, Equatable, Sendable {
    public var id: NodeID
    public var name: String?

    public init(id: NodeID, name: String? = nil) {
        self.id = id
        self.name = name
    }
}

/// `GET /v1/estimate?length=&replicas=`: what posting a file would cost.
public struct EstimateView: Codable, Equatable, Sendable {
    public var length: ByteCount
    public var replicas: Int
    /// Members beside this node that are alive: no more replicas can be made than there are.
    public var otherMembers: Int
    /// All copies together, sent by whoever sends them.
    public var copies: ByteCount
    /// What this node may send in all in this period, for its operator to compare.
    public var share: ByteCount
    /// What this node may still send to holders in this period.
    public var remainingForReplication: ByteCount
    public var periodEnds: WallTime
    public var freeDisk: ByteCount

    /// Holders pass pieces on among themselves, so that about one copy leaves here.
    public var sentFromHere: ByteCount { replicas == 0 ? .zero : length }
    public var fitsDisk: Bool { length <= freeDisk }
    public var fitsPeriod: Bool { sentFromHere <= remainingForReplication }
}

/// `POST /v1/posts`: a file that was taken in.
public struct PostedView: Codable, Equatable, Sendable {
    public var id: FileID
    public var link: String
    public var name: String
    public var length: ByteCount
    public var sha256: String
    public var replicasWanted: Int
}
