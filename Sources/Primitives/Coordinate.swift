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

    /// Milliseconds, rounded to tenths.
    public init(at point: (x: Double, y: Double, z: Double), height: Double, error: Double) {
        func tenths<Tenths: FixedWidthInteger>(_ milliseconds: Double) -> Tenths {
            Tenths(min(max((milliseconds * 10).rounded(), Double(Tenths.min)), Double(Tenths.max)))
        }
        self.init(
            x: tenths(point.x), y: tenths(point.y), z: tenths(point.z), height: tenths(height),
            error: UInt8((min(max(error, 0), 1) * 255).rounded()))
    }

    /// From one end of the line between them to the other, in milliseconds, and how much more or less of a height: what
    /// changes for all others when a node moves.
    public func distance(to other: Coordinate) -> Double {
        line(to: other) + Double(abs(Int(height) - Int(other.height))) / 10
    }

    /// Without the heights.
    func line(to other: Coordinate) -> Double {
        let (dx, dy, dz) = (Int(x) - Int(other.x), Int(y) - Int(other.y), Int(z) - Int(other.z))
        return Double(dx * dx + dy * dy + dz * dz).squareRoot() / 10
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

extension Coordinate {
    /// Where a node stands that nothing was measured to: on a sphere the size of the Earth's round trips.
    ///
    /// A round trip goes along great circles at `RoundTrip.stretch`, which no sphere in three dimensions has for
    /// distances along chords. With this radius chords are 15 % too long for neighbours, right for what is 13,000 km
    /// apart, and a quarter too short between antipodes.
    public init(_ place: Place) {
        let (latitude, longitude) = (Double(place.latitude) * .pi / 18_000, Double(place.longitude) * .pi / 18_000)
        let ring = Elementary.cos(latitude) * Self.radius
        self.init(
            at: (
                ring * Elementary.cos(longitude), ring * Elementary.sin(longitude),
                Elementary.sin(latitude) * Self.radius
            ), height: RoundTrip.base / 2, error: Self.guess)
    }

    /// The sphere's, in milliseconds.
    private static let radius = RoundTrip.milliseconds(kilometres: Place.earthRadius) * 1.15
    /// How wrong places are about round trips: on land cables go up to twice as far.
    private static let guess = 0.5

    /// Who has measured so little, or is so far from agreeing with itself, knows no more than its place tells.
    public var isSure: Bool { error < 128 }
}
