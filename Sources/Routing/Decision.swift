public import Primitives

/// What a client asks for, as far as it matters to who should serve it.
public struct Query: Equatable, Sendable {
    public var file: FileID
    /// The bytes asked for; nil: all of them. Bytes beyond the file's end count for nothing.
    public var bytes: Range<Int64>?
    /// Where the client is; nil when its address is private or in no table.
    public var client: Place?
    /// What the client came over.
    public var family: AddressFamilies
    /// The nodes this client was sent to for this request, in order, this one last: empty when it came by itself.
    public var tried: [ShortID]
    /// What this node can still promise to clients, from its own account.
    public var ownRemaining: ByteCount

    public init(
        file: FileID, bytes: Range<Int64>? = nil, client: Place?, family: AddressFamilies, tried: [ShortID] = [],
        ownRemaining: ByteCount
    ) {
        self.file = file
        self.bytes = bytes
        self.client = client
        self.family = family
        self.tried = tried
        self.ownRemaining = ownRemaining
    }
}

/// What routing chose for a client, and why: all who might have served it, and all who might not.
public struct Decision: Equatable, Sendable {
    public let choice: Choice
    /// Who might serve the request: the chosen one first, then by falling score.
    public let candidates: [Candidate]
    /// Who may not, in the order the holders are known.
    public let exclusions: [Exclusion]

    public init(choice: Choice, candidates: [Candidate], exclusions: [Exclusion]) {
        self.choice = choice
        self.candidates = candidates
        self.exclusions = exclusions
    }
}

/// What to do with a request.
public enum Choice: Equatable, Sendable {
    /// Serve it from this node's own copy.
    case here
    case redirect(RoutingNode)
    /// This node does not know the file.
    case unknown
    /// The file was offered, and is no more.
    case gone(Absence)
    /// The file is known, and nobody may serve it now.
    case nobody(Shortage)
}

/// Why nobody may serve a known file now.
public enum Shortage: Equatable, Sendable {
    /// A holder has it and would be allowed to, but has spent its allowance: come back when a period ends.
    case exhausted
    /// The only holders are still filling: come back in a moment.
    case filling
    /// The only holders have not shown yet that their URLs are their own.
    case unproven
    /// No holder is alive, reachable for this client, and vouched for.
    case unreachable
}

/// A holder that might serve a request.
public struct Candidate: Equatable, Sendable {
    public let node: RoutingNode
    /// Great-circle distance to the client in kilometres; nil when either place is unknown.
    public let kilometres: Double?
    private let roundTripMilliseconds: Double?
    /// x: the part of what it may serve that is gone, 0 to 1.
    public let spent: Double
    /// What the pace makes of x: 1 − e^(x−1).
    public let weight: Double
    /// v · weight: the more, the better.
    public let score: Double

    init(
        node: RoutingNode, kilometres: Double?, roundTripMilliseconds: Double?, spent: Double, weight: Double,
        score: Double
    ) {
        self.node = node
        self.kilometres = kilometres
        self.roundTripMilliseconds = roundTripMilliseconds
        self.spent = spent
        self.weight = weight
        self.score = score
    }

    /// Predicted from coordinates, or the distance; nil when the client's place is unknown.
    public var roundTrip: Duration? { roundTripMilliseconds.map { .microseconds(Int64($0 * 1000)) } }
}

/// A holder that may not serve a request.
public struct Exclusion: Equatable, Sendable {
    public let node: NodeID
    public let reason: Reason

    public init(node: NodeID, reason: Reason) {
        self.node = node
        self.reason = reason
    }

    public enum Reason: Equatable, Sendable {
        /// It is not in this node's table of members.
        case notMember
        case dead
        /// It does not answer this node's probes, and is asked again until it does.
        case passedOver
        case notVouched
        /// It does not have all the bytes asked for yet.
        case incomplete
        /// It has not shown yet that its URL is its own.
        case unproven
        case cannotAfford(remaining: ByteCount)
        /// The client was sent there before.
        case alreadyTried
        /// It cannot be reached over the client's address family.
        case wrongFamily
        /// The client was redirected as often as a client is.
        case redirectedEnough
    }
}
