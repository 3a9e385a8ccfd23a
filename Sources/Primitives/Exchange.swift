/// Names a question this node asked another, until it is answered or has failed.
public struct CallID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }
}

/// Names a question another node asked this one, until it is answered.
public struct RequestID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }
}

/// Why a question to another node has no answer.
public enum CallFailure: Error, Hashable, Sendable {
    /// It was not asked: this node has no allowance for it now, or too much under way.
    case untried
    case unreachable
    case timedOut
    /// The HTTP status it was refused with.
    case refused(status: Int)
    /// Something came back that does not read as an answer, or whose signatures do not hold.
    case malformed
}
