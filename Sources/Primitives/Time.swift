/// A moment on this machine's monotonic clock. Only differences mean anything, and only within one run.
public struct Instant: Hashable, Comparable, Sendable {
    public let nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    public static let zero = Instant(nanoseconds: 0)

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    @inlinable
    public static func + (left: Self, right: Duration) -> Self {
        Instant(nanoseconds: left.nanoseconds + right.wholeNanoseconds)
    }
    @inlinable
    public static func - (left: Self, right: Duration) -> Self {
        Instant(nanoseconds: left.nanoseconds - right.wholeNanoseconds)
    }
    @inlinable
    public static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

/// A moment on the calendar, in milliseconds since 1970-01-01 UTC; what nodes tell each other, and believe with care.
public struct WallTime: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    /// The end of the year 9999: the last that statements can name, so that sums with durations cannot overflow.
    public static let latest = WallTime(milliseconds: 253_402_300_799_999)

    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
    @inlinable
    public static func + (left: Self, right: Duration) -> Self {
        WallTime(milliseconds: left.milliseconds + right.wholeMilliseconds)
    }
    @inlinable
    public static func - (left: Self, right: Self) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }
}

extension Duration {
    /// Rounded towards zero; 292 years fit.
    @inlinable
    public var wholeNanoseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
    }

    /// Rounded towards zero.
    @inlinable
    public var wholeMilliseconds: Int64 {
        let parts = components
        return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
    }
}
