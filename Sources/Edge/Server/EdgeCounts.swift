/// What the public door has seen.
public struct EdgeCounts: Equatable, Sendable {
    /// What is turned away, and why.
    public enum Reason: String, CaseIterable, Sendable {
        /// No place for another connection, and nobody idle who could make one.
        case connections
        /// A prefix has as many connections as one may, all of them busy.
        case connectionsOfPrefix
        /// An idle connection that made place for another.
        case displaced
        /// A stranger on one of the members' places.
        case strangers
        /// A head that is no HTTP/1.1, or an address that means two things.
        case malformed
        /// A head or a body beyond what is taken.
        case oversized
        /// A peer's request whose signature is not its signer's, or for somebody else, or of another time, or used
        /// before.
        case signature
        /// A method that does nothing here.
        case method
        /// A request that did not come whole in time.
        case late
        /// A response that its client took too slowly.
        case slow
        /// A prefix has as many requests under way as one may.
        case requestsOfPrefix
        /// A prefix was served its share of the day.
        case portion
        /// Too many files are being looked for.
        case lookUps
        /// A connection that could not be taken for want of descriptors or memory.
        case descriptors

        init?(_ status: Status) {
            switch status {
            case .badRequest, .lengthRequired, .expectationFailed, .versionNotSupported: self = .malformed
            case .contentTooLarge, .uriTooLong, .headTooLarge: self = .oversized
            case .methodNotAllowed, .notImplemented: self = .method
            case .requestTimeout: self = .late
            case .unauthorized, .forbidden, .misdirected: self = .signature
            case .continue, .ok, .noContent, .partialContent, .found, .notModified,
                .notFound, .conflict, .gone, .preconditionFailed, .rangeNotSatisfiable,
                .tooManyRequests, .internalError, .unavailable:
                return nil
            }
        }
    }

    /// Open now.
    public var connections = 0
    /// Of these, such on which a member has signed a request.
    public var memberConnections = 0
    public var responses = 0
    private var refused = [Int](repeating: 0, count: Reason.allCases.count)

    /// How often that was the reason to turn something away.
    public subscript(reason: Reason) -> Int {
        get { refused[Self.index(of: reason)] }
        set { refused[Self.index(of: reason)] = newValue }
    }

    private static func index(of reason: Reason) -> Int {
        Reason.allCases.firstIndex(of: reason) ?? 0
    }
}
