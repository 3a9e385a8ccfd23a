import Primitives

/// What a holder is worth to a client: v · (1 − e^(x−1)).
enum Score {
    /// What a round trip is measured against: at twice this, v would be nothing.
    static let slowMilliseconds = 400.0
    /// However far a holder is, it is better than none.
    static let smallestValue = 0.05
    /// Taken for a node whose place nobody knows: about half of the Earth's half circumference away.
    static let unplacedMilliseconds = 155.0

    /// v: what is left of a holder's worth over a round trip.
    static func value(roundTripMilliseconds: Double) -> Double {
        max(smallestValue, 1 - 0.5 * roundTripMilliseconds / slowMilliseconds)
    }

    /// The pace's weight of a node that has spent x of what it may: 1 − e^(x−1), from 0.63 at the start to 0 at the
    /// end.
    static func weight(spent x: Double) -> Double {
        1 - Elementary.exp(x - 1)
    }

    /// Statuses tell what remains in quarter powers of two, rounded down: the truth lies between that and 2^¼ times it.
    /// The pace takes the upper end, so that a node that has spent nothing counts as fresh whatever its share.
    static let levelStep = 1.189_207_115_002_721

    /// x: what is gone of a share, 0 to 1.
    static func spent(remaining: ByteCount, of share: ByteCount) -> Double {
        guard share > .zero else { return 1 }
        return min(1, max(0, 1 - levelStep * remaining.fraction(of: share)))
    }
}
