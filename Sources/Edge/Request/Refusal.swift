/// Why a request is not served: a status, and a sentence for who reads the body.
public struct Refusal: Error, Hashable, Sendable {
    public let status: Status
    public let sentence: String
    /// After which the same may be served; nothing where waiting does not help.
    public let pause: Duration?

    public init(_ status: Status, _ sentence: String, pause: Duration? = nil) {
        self.status = status
        self.sentence = sentence
        self.pause = pause
    }
}

/// The statuses this server answers with (RFC 9110, section 15; RFC 6585).
public enum Status: Int, Hashable, Sendable {
    case `continue` = 100
    case ok = 200
    case noContent = 204
    case partialContent = 206
    case found = 302
    case notModified = 304
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case requestTimeout = 408
    case conflict = 409
    case gone = 410
    case lengthRequired = 411
    case preconditionFailed = 412
    case contentTooLarge = 413
    case uriTooLong = 414
    case rangeNotSatisfiable = 416
    case expectationFailed = 417
    case misdirected = 421
    case tooManyRequests = 429
    case headTooLarge = 431
    case internalError = 500
    case notImplemented = 501
    case unavailable = 503
    case versionNotSupported = 505

    /// The reason phrase: for people who read traffic, no program does.
    public var phrase: StaticString {
        switch self {
        case .continue: "Continue"
        case .ok: "OK"
        case .noContent: "No Content"
        case .partialContent: "Partial Content"
        case .found: "Found"
        case .notModified: "Not Modified"
        case .badRequest: "Bad Request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .requestTimeout: "Request Timeout"
        case .conflict: "Conflict"
        case .gone: "Gone"
        case .lengthRequired: "Length Required"
        case .preconditionFailed: "Precondition Failed"
        case .contentTooLarge: "Content Too Large"
        case .uriTooLong: "URI Too Long"
        case .rangeNotSatisfiable: "Range Not Satisfiable"
        case .expectationFailed: "Expectation Failed"
        case .misdirected: "Misdirected Request"
        case .tooManyRequests: "Too Many Requests"
        case .headTooLarge: "Request Header Fields Too Large"
        case .internalError: "Internal Server Error"
        case .notImplemented: "Not Implemented"
        case .unavailable: "Service Unavailable"
        case .versionNotSupported: "HTTP Version Not Supported"
        }
    }
}
