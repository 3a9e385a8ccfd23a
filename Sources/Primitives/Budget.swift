/// How much of something may happen at once, and how much more with time.
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

/// What is left of a rate: a token bucket that fills with time, kept as the moment at which it is full.
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

    /// One that was spent for nothing.
    public mutating func giveBack(_ rate: Rate) { fullAt = fullAt - rate.every }

    /// How long until one more can be spent.
    public func untilNext(of rate: Rate, at now: Instant) -> Duration {
        max(.zero, fullAt - now + rate.every - rate.every * rate.burst)
    }

    /// More than half of what goes at once is spent.
    public func isLow(_ rate: Rate, at now: Instant) -> Bool { (fullAt - now) * 2 > rate.every * rate.burst }

    /// Nothing of it was spent, as far as that still matters.
    public func isFull(at now: Instant) -> Bool { fullAt <= now }
}
