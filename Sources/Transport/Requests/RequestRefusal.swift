/// Why a request is not taken as some node's.
public enum RequestRefusal: Error, Hashable, Sendable {
    /// No signature of ours, or more than one.
    case unsigned
    /// A signature in a form that nodes do not write.
    case malformed
    case anotherReceiver
    /// Made more than a minute before or after this node's present.
    case outsideWindow
    /// By a node that is not known to belong to this network.
    case stranger
    /// By the very node that got it.
    case itself
    case badSignature
    /// It does not name the receiver's present run: it may have been made before that, and used then.
    case anotherRun
    /// Its nonce was used before.
    case replayed
    /// More requests in a minute than nonces are remembered.
    case tooMany(pause: Duration)
    /// Others from the same prefix carried too many signatures that do not hold: this one is not looked at.
    case tooManyBad(pause: Duration)

    /// The HTTP status that answers it.
    public var status: Int {
        switch self {
        case .unsigned, .malformed, .outsideWindow, .badSignature, .anotherRun, .replayed: 401
        case .anotherReceiver: 421
        case .stranger, .itself: 403
        case .tooMany, .tooManyBad: 429
        }
    }

    /// After which another request is looked at; nothing where waiting does not help.
    public var pause: Duration? {
        switch self {
        case .tooMany(let pause), .tooManyBad(let pause): pause
        case .unsigned, .malformed, .anotherReceiver, .outsideWindow, .stranger, .itself, .badSignature, .anotherRun,
            .replayed:
            nil
        }
    }
}

extension RequestRefusal: CustomStringConvertible {
    /// One sentence that says what to do: the body of the answer.
    public var description: String {
        switch self {
        case .unsigned: "The request carries no signature of a node; sign it as nodes do."
        case .malformed:
            "The request's signature is not of the form that nodes use; update the older of the two nodes."
        case .anotherReceiver: "The request is signed for another node than this one; check whom the address leads to."
        case .outsideWindow:
            "The request was signed more than a minute ago or ahead; set the clocks of both nodes right."
        case .stranger:
            "The request is signed by a node that is not known to belong to this network; introduce it, or join first."
        case .itself: "The request is signed by the node that got it; ask another one."
        case .badSignature: "The request's signature does not hold; sign what is sent."
        case .anotherRun: "The request does not name the present run of this node; sign it anew, with Potluck-Run."
        case .replayed: "The request was made before; sign each one anew."
        case .tooMany: "More signed requests came in a minute than this node keeps track of; ask again in a minute."
        case .tooManyBad: "Too many signatures from your network do not hold; ask again in a minute."
        }
    }
}
