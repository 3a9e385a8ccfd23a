public import Membership
public import Primitives

/// "I am reached at this URL": what a node signs when it is asked there, over a number that nobody else could know. Who
/// holds one knows that clients sent to that URL meet this node, and not somebody it wishes ill.
public struct AddressProof: Statement {
    public static let context = "potluck address proof 1"
    /// As long as that of a card.
    public static let urlLimit = 200

    public var node: NodeID
    /// What the asker drew for this one question.
    public var nonce: Bytes32
    /// Where the node says that it is reached: as on its card.
    public var url: String
    public var signature: Signature

    public init(node: NodeID, nonce: Bytes32, url: String, signature: Signature = .none) {
        self.node = node
        self.nonce = nonce
        self.url = url
        self.signature = signature
    }

    public var signer: Signer { .node(node) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(node)
        writer.write(nonce)
        writer.write(url)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            node: try reader.nodeID(), nonce: try reader.bytes32(),
            url: try reader.text(limit: Self.urlLimit, what: "the URL of a node"), signature: try reader.signature())
    }
}

/// What came of calling a node back at the addresses on its card.
public struct Reached: Hashable, Sendable {
    public enum Outcome: UInt8, CaseIterable, Hashable, Sendable {
        /// The node itself answered.
        case answered = 0
        /// Nobody did, or nobody that could be heard.
        case silent = 1
        /// Somebody else did.
        case someoneElse = 2
        /// It was not tried: the address is of a kind that the caller has no way to, or the caller has no allowance
        /// now.
        case untried = 3
        /// Somebody did, who has no time for questions now: whoever that is.
        case busy = 4
    }

    public struct Door: Hashable, Sendable {
        public var endpoint: Endpoint
        public var outcome: Outcome

        public init(_ endpoint: Endpoint, _ outcome: Outcome) {
            self.endpoint = endpoint
            self.outcome = outcome
        }
    }

    /// Over HTTP.
    public var url: Outcome
    /// By datagram, each endpoint of the card.
    public var endpoints: [Door]
    /// A card of the called node that is newer than the one it sent: somebody else speaks with its key, or it has lost
    /// its memory. Nothing was called then.
    public var newer: Card?

    /// As many as a card names.
    public static let endpointLimit = 2

    public init(url: Outcome, endpoints: [Door], newer: Card? = nil) {
        self.url = url
        self.endpoints = endpoints
        self.newer = newer
    }
}

extension Reached: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(url.rawValue)
        writer.write(list: endpoints)
        writer.write(optional: newer)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        url = try reader.outcome()
        endpoints = try reader.list(limit: Self.endpointLimit, what: "the endpoints of a node")
        newer = try reader.optional()
    }
}

extension Reached.Door: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(endpoint)
        writer.write(outcome.rawValue)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(try reader.value(), try reader.outcome())
    }
}

extension WireReader {
    fileprivate mutating func outcome() throws(WireError) -> Reached.Outcome {
        guard let outcome = Reached.Outcome(rawValue: try uint8()) else {
            throw .malformed("an outcome of an unknown kind")
        }
        return outcome
    }
}
