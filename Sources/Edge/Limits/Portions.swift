import Primitives
import Synchronization

/// What each prefix was served today: no one party takes a node's month (DESIGN, "Fairness").
///
/// A count-min sketch (Cormode and Muthukrishnan, 2005): a fixed number of counters that prefixes share, of which the
/// smallest is the best guess. It never guesses too little, and too much only by what strangers who share all four
/// counters were served: with 8 GB served in a day, half a megabyte on average. So a flood of addresses makes nothing
/// grow, and nobody is forgotten.
final class Portions: Sendable {
    static let rows = 4
    static let columns = 16_384
    /// A prefix may always have a file so many times in a day …
    static let copies: Int64 = 2
    /// … and of a small file, this part of what the node has left.
    static let part: Int64 = 20

    private struct State {
        var day = Int64.min
        var served = [Int64](repeating: 0, count: rows * columns)
    }

    /// What a response was given, to be settled with.
    struct Portion: Sendable {
        fileprivate let prefix: AddressRange
        fileprivate let day: Int64
        fileprivate(set) var size: Int64
    }

    private let state: Mutex<State>

    init() {
        state = Mutex(State())
    }

    /// Sets aside a response of `size` bytes of a file for a prefix; nothing when that is more than its share of the day.
    func take(
        _ size: Int64, of file: ByteCount, for prefix: AddressRange, remaining: ByteCount, at time: WallTime
    ) -> Portion? {
        let day = Self.day(time)
        let (twice, overflow) = file.bytes.multipliedReportingOverflow(by: Self.copies)
        let most = max(overflow ? Int64.max : twice, remaining.bytes / Self.part)
        return state.withLock { state in
            if state.day != day { state = State(day: day) }
            let counters = Self.counters(of: prefix)
            let served = counters.map { state.served[$0] }.min() ?? 0
            let (sum, overflow) = served.addingReportingOverflow(size)
            guard !overflow, sum <= most else { return nil }
            for counter in counters { state.served[counter] &+= size }
            return Portion(prefix: prefix, day: day, size: size)
        }
    }

    /// What was set aside and not sent is the prefix's again, on the same day.
    func settle(_ portion: Portion, sent: Int64) {
        let unsent = portion.size - sent
        guard unsent > 0 else { return }
        state.withLock { state in
            guard state.day == portion.day else { return }
            for counter in Self.counters(of: portion.prefix) {
                state.served[counter] = max(0, state.served[counter] &- unsent)
            }
        }
    }

    /// Until everybody begins anew.
    static func untilTomorrow(from time: WallTime) -> Int64 {
        max(1, (day(time) + 1) * 86_400 - time.milliseconds / 1000)
    }

    /// Days of UTC.
    private static func day(_ time: WallTime) -> Int64 { max(0, time.milliseconds) / 86_400_000 }

    private static func counters(of prefix: AddressRange) -> [Int] {
        (0..<rows).map { row in
            var hasher = Hasher()
            hasher.combine(row)
            hasher.combine(prefix)
            return row * columns + Int(UInt(bitPattern: hasher.finalize()) % UInt(columns))
        }
    }
}
