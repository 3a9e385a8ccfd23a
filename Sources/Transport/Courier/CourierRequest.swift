public import Primitives

/// A request for the courier to carry.
public struct CourierRequest: Sendable {
    public var method: String
    public var url: String
    public var fields: [HeaderField]
    /// Sent with its length; nothing means a request without a body.
    public var body: [UInt8]?
    /// Asks for these bytes only.
    public var range: Range<Int64>?
    /// Instead of the host and port of the URL: the path of a Unix socket.
    public var unixSocket: String?
    /// Connects to no address of one's own house (`IPAddress.isPrivate`), whatever a name resolves to.
    public var refusesPrivate = false
    /// Redirects to follow before giving up: none, unless asked. Never for signed requests.
    public var redirects = 0
    /// The longest answer body kept in memory; a longer one is an error.
    public var answerLimit = ByteCount.mebibytes(1)
    public var connectLimit: Duration = .seconds(5)
    /// For everything, queueing and name resolution included; nothing means as long as bytes flow.
    public var timeLimit: Duration?
    /// Gives up when fewer bytes than this flow; nothing means never.
    public var slowest: Pace?
    /// Who pays for what the exchange costs on the wire; nothing means nobody.
    var toll: Toll?

    /// So many bytes in each second, on average over a time.
    public struct Pace: Hashable, Sendable {
        public var bytesPerSecond: ByteCount
        public var over: Duration

        public init(bytesPerSecond: ByteCount, over: Duration) {
            self.bytesPerSecond = bytesPerSecond
            self.over = over
        }
    }

    public init(_ method: String, _ url: String, fields: [HeaderField] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// The status and fields of an answer: of the last one, where redirects were followed.
public struct AnswerHead: Hashable, Sendable {
    public var status: Int
    public var fields: [HeaderField]

    public init(status: Int, fields: [HeaderField]) {
        self.status = status
        self.fields = fields
    }
}

/// What came back.
public struct CourierAnswer: Hashable, Sendable {
    public let head: AnswerHead
    /// Empty where a sink took it.
    public let body: [UInt8]
    /// Where it came from: differs from the request's where redirects were followed.
    public let url: String

    public var status: Int { head.status }
}

/// A body read from an open descriptor while it is sent: a file, a pipe, standard input. The descriptor stays the
/// caller's, who keeps it open until the upload has ended.
public struct UploadSource: Sendable {
    public let descriptor: Int32
    /// Nothing when it is not known before the end; the body then goes in chunks.
    public let length: ByteCount?

    public init(descriptor: Int32, length: ByteCount?) {
        self.descriptor = descriptor
        self.length = length
    }
}
