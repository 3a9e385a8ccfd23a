internal import Primitives

/// So many at once, and one more for every interval: what unknown files may cost.
struct TokenBucket: Sendable {
    let burst: Int
    let interval: Duration
    private var level: Int
    private var filledAt = Instant.zero

    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
        level = burst
    }

    /// Fewer than half are left.
    var isLow: Bool { level * 2 < burst }

    mutating func take(at now: Instant) -> Bool {
        let step = max(interval.wholeNanoseconds, 1)
        let due = Int64(clamping: (now - filledAt).wholeNanoseconds) / step
        if due > 0 {
            level = Int(min(Int64(burst), Int64(level) + min(due, Int64(burst))))
            filledAt = level == burst ? now : Instant(nanoseconds: filledAt.nanoseconds + due * step)
        }
        guard level > 0 else { return false }
        level -= 1
        return true
    }

    /// How long until the next one, where none is left.
    func untilNext(at now: Instant) -> Duration { max(interval - (now - filledAt), .zero) }

    mutating func giveBack() { level = min(burst, level + 1) }
}
