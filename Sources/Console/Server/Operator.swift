public import Allowance
public import Catalogue
public import Overlay
public import Primitives
public import Routing

/// What the operator may ask of a running node. The Runtime implements it; Console puts it behind a socket.
///
/// What it cannot do it refuses with an `OperatorError`, whose sentence is printed to a person as it is.
public protocol Operator: Sendable {
    func about() async -> NodeFacts
    /// A copy of the machine to read from.
    func snapshot() async -> Overlay
    func usage() -> Usage
    /// Takes in a file as its bytes come; back-pressure is the pace of iteration.
    func post(
        _ request: PostRequest, body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws -> Verified<Manifest>
    /// A string that others join with, redeemable so many times within a lifetime.
    func invite(uses: Int, lifetime: Duration) async throws -> String
    /// Joins the network of a peer, named by address, URL or invite.
    func join(_ peer: String) async throws -> JoinResult
    /// Takes back a file that was posted here; returns once that is durable.
    func withdraw(_ file: FileID) async throws
    /// Neither holds nor serves this any more, or does again; returns once that is durable.
    func deny(_ denial: Denial, isUndone: Bool) async throws
    /// Hands holdings over for so long, says good-bye, and ends the node. Returns how far the handing over came.
    func leave(within: Duration) async throws -> Handover
    /// Whom a client at an address would be sent to, without sending anybody.
    func why(_ file: FileID, from: IPAddress) async throws -> Decision
    /// Where this node's tables believe an address to be.
    func place(of address: IPAddress) async -> Place?
}

/// What a running node says about itself, beside what its machine knows.
public struct NodeFacts: Equatable, Sendable {
    public var id: NodeID
    public var name: String
    /// Where others reach it: `http://host:port`, without a slash at the end.
    public var url: String
    /// The address it listens on.
    public var listen: String
    public var dataDirectory: String
    /// The version of Potluck.
    public var software: String
    public var place: Place?
    /// The founder's.
    public var network: NodeID
    /// Whether strangers may join without an invite.
    public var isOpen: Bool
    /// Copies wanted beside this node's own, where a post says nothing else.
    public var replicas: Int
    /// Whom files can be posted for, by the names that `node.yaml` gives.
    public var lists: [String: [NodeID]]
    /// What may still be stored here.
    public var freeDisk: ByteCount
    /// All it may send in a period, the operator's own part included.
    public var allowance: ByteCount
    /// The part of the allowance set aside for the network.
    public var share: ByteCount
    public var period: Period
    public var startedAt: WallTime
    /// The wall clock and the monotonic one, read together, so that the machine's instants can be told as ages.
    public var wallClock: WallTime
    public var now: Instant
    /// What is wrong at the moment, in the order it began.
    public var troubles: [Trouble]
    /// What the public door has seen since the start.
    public var door: DoorView
    /// The same of the sockets.
    public var datagrams: DatagramsView

    public init(
        id: NodeID, name: String, url: String, listen: String, dataDirectory: String, software: String, place: Place?,
        network: NodeID, isOpen: Bool, replicas: Int, lists: [String: [NodeID]] = [:], freeDisk: ByteCount,
        allowance: ByteCount, share: ByteCount, period: Period, startedAt: WallTime, wallClock: WallTime, now: Instant,
        troubles: [Trouble], door: DoorView = DoorView(), datagrams: DatagramsView = DatagramsView()
    ) {
        self.id = id
        self.name = name
        self.url = url
        self.listen = listen
        self.dataDirectory = dataDirectory
        self.software = software
        self.place = place
        self.network = network
        self.isOpen = isOpen
        self.replicas = replicas
        self.lists = lists
        self.freeDisk = freeDisk
        self.allowance = allowance
        self.share = share
        self.period = period
        self.startedAt = startedAt
        self.wallClock = wallClock
        self.now = now
        self.troubles = troubles
        self.door = door
        self.datagrams = datagrams
    }
}

/// What is said about a file when it is posted.
public struct PostRequest: Equatable, Sendable {
    /// Safe as the last part of a link: not empty, no slash, no control characters, at most 255 bytes.
    public var name: String
    public var mediaType: String
    /// How many bytes will come; a body of any other length is refused.
    public var length: ByteCount
    /// Nothing: as configured.
    public var replicas: Int?
    /// Nothing: every member may hold it.
    public var audience: Audience
    /// Nothing: until it is withdrawn.
    public var expires: WallTime?

    /// The most copies that can be asked for.
    public static let replicasLimit = 255
    /// The last millisecond of the year 9999, the latest that a posting can say.
    public static let latestExpiry = 253_402_300_799_999

    public init(
        name: String, mediaType: String, length: ByteCount, replicas: Int? = nil, audience: Audience = .network,
        expires: WallTime? = nil
    ) {
        self.name = name
        self.mediaType = mediaType
        self.length = length
        self.replicas = replicas
        self.audience = audience
        self.expires = expires
    }
}

/// How joining a network went.
public struct JoinResult: Equatable, Sendable {
    /// The founder's.
    public var network: NodeID
    /// The member that let this node in.
    public var peer: NodeID
    public var peerName: String
    /// How many members there are, this node included.
    public var memberCount: Int
    /// This node was a member before: nothing changed.
    public var wasMember: Bool
    /// One sentence, where this node was not seen at the address that it names.
    public var advice: String?

    public init(
        network: NodeID, peer: NodeID, peerName: String, memberCount: Int, wasMember: Bool, advice: String? = nil
    ) {
        self.network = network
        self.peer = peer
        self.peerName = peerName
        self.memberCount = memberCount
        self.wasMember = wasMember
        self.advice = advice
    }
}

/// Why something the operator asked for was not done: one sentence that says what to do.
public struct OperatorError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// What was asked for makes no sense.
        case unusable
        /// There is no such thing.
        case unknown
        /// There was such a thing, and is no more.
        case gone
        /// It contradicts what is.
        case conflict
        /// Longer than announced, or than is allowed.
        case tooLarge
        /// The disk has no room.
        case noRoom
        /// It failed on this node's side, or at a peer.
        case failed
    }

    public var kind: Kind
    public var sentence: String

    public init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        self.sentence = sentence
    }

    public var description: String { sentence }
}
