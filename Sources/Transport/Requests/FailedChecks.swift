internal import Primitives

/// How many signatures that did not hold came from each prefix within the present minute. Anybody can name a member's
/// key, and checking what they then call its signature takes the processor: a prefix may do so only so often.
///
/// A count-min sketch (Cormode and Muthukrishnan, 2005): prefixes share a fixed number of counters, and the smallest of
/// its four is the best guess for each. With a thousand prefixes past their limit, 2 in 1,000 others are taken for one.
struct FailedChecks {
    /// One a second: honest nodes sign what holds. A check takes some 0.1 ms, so that this is 0.01 % of a core.
    static let limit: UInt8 = 60
    static let rows = 4
    static let columns = 4096

    private var minute = Int64.min
    private var counts = [UInt8](repeating: 0, count: rows * columns)

    /// Refuses a prefix that has used up what it has for this minute.
    mutating func check(_ prefix: AddressRange, at now: WallTime) throws(RequestRefusal) {
        begin(now)
        guard Self.counters(of: prefix).contains(where: { counts[$0] < Self.limit }) else { throw .tooManyBad }
    }

    mutating func note(_ prefix: AddressRange, at now: WallTime) {
        begin(now)
        for counter in Self.counters(of: prefix) where counts[counter] < Self.limit { counts[counter] += 1 }
    }

    private mutating func begin(_ now: WallTime) {
        let present = now.milliseconds / 60_000
        guard minute != present else { return }
        self = FailedChecks()
        minute = present
    }

    /// Hashes differ from process to process, so nobody can choose prefixes that share their counters with others.
    private static func counters(of prefix: AddressRange) -> [Int] {
        (0..<rows).map { row in
            var hasher = Hasher()
            hasher.combine(row)
            hasher.combine(prefix)
            return row * columns + Int(UInt(bitPattern: hasher.finalize()) % UInt(columns))
        }
    }
}
