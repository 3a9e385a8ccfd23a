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
    case badSignature
    /// Its nonce was used before.
    case replayed
    /// More requests in a minute than nonces are remembered.
    case tooMany

    /// The HTTP status that answers it.
    public var status: Int {
        switch self {
        case .unsigned, .malformed, .outsideWindow, .badSignature, .replayed: 401
        case .anotherReceiver: 421
        case .stranger: 403
        case .tooMany: 429
        }
    }
}

extension RequestRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsigned: "the request carries no signature of a node"
        case .malformed: "the request's signature is not of the form that nodes use"
        case .anotherReceiver: "the request is signed for another node"
        case .outsideWindow: "the request was signed more than a minute ago or ahead: compare both clocks"
        case .stranger: "the request is signed by a node that is not known to belong to this network"
        case .badSignature: "the request's signature does not hold"
        case .replayed: "the request was made before"
        case .tooMany: "more signed requests came in a minute than this node keeps track of"
        }
    }
}
