public import Primitives

/// The stretch of the calendar that one account is for. The calendar itself is not known here: periods come in as
/// facts.
public struct Period: Hashable, Sendable {
    public let starts: WallTime
    public let ends: WallTime

    /// The least advice to come back later: less would only be a busy loop.
    public static let shortestRetry = Duration.seconds(1)

    /// An empty period, or one that ends before it starts, is a mistake of ours.
    public init(starts: WallTime, ends: WallTime) {
        precondition(starts < ends, "a period ends after it starts")
        self.starts = starts
        self.ends = ends
    }

    /// When an account for this period ends, by the calendar: where the next of its periods begins. It is not this
    /// one's own end after a change of calendars, whose periods overlap. Nothing when that is not the calendar's next
    /// turn.
    /// - Parameter current: the calendar's period now.
    public func end(beside current: Period) -> WallTime? {
        if current.starts >= ends { return current.starts }
        return current.ends >= ends ? current.ends : nil
    }

    /// How long to wait until there is an allowance again: what `Retry-After` says when nobody can afford a response.
    public func retryAdvice(at now: WallTime) -> Duration {
        max(ends - now, Self.shortestRetry)
    }
}

/// The account as it is on disk. What was leased counts as spent after a crash: the kernel may have sent all of it.
public struct LedgerState: Hashable, Sendable {
    public var period: Period
    public var leased: ClassTotals

    public init(period: Period, leased: ClassTotals) {
        self.period = period
        self.leased = leased
    }
}
