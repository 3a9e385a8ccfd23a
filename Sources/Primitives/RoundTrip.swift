/// What a packet may be expected to take from one node, or client, to another and back, where nobody has measured it.
public enum RoundTrip {
    /// Over no distance at all, in milliseconds: access lines and the hosts themselves. A guess between a server's 1 ms
    /// and a home line's 10 to 20.
    public static let base = 5.0
    /// Light in glass (refractive index about 1.5) goes 200 kilometres in a millisecond.
    static let fibreKilometresPerMillisecond = 200.0
    /// How much longer cables are than great circles. From well-known routes, their base taken off: New York–London
    /// 65 ms over 5,570 km is 1.2, Frankfurt–Singapore 150 ms over 10,260 km is 1.5, Los Angeles–Sydney 135 ms over
    /// 12,060 km is 1.1; off the great routes it is more. Only the order matters to who is nearest.
    static let stretch = 1.5

    /// There and back along a great circle, without the base.
    static func milliseconds(kilometres: Double) -> Double { least(kilometres: kilometres) * stretch }

    /// There and back along a straight cable: nobody is faster.
    public static func least(kilometres: Double) -> Double { 2 * kilometres / fibreKilometresPerMillisecond }

    /// From the places of both ends: the base and 2 · stretch · distance ÷ speed; strictly rising with distance.
    public static func predicted(kilometres: Double) -> Double { base + milliseconds(kilometres: kilometres) }
}

/// Where a node or a client is, as far as that is known.
public struct Whereabouts: Hashable, Sendable {
    public var place: Place?
    public var coordinate: Coordinate?

    public init(place: Place? = nil, coordinate: Coordinate? = nil) {
        self.place = place
        self.coordinate = coordinate
    }

    /// The round trip to expect: from the coordinates where both ends know theirs, else from the places; nothing where
    /// neither is known.
    public func roundTrip(to other: Whereabouts) -> Duration? {
        if let coordinate, let others = other.coordinate, coordinate.isSure, others.isSure {
            return coordinate.roundTrip(to: others)
        }
        guard let place, let others = other.place else { return nil }
        return .microseconds(Int64(RoundTrip.predicted(kilometres: place.distance(to: others)) * 1000))
    }
}

extension Coordinate {
    /// The distance between the points, and both heights.
    public func milliseconds(to other: Coordinate) -> Double {
        line(to: other) + Double(Int(height) + Int(other.height)) / 10
    }

    /// The round trip to expect between two nodes, as far as their coordinates tell.
    public func roundTrip(to other: Coordinate) -> Duration {
        .microseconds(Int64(milliseconds(to: other) * 1000))
    }
}
