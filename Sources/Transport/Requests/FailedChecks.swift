internal import Primitives

/// How many signatures that did not hold came from each prefix within the present minute. Anybody can name a member's
/// key, and checking what they then call its signature takes the processor: a prefix may do so only so often.
///
/// With a thousand prefixes past their limit, 2 in 1,000 others are taken for one.
struct FailedChecks {
    /// One a second: honest nodes sign what holds. A check takes some 0.1 ms, so that this is 0.01 % of a core.
    static let limit: UInt8 = 60
    static let columns = 4096

    private var minute = Int64.min
    private var counts = Sketch<AddressRange, UInt8>(columns: columns)

    /// Refuses a prefix that has used up what it has for this minute.
    mutating func check(_ prefix: AddressRange, at now: WallTime) throws(RequestRefusal) {
        begin(now)
        guard counts[prefix] < Self.limit else { throw .tooManyBad(pause: now.restOfMinute) }
    }

    mutating func note(_ prefix: AddressRange, at now: WallTime) {
        begin(now)
        counts.add(1, for: prefix)
    }

    private mutating func begin(_ now: WallTime) {
        guard minute != now.minute else { return }
        self = FailedChecks()
        minute = now.minute
    }
}

// Requests are counted by the minute.
extension WallTime {
    var minute: Int64 { milliseconds / 60_000 }

    /// Until the next one begins.
    var restOfMinute: Duration { .milliseconds(60_000 - milliseconds % 60_000) }
}
