public import Primitives

/// A node's signed farewell. A status with a higher version says that it is back.
public struct Departure: Statement {
    public static let context = "potluck departure 1"

    public var node: ShortID
    public var version: UInt64
    public var signature: Signature

    public init(node: ShortID, version: UInt64, signature: Signature = .none) {
        self.node = node
        self.version = version
        self.signature = signature
    }

    public var signer: Signer { .member(node) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(node)
        writer.write(version)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            node: try reader.shortID(), version: try reader.version(), signature: try reader.signature())
    }
}
