/// What the commands and the daemon agree on before anything else.
public enum API {
    /// Raised whenever a view changes so that an older command would misread it.
    public static let version = 1
    /// The name of the daemon's socket in its data directory.
    public static let socketName = "node.sock"
    /// The longest path of a Unix socket on Linux, without the closing zero (`sun_path`, 108 bytes).
    public static let socketPathLimit = 107
    /// The longest body of a question, posts excepted.
    public static let questionLimit = 64 << 10

    /// The paths that the daemon answers, all below `/v1`.
    public enum Path {
        public static let status = "/v1/status"
        public static let peers = "/v1/peers"
        public static let allowance = "/v1/allowance"
        public static let files = "/v1/files"
        public static let estimate = "/v1/estimate"
        public static let posts = "/v1/posts"
        public static let invites = "/v1/invites"
        public static let network = "/v1/network"
        public static let why = "/v1/why"
        public static let withdrawals = "/v1/withdrawals"
        public static let denials = "/v1/denials"
        public static let leave = "/v1/leave"
    }

    /// Where the daemon of a data directory listens.
    ///
    /// - Throws: `OperatorError` when the path is longer than a socket's may be.
    public static func socketPath(dataDirectory: String) throws(OperatorError) -> String {
        let path = dataDirectory.hasSuffix("/") ? dataDirectory + socketName : dataDirectory + "/" + socketName
        guard path.utf8.count <= socketPathLimit else {
            throw OperatorError(
                .unusable,
                "The path of the data directory is too long for a socket (\(path.utf8.count) bytes with "
                    + "/\(socketName), \(socketPathLimit) are allowed); choose a shorter one with --data.")
        }
        return path
    }
}

/// Every answer of the daemon: its version first, so that a command can tell before it reads on, then the value asked
/// for, or a sentence.
public struct Answer<Value: Codable & Sendable>: Codable, Sendable {
    public var api: Int
    /// The daemon's version of Potluck.
    public var software: String
    public var value: Value?
    public var error: String?

    public init(_ value: Value) {
        api = API.version
        software = Software.version
        self.value = value
    }
}

/// What an answer that holds no value looks like, and the part of every answer that all versions share.
public struct EmptyAnswer: Codable, Sendable {
    public var api: Int
    /// For people; the first daemons did not say it.
    public var software: String?
    public var error: String?

    public init(error: String? = nil) {
        api = API.version
        software = Software.version
        self.error = error
    }
}
