import Primitives

/// A place as a unit vector from the Earth's centre: so the distance to each holder takes three multiplications and one
/// arcsine, and the sines and cosines are paid once for the client and once for each change of a node.
struct Direction: Equatable {
    let x: Double
    let y: Double
    let z: Double

    init(_ place: Place) {
        let radians = Double.pi / 18_000
        let latitude = Double(place.latitude) * radians
        let longitude = Double(place.longitude) * radians
        let ring = Elementary.cos(latitude)
        x = ring * Elementary.cos(longitude)
        y = ring * Elementary.sin(longitude)
        z = Elementary.sin(latitude)
    }

    /// Great-circle distance: the same as `Place.distance(to:)`, from the chord.
    func kilometres(to other: Direction) -> Double {
        let dx = x - other.x
        let dy = y - other.y
        let dz = z - other.z
        let half = ((dx * dx + dy * dy + dz * dz) / 4).squareRoot()
        return 2 * Place.earthRadius * Elementary.asin(min(1, half))
    }

    /// Whether two places are so close that no client can tell: by the chord, which is as good for so little.
    func isNear(_ other: Direction, kilometres: Double) -> Bool {
        let dx = x - other.x
        let dy = y - other.y
        let dz = z - other.z
        let chord = kilometres / Place.earthRadius
        return dx * dx + dy * dy + dz * dz <= chord * chord
    }
}
