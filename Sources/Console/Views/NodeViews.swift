public import Primitives

/// `GET /v1/status`: this node in one look.
public struct StatusView: Codable, Equatable, Sendable {
    public var id: NodeID
    public var name: String
    public var url: String
    public var listen: String
    public var dataDirectory: String
    public var software: String
    public var place: Place?
    /// The founder's identity, which is the network's.
    public var network: NodeID
    public var isFounder: Bool
    public var isOpen: Bool
    public var startedAt: WallTime
    public var members: MemberCounts
    public var files: FileCounts
    /// Bytes of complete files here; what is still coming in is not counted.
    public var stored: ByteCount
    public var freeDisk: ByteCount
    public var share: ByteCount
    /// Of the share, by what was sent in this period or is promised to responses under way.
    public var used: ByteCount
    /// What may still be served in this period.
    public var remaining: ByteCount
    public var periodEnds: WallTime
    /// What is wrong at the moment, in the order it began.
    public var troubles: [Trouble]
    public var door: DoorView
    public var datagrams: DatagramsView
    /// Members that were caught lying since the node was started, whom that happened to last first; of very many those.
    public var liars: [LiarView]
}

/// A member that was caught lying about files.
public struct LiarView: Codable, Equatable, Sendable {
    public var node: NodeName
    public var misdeeds: MisdeedsView
}

/// How often a member was caught at what, since this node was started. Each is proven by the file's own hashes.
public struct MisdeedsView: Codable, Equatable, Sendable {
    /// Pieces that it sent and that are not the file's.
    public var wrongPieces: Int
    /// Postings with a digest, or a length, that the content does not have.
    public var falseDigests: Int
    public var falseLengths: Int
    public var lastAt: WallTime

    public init(wrongPieces: Int = 0, falseDigests: Int = 0, falseLengths: Int = 0, lastAt: WallTime) {
        self.wrongPieces = wrongPieces
        self.falseDigests = falseDigests
        self.falseLengths = falseLengths
        self.lastAt = lastAt
    }
}

/// What came over the sockets, since the node was started, and what else members were not believed.
public struct DatagramsView: Codable, Equatable, Sendable {
    public var sent: Int
    public var received: Int
    /// How often one went no further, by reason.
    public var dropped: [String: Int]
    /// Statements about members and files, in datagrams and requests, whose signatures do not hold or are by nobody
    /// known.
    public var disbelieved: Int

    public init(sent: Int = 0, received: Int = 0, dropped: [String: Int] = [:], disbelieved: Int = 0) {
        self.sent = sent
        self.received = received
        self.dropped = dropped
        self.disbelieved = disbelieved
    }

    /// Received and dropped, such as an honest network brings few of: forged, altered, or sent again.
    public var doubted: Int {
        ["undecryptable", "replayed", "stale"].reduce(0) { $0 &+ (dropped[$1] ?? 0) }
    }

    /// More of them than restarts and bad lines explain.
    public var isAttacked: Bool { doubted > 100 && doubted > received / 100 }
}

/// The public door, since the node was started.
public struct DoorView: Codable, Equatable, Sendable {
    /// Open now.
    public var connections: Int
    /// Of these, such on which a member has asked something.
    public var memberConnections: Int
    public var responses: Int
    /// How often something was turned away, by reason.
    public var refused: [String: Int]

    public init(
        connections: Int = 0, memberConnections: Int = 0, responses: Int = 0, refused: [String: Int] = [:]
    ) {
        self.connections = connections
        self.memberConnections = memberConnections
        self.responses = responses
        self.refused = refused
    }
}

/// The other members, by condition.
public struct MemberCounts: Codable, Equatable, Sendable {
    public var alive = 0
    public var suspect = 0
    public var dead = 0
    public var left = 0
}

/// The files that are known here, by what of them is here.
public struct FileCounts: Codable, Equatable, Sendable {
    /// Posted here.
    public var own = 0
    /// Held for others.
    public var held = 0
    /// On their way.
    public var filling = 0
    /// Known, not held.
    public var known = 0
}

/// `GET /v1/peers`: a list of these, this node first, the others by name.
public struct PeerView: Codable, Equatable, Sendable {
    public var id: NodeID
    public var name: String
    public var url: String
    public var place: Place?
    public var condition: Condition
    public var isThisNode: Bool
    public var isFounder: Bool
    public var share: ByteCount
    /// As last told, rounded down to a quarter power of two; nothing while no status is known.
    public var remaining: ByteCount?
    public var freeDisk: ByteCount?
    /// 0 (idle) to 7.
    public var load: Int?
    public var roundTripMilliseconds: Double?
    /// What it was caught at, if anything.
    public var misdeeds: MisdeedsView?

    public enum Condition: String, Codable, Sendable, CaseIterable {
        case alive, suspect, dead, left
    }
}

/// `GET /v1/allowance`: the account of this period.
public struct AllowanceView: Codable, Equatable, Sendable {
    public var allowance: ByteCount
    public var share: ByteCount
    public var periodStarts: WallTime
    public var periodEnds: WallTime
    public var now: WallTime
    public var spent: ByteCount
    /// Promised to responses under way.
    public var reserved: ByteCount
    /// What may still be served.
    public var remaining: ByteCount
    public var classes: [TrafficView]
}

/// One class of traffic in the account.
public struct TrafficView: Codable, Equatable, Sendable {
    /// `serving`, `replication`, `overlay` or `answers`.
    public var name: String
    public var spent: ByteCount
    public var reserved: ByteCount
    /// Written ahead to disk: what counts as spent after a crash.
    public var leased: ByteCount
    /// Set aside for this class, whatever the others do.
    public var guaranteed: ByteCount
    /// The most that this class may take.
    public var ceiling: ByteCount
}

/// `POST /v1/invites`.
public struct InviteView: Codable, Equatable, Sendable {
    /// What others join with. A secret.
    public var invite: String
    public var uses: Int
    public var expires: WallTime
}

/// `POST /v1/network`: how joining went.
public struct JoinView: Codable, Equatable, Sendable {
    public var network: NodeID
    public var peer: NodeID
    public var peerName: String
    /// This node included.
    public var memberCount: Int
    public var wasMember: Bool
    /// What the operator may want to set, where this node was not seen at the address that it names.
    public var advice: String?
}

/// The body of `POST /v1/network`.
public struct JoinQuestion: Codable, Equatable, Sendable {
    /// An address, a URL or an invite.
    public var peer: String

    public init(peer: String) {
        self.peer = peer
    }
}

/// The body of `POST /v1/invites`.
public struct InviteQuestion: Codable, Equatable, Sendable {
    public var uses: Int
    public var lifetimeSeconds: Int

    /// A month; an invite that lives longer is a password on the loose.
    public static let longestLifetimeSeconds = 31 * 86_400
    /// As many as a network has members at most.
    public static let mostUses = 10_000

    public init(uses: Int, lifetimeSeconds: Int) {
        self.uses = uses
        self.lifetimeSeconds = lifetimeSeconds
    }
}
