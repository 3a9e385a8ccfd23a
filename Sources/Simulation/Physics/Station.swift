internal import Primitives

/// Where a machine, or somebody with a browser, stands on the network.
struct Station: Equatable, Sendable {
    /// Tells it from all others of its world.
    let word: UInt64
    let place: Place?
    /// Its row in the matrix of delays, where there is one.
    let host: Int?
    /// What its own line adds to every way, in nanoseconds.
    let access: Int64
    /// Its place as a point on the unit sphere.
    private let x: Double
    private let y: Double
    private let z: Double

    init(word: UInt64, place: Place?, host: Int? = nil, access: Duration) {
        self.word = word
        self.place = place
        self.host = host
        self.access = access.wholeNanoseconds
        let radians = Double.pi / 18_000
        let latitude = Double(place?.latitude ?? 0) * radians
        let longitude = Double(place?.longitude ?? 0) * radians
        x = Elementary.cos(latitude) * Elementary.cos(longitude)
        y = Elementary.cos(latitude) * Elementary.sin(longitude)
        z = Elementary.sin(latitude)
    }

    /// Along the great circle, in kilometres; nothing where a place is not known.
    func distance(to other: Station) -> Double? {
        guard place != nil, other.place != nil else { return nil }
        let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
        let chord = (dx * dx + dy * dy + dz * dz).squareRoot()
        return 2 * Place.earthRadius * Elementary.asin(min(1, chord / 2))
    }

    /// The line of a machine in a data centre, or of somebody at home: a floor, and what is drawn beside it.
    enum Line {
        case server
        case home

        /// Guesses, one way: a machine that is let is within a millisecond or two of an exchange; home lines take 10 to
        /// 20 ms for a round trip, some far more.
        func draw(using generator: inout Generator) -> Duration {
            let (floor, mean) = self == .server ? (0.3, 0.7) : (4.0, 4.0)
            return .nanoseconds(Int64((floor + mean * generator.exponential(limit: 6)) * 1_000_000))
        }
    }
}

extension Generator {
    /// Evenly from 0 to below 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Exponentially distributed with mean 1, and never above `limit`.
    mutating func exponential(limit: Double) -> Double { Self.exponential(of: next(), limit: limit) }

    static func exponential(of word: UInt64, limit: Double) -> Double {
        min(limit, -Elementary.log(Double((word >> 11) + 1) * 0x1p-53))
    }
}
