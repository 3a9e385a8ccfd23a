/// Something a node says and signs, so that it can be passed on by others: cards, statuses, postings, …
///
/// What is signed is the context, then the body in wire form: a signature for one kind never passes for another.
public protocol Statement: WireCodable, Hashable, Sendable {
    /// Sets this kind of statement apart from all others, with its version: `"potluck card 1"`.
    static var context: String { get }
    var signer: Signer { get }
    var signature: Signature { get set }
    /// All that is signed, without the signature.
    func encodeBody(into writer: inout WireWriter)
}

/// Whose key a statement is checked with.
public enum Signer: Hashable, Sendable {
    /// The key is in the statement.
    case node(NodeID)
    /// The key is that of a member known by its short id.
    case member(ShortID)
}

extension Statement {
    /// What the signature covers.
    public var signedBytes: [UInt8] {
        var writer = WireWriter()
        writer.write(raw: Self.context.utf8)
        writer.write(0 as UInt8)
        encodeBody(into: &writer)
        return writer.bytes
    }

    public func encode(into writer: inout WireWriter) {
        encodeBody(into: &writer)
        writer.write(signature)
    }
}

/// What carries statements: verified when each of them is.
public protocol StatementBearing: Hashable, Sendable {
    var statements: [any Statement] { get }
}

/// What still means something without some of its statements.
public protocol Siftable: StatementBearing {
    /// Without those statements for whose position in `statements` `holds` is false; those that it cannot do without
    /// stay.
    func keeping(_ holds: (Int) -> Bool) -> Self
}
