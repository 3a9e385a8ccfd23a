import Primitives

/// How fast each class sends, and so how much is leased at once: about what it sends in a second.
///
/// What was sent fades within about a second, however often it is looked at: after a burst a lease is no larger than
/// the burst, and soon as small as before. A kill wastes no more than was sent in the second before it.
struct Throughput: Sendable {
    /// Over which sending is averaged. A lease lasts about as long.
    static let memory = Duration.seconds(1)

    /// What to lease beyond what is spent.
    private(set) var lease = ClassTotals(
        serving: Ledger.smallestLease, replication: Ledger.smallestLease, overlay: Ledger.smallestLease,
        answers: Ledger.smallestLease)
    /// Bytes sent within about the last `memory`.
    private var recent = ClassTotals.zero
    private var spent = ClassTotals.zero
    private var since: Instant?

    /// Counts from here on: a restart, or a new period.
    mutating func begin(with spent: ClassTotals) {
        self.spent = spent
    }

    mutating func learn(from usage: Usage, at now: Instant) {
        let elapsed = since.map { Double(max(.zero, now - $0).wholeMilliseconds) } ?? 0
        let memory = Double(Self.memory.wholeMilliseconds)
        let kept = Self.kept(after: elapsed / memory)
        // At a steady rate this settles at what is sent within the memory, however often it is looked at.
        let counted = elapsed > 0 ? (1 - kept) * memory / elapsed : 1
        for kind in TrafficClass.allCases {
            let sent = min(max(.zero, usage.spent[kind] - spent[kind]), Terms.largestShare)
            let recently = Double(recent[kind].bytes) * kept + Double(sent.bytes) * counted
            recent[kind] = min(ByteCount(Int64(recently)), Terms.largestShare)
            // Where something waited for the lease, what was sent says how slow the disk is, not how much is asked for:
            // as long as that is so, leases grow, at most twofold a second.
            let growth = 1 + min(elapsed / memory, 1)
            let grown =
                usage.wanted[kind] > .zero
                ? min(ByteCount(Int64(Double(lease[kind].bytes) * growth)), Terms.largestShare) : .zero
            lease[kind] = max(recent[kind], grown, Ledger.smallestLease)
        }
        since = now
        spent = usage.spent
    }

    /// Half after each memory's length, and a straight enough line between.
    private static func kept(after lengths: Double) -> Double {
        let whole = min(lengths.rounded(.down), 100)
        return Double(sign: .plus, exponent: -Int(whole), significand: 1) / (1 + min(lengths - whole, 1))
    }
}
