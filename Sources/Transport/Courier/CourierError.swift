internal import CCurl
public import Primitives

/// Why a transfer did not end well.
public enum CourierError: Error, Hashable, Sendable {
    /// The URL, a field or the method cannot be sent.
    case badRequest(String)
    case unresolved
    case unreachable
    case timedOut
    /// Fewer bytes flowed than the request demands.
    case stalled
    /// The connection broke, before or within the answer.
    case connectionLost
    /// The answer ended before the length it had announced.
    case truncated
    case answerTooLarge(limit: ByteCount)
    case tooManyRedirects
    /// What came is not HTTP as this node speaks it.
    case notHTTP
    case untrusted(String)
    /// The sink wanted no more.
    case declined
    /// Nothing is left to pay for the rest with.
    case unaffordable
    /// The source of an upload failed, with the system's error number.
    case unreadable(errno: Int32)
    /// The source of an upload ended before the length it was given with.
    case sourceTooShort
    case cancelled
    /// More transfers than the courier carries at once.
    case busy
    case stopped
    case other(String)
}

extension CourierError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badRequest(let what): "the request cannot be sent: \(what)"
        case .unresolved: "the host's name has no address"
        case .unreachable: "nothing listens there"
        case .timedOut: "no answer came in time"
        case .stalled: "the transfer became too slow"
        case .connectionLost: "the connection was lost"
        case .truncated: "the answer ended too early"
        case .answerTooLarge(let limit): "the answer is longer than \(limit)"
        case .tooManyRedirects: "the answer redirects more often than allowed"
        case .notHTTP: "what came is not an HTTP answer"
        case .untrusted(let reason): "the server's certificate is not trusted: \(reason)"
        case .declined: "the transfer was stopped here"
        case .unaffordable: "this node's allowance has nothing left for the transfer"
        case .unreadable(let number): "the file cannot be read (system error \(number))"
        case .sourceTooShort: "the file became shorter while it was read"
        case .cancelled: "the transfer was cancelled"
        case .busy: "too many transfers are under way"
        case .stopped: "this node is stopping"
        case .other(let reason): "the transfer failed: \(reason)"
        }
    }

    /// From libcurl's result and what it wrote into the error buffer.
    init(_ code: CURLcode, detail: String) {
        switch code {
        // libcurl files it under protocols it does not support.
        case CURLE_UNSUPPORTED_PROTOCOL where detail.hasPrefix("Received HTTP/0.9"): self = .notHTTP
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self = .badRequest("the URL is not one of http or https")
        case CURLE_COULDNT_RESOLVE_HOST: self = .unresolved
        case CURLE_COULDNT_CONNECT: self = .unreachable
        // One code for both; only the text tells them apart.
        case CURLE_OPERATION_TIMEDOUT: self = detail.hasPrefix("Operation too slow") ? .stalled : .timedOut
        case CURLE_PARTIAL_FILE: self = .truncated
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: self = .connectionLost
        case CURLE_TOO_MANY_REDIRECTS: self = .tooManyRedirects
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: self = .notHTTP
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            self = .untrusted(detail)
        default: self = .other(detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail)
        }
    }
}
