public import Primitives

/// A node's signed statement of what rarely changes about it.
public struct Card: Statement {
    public static let context = "potluck card 1"
    /// The whole card in wire form, certificate and signature included, so that two fit a datagram.
    public static let byteLimit = 512
    public static let nameLimit = 64
    public static let urlLimit = 200
    public static let endpointLimit = 2

    public var nodeID: NodeID
    /// X25519: what the keys for sealed datagrams are derived from.
    public var agreementKey: Bytes32
    /// The founder's key.
    public var network: NodeID
    /// Orders the cards of one node.
    public var version: UInt64
    public var name: String
    /// Where datagrams reach the node: one, or one of each address family.
    public var endpoints: [Endpoint]
    /// `"http://host:port"`, without a slash at the end.
    public var url: String
    public var place: Place?
    /// What the node may send for the network in a period.
    public var share: ByteCount
    /// Absent on the founder's card only.
    public var certificate: Certificate?
    public var signature: Signature

    public init(
        nodeID: NodeID, agreementKey: Bytes32, network: NodeID, version: UInt64, name: String, endpoints: [Endpoint],
        url: String, place: Place?, share: ByteCount, certificate: Certificate?, signature: Signature = .none
    ) {
        self.nodeID = nodeID
        self.agreementKey = agreementKey
        self.network = network
        self.version = version
        self.name = name
        self.endpoints = endpoints
        self.url = url
        self.place = place
        self.share = share
        self.certificate = certificate
        self.signature = signature
    }

    public var signer: Signer { .node(nodeID) }

    /// Throws, in a sentence for the operator, unless this card is one that other nodes accept. To be called before
    /// a card is signed; what comes from the wire has been through it.
    public func checkLimits() throws(WireError) {
        try Self.check(name.utf8.count, limit: Self.nameLimit, "the name of a node")
        try Self.check(url.utf8.count, limit: Self.urlLimit, "the URL of a node")
        try Self.check(endpoints.count, limit: Self.endpointLimit, "the endpoints of a node")
        guard !endpoints.isEmpty else { throw .malformed("a node without an endpoint") }
        guard version < Version.limit else { throw .malformed("a version beyond the year 9999") }
        guard share >= .zero else { throw .malformed("a negative number of bytes") }
        guard Self.isPlain(url) else { throw .malformed("a URL that is not http://host:port") }
        guard certificate.map({ $0.subject == nodeID && $0.network == network }) ?? (nodeID == network) else {
            throw .malformed("a card whose certificate is not for this node and network")
        }
        // Name, URL and endpoints at all their limits together exceed the whole.
        try Self.check(wireBytes.count, limit: Self.byteLimit, "a card (shorten the name or the URL)")
    }

    private static func check(_ count: Int, limit: Int, _ what: String) throws(WireError) {
        guard count <= limit else { throw .tooLong(what: what, count: count, limit: limit) }
    }

    /// Scheme, then an authority of visible ASCII: what is safe to put before a path in a `Location` header.
    private static func isPlain(_ url: String) -> Bool {
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            let authority = url.utf8.dropFirst(scheme.utf8.count)
            let delimiters = Array("/?#@\"<>\\^`{|}".utf8)
            return !authority.isEmpty && authority.allSatisfy { $0 > 32 && $0 < 127 && !delimiters.contains($0) }
        }
        return false
    }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(nodeID)
        writer.write(agreementKey)
        writer.write(network)
        writer.write(version)
        writer.write(name)
        writer.write(UInt8(truncatingIfNeeded: endpoints.count))
        for endpoint in endpoints { writer.write(endpoint) }
        writer.write(url)
        writer.write(optional: place)
        writer.write(share)
        // Subject and network stand above already.
        writer.write(certificate != nil)
        if let certificate {
            writer.write(certificate.issuer)
            writer.write(certificate.issuedAt)
            writer.write(certificate.signature)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        nodeID = try reader.nodeID()
        agreementKey = try reader.bytes32()
        network = try reader.nodeID()
        version = try reader.version()
        name = try reader.text(limit: Self.nameLimit, what: "the name of a node")
        let count = Int(try reader.uint8())
        try Self.check(count, limit: Self.endpointLimit, "the endpoints of a node")
        endpoints = []
        for _ in 0..<count { endpoints.append(try reader.value(Endpoint.self)) }
        url = try reader.text(limit: Self.urlLimit, what: "the URL of a node")
        place = try reader.optional(Place.self)
        share = try reader.byteCount()
        if try reader.bool() {
            certificate = Certificate(
                subject: nodeID, issuer: try reader.nodeID(), network: network, issuedAt: try reader.wallTime(),
                signature: try reader.signature())
        } else {
            certificate = nil
        }
        signature = try reader.signature()
        try checkLimits()
    }
}
