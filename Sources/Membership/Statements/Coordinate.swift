public import Primitives

/// Where a node stands in the space of round trips: three dimensions and a height (Vivaldi, Dabek et al. 2004),
/// quantised as it travels.
public struct Coordinate: Hashable, Sendable, WireCodable {
    /// Tenths of a millisecond.
    public var x: Int16
    public var y: Int16
    public var z: Int16
    /// Tenths of a millisecond; what every path from the node has in common.
    public var height: UInt16
    /// The node's own relative error, in 255ths.
    public var error: UInt8

    public init(x: Int16, y: Int16, z: Int16, height: UInt16, error: UInt8) {
        self.x = x
        self.y = y
        self.z = z
        self.height = height
        self.error = error
    }

    public func encode(into writer: inout WireWriter) {
        for axis in [x, y, z] { writer.write(UInt16(bitPattern: axis)) }
        writer.write(height)
        writer.write(error)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            x: Int16(bitPattern: try reader.uint16()), y: Int16(bitPattern: try reader.uint16()),
            z: Int16(bitPattern: try reader.uint16()), height: try reader.uint16(), error: try reader.uint8())
    }
}
