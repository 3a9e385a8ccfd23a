/// A place on Earth to a hundredth of a degree (about a kilometre): all that routing needs, and no more than that is
/// told to others.
public struct Place: Hashable, Sendable {
    /// Hundredths of a degree, north positive, −9,000 to 9,000.
    public let latitude: Int16
    /// Hundredths of a degree, east positive, −18,000 to 18,000.
    public let longitude: Int16

    /// Nothing outside the ranges.
    public init?(latitudeHundredths latitude: Int, longitudeHundredths longitude: Int) {
        guard (-9_000...9_000).contains(latitude), (-18_000...18_000).contains(longitude) else { return nil }
        self.latitude = Int16(latitude)
        self.longitude = Int16(longitude)
    }

    /// Degrees, rounded to hundredths; nothing outside ±90 and ±180.
    public init?(latitude: Double, longitude: Double) {
        guard latitude.magnitude <= 90, longitude.magnitude <= 180 else { return nil }
        self.init(
            latitudeHundredths: Int((latitude * 100).rounded()), longitudeHundredths: Int((longitude * 100).rounded()))
    }

    /// The Earth's mean radius (IUGG), in kilometres.
    public static let earthRadius = 6371.0088

    /// Great-circle distance in kilometres (haversine).
    public func distance(to other: Place) -> Double {
        let radians = Double.pi / 18_000
        let latitudes = (Double(latitude) * radians, Double(other.latitude) * radians)
        let sineOfHalfLatitude = Elementary.sin((latitudes.1 - latitudes.0) / 2)
        let sineOfHalfLongitude = Elementary.sin((Double(other.longitude) - Double(longitude)) * radians / 2)
        let haversine =
            sineOfHalfLatitude * sineOfHalfLatitude
            + Elementary.cos(latitudes.0) * Elementary.cos(latitudes.1) * sineOfHalfLongitude * sineOfHalfLongitude
        return 2 * Self.earthRadius * Elementary.asin(min(1, haversine.squareRoot()))
    }
}

extension Place: LosslessStringConvertible {
    /// `"52.52,13.40"`.
    public var description: String { "\(Self.degrees(latitude)),\(Self.degrees(longitude))" }

    public init?(_ description: String) {
        let parts = description.split(separator: ",", omittingEmptySubsequences: false)
            .map { Double($0.filter { $0 != " " }) }
        guard parts.count == 2, let latitude = parts[0], let longitude = parts[1] else { return nil }
        self.init(latitude: latitude, longitude: longitude)
    }

    private static func degrees(_ hundredths: Int16) -> String {
        let magnitude = hundredths.magnitude
        let fraction = magnitude % 100
        return "\(hundredths < 0 ? "-" : "")\(magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

extension Place: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(UInt16(bitPattern: latitude))
        writer.write(UInt16(bitPattern: longitude))
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let latitude = Int16(bitPattern: try reader.uint16())
        let longitude = Int16(bitPattern: try reader.uint16())
        guard let place = Place(latitudeHundredths: Int(latitude), longitudeHundredths: Int(longitude)) else {
            throw .malformed("a place outside the Earth's degrees")
        }
        self = place
    }
}
