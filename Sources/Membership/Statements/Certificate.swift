public import Primitives

/// A member's statement that another node belongs to the network. The issuers' certificates lead to the founder, who
/// needs none: checking that chain is for who verifies.
public struct Certificate: Statement {
    public static let context = "potluck certificate 1"

    public var subject: NodeID
    public var issuer: NodeID
    /// The founder's key, by which the network is known.
    public var network: NodeID
    public var issuedAt: WallTime
    public var signature: Signature

    public init(
        subject: NodeID, issuer: NodeID, network: NodeID, issuedAt: WallTime, signature: Signature = .none
    ) {
        self.subject = subject
        self.issuer = issuer
        self.network = network
        self.issuedAt = issuedAt
        self.signature = signature
    }

    public var signer: Signer { .node(issuer) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(subject)
        writer.write(issuer)
        writer.write(network)
        writer.write(issuedAt)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            subject: try reader.nodeID(), issuer: try reader.nodeID(), network: try reader.nodeID(),
            issuedAt: try reader.wallTime(), signature: try reader.signature())
    }
}
