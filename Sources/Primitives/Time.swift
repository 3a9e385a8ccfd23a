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

extension Duration {
    /// Reads a number and a unit: `"250ms"`, `"1s"`, `"1.5 s"`, `"10min"`, `"2h"`, `"7d"`, in any case, to a
    /// microsecond. Nothing when it is not one, is negative, or is longer than thirty years.
    public init?(_ text: some StringProtocol) {
        let compact = text.lowercased().filter { $0 != " " }
        let number = compact.prefix { ("0"..."9").contains($0) || $0 == "." }
        let unit: Double? =
            switch compact.dropFirst(number.count) {
            case "ms": 1
            case "s", "sec": 1000
            case "m", "min": 60_000
            case "h": 3_600_000
            case "d": 86_400_000
            default: nil
            }
        guard let unit, let count = Double(number), count.isFinite, count * unit < 1e12 else { return nil }
        self = .microseconds(Int64((count * unit * 1000).rounded()))
    }
}
