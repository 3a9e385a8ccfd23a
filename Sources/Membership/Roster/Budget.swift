public import Primitives

/// How much of something a member may cause at once, and how much more with time.
public struct Rate: Equatable, Sendable {
    /// At once.
    public var burst: Int
    /// A further one after each of these.
    public var every: Duration

    public init(burst: Int, every: Duration) {
        self.burst = burst
        self.every = every
    }
}

/// What is left of a rate: a bucket that fills with time, kept as the moment at which it is full.
public struct Budget: Equatable, Sendable {
    private var fullAt = Instant.zero

    public init() {}

    /// False, and nothing spent, when there is not so much left.
    public mutating func spend(_ rate: Rate, count: Int = 1, at now: Instant) -> Bool {
        let full = max(fullAt, now) + rate.every * count
        guard full - now <= rate.every * rate.burst else { return false }
        fullAt = full
        return true
    }

    /// Nothing of it was spent, as far as that still matters.
    public func isFull(at now: Instant) -> Bool { fullAt <= now }
}
