public import Primitives

/// A node's signed statement of what often changes about it. A higher version is also its proof of life: it refutes
/// every suspicion of an older one.
public struct Status: Statement {
    public static let context = "potluck status 1"
    /// With its signature.
    public static let byteLimit = 112
    /// The heaviest load class.
    public static let heaviestLoad: UInt8 = 7

    public var node: ShortID
    /// Orders the statuses of one node.
    public var version: UInt64
    /// What the node can still send for clients in this period.
    public var remaining: QuarterPower
    /// How busy it is, 0 to 7.
    public var load: UInt8
    public var freeDisk: QuarterPower
    public var coordinate: Coordinate?
    public var signature: Signature

    public init(
        node: ShortID, version: UInt64, remaining: QuarterPower, load: UInt8, freeDisk: QuarterPower,
        coordinate: Coordinate? = nil, signature: Signature = .none
    ) {
        self.node = node
        self.version = version
        self.remaining = remaining
        self.load = min(load, Self.heaviestLoad)
        self.freeDisk = freeDisk
        self.coordinate = coordinate
        self.signature = signature
    }

    public var signer: Signer { .member(node) }

    /// Nothing remains to be sent.
    public var isExhausted: Bool { remaining == .nothing }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(node)
        writer.write(version)
        writer.write(remaining)
        writer.write(load)
        writer.write(freeDisk)
        writer.write(optional: coordinate)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        node = try reader.shortID()
        version = try reader.version()
        remaining = try reader.value()
        load = try reader.uint8()
        guard load <= Self.heaviestLoad else { throw .malformed("a load class above 7") }
        freeDisk = try reader.value()
        coordinate = try reader.optional()
        signature = try reader.signature()
    }
}
