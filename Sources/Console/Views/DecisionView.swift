public import Primitives

/// `GET /v1/why?file=&from=`: whom a client at an address would be sent to, and why not to the others.
public struct DecisionView: Codable, Equatable, Sendable {
    public var file: FileID
    public var name: String?
    public var from: String
    /// Where the tables of this node believe the address to be.
    public var place: Place?
    public var choice: Choice
    /// The chosen node; nothing when this node serves, or nobody does.
    public var redirect: NodeName?
    /// Where the client is sent.
    public var location: String?
    /// Why nobody can serve.
    public var shortage: String?
    /// Best first.
    public var candidates: [CandidateView]
    public var exclusions: [ExclusionView]

    public enum Choice: String, Codable, Sendable {
        /// This node serves.
        case here
        case redirect
        /// No such file is known.
        case unknown
        /// The file was offered, and is no more.
        case gone
        /// The file is known, and nobody can serve it.
        case nobody
    }
}

/// A holder that might serve.
public struct CandidateView: Codable, Equatable, Sendable {
    public var node: NodeName
    public var isThisNode: Bool
    public var score: Double
    public var roundTripMilliseconds: Double?
    public var distanceKilometres: Double?
    /// The part of what it may serve that is gone, 0 to 1.
    public var spent: Double
    /// 0 (idle) to 7.
    public var load: Int
    public var remaining: ByteCount?
}

/// A holder that may not serve, and the reason.
public struct ExclusionView: Codable, Equatable, Sendable {
    public var node: NodeName
    public var reason: String
}
