public import Primitives

/// What may be sent in a period: the network share, and how the classes divide it.
///
/// Replication, overlay and answers each have a part that nobody else may use. Replication may go beyond its part, and
/// serving has all that is not guaranteed to others; overlay and answers end where their part ends.
public struct Terms: Hashable, Sendable {
    /// Bytes this node may send for Potluck in a period.
    public let share: ByteCount
    private let guarantees: ClassTotals

    /// An exbibyte: what a share is cut to, so that no sum of counts overflows.
    public static let largestShare = ByteCount(1 << 60 as Int64)
    /// The part kept for replication: without it, a file that becomes popular could not be copied to where it is
    /// wanted.
    public static let replicationPercent: Int64 = 10
    /// The part kept for redirects and errors: enough for 40 redirects of 750 bytes per megabyte served.
    public static let answersPercent: Int64 = 3
    /// The part kept for the overlay, or `smallestOverlay` where that is more.
    public static let overlayPercent: Int64 = 1
    /// What gossip needs in a month, however small the share …
    public static let smallestOverlay = ByteCount.megabytes(3)
    /// … but no more than this part of it.
    public static let largestOverlayPercent: Int64 = 10

    /// A negative share counts as none.
    public init(share: ByteCount) {
        let share = min(max(share, .zero), Self.largestShare)
        self.share = share
        let overlay = max(share.percent(Self.overlayPercent), Self.smallestOverlay)
        guarantees = ClassTotals(
            replication: share.percent(Self.replicationPercent),
            overlay: min(overlay, share.percent(Self.largestOverlayPercent)),
            answers: share.percent(Self.answersPercent))
    }

    /// What a class may send whatever the others do.
    public func guaranteed(_ kind: TrafficClass) -> ByteCount { guarantees[kind] }

    /// The most a class may send when the others send nothing.
    public func ceiling(_ kind: TrafficClass) -> ByteCount {
        switch kind {
        case .overlay, .answers: guarantees[kind]
        case .serving, .replication: share - (guarantees.sum - guarantees[kind])
        }
    }

    /// What a class may send beside what is used already: the one rule that every reservation, debit and lease obeys.
    ///
    /// All uses together stay within the share; a class stays below its ceiling; and beyond its own guarantee it leaves
    /// the others theirs. A class within its guarantee need not look at the others, who were never let into it: so a
    /// node that has spent everything else can still say that it is exhausted.
    public func room(for kind: TrafficClass, beside used: ClassTotals) -> ByteCount {
        let unused = share - used.sum
        let kept = used.max(guarantees)
        let unclaimed = share - (kept.sum - kept[kind]) - used[kind]
        let own = guarantees[kind] - used[kind]
        return max(.zero, min(unused, ceiling(kind) - used[kind], max(own, unclaimed)))
    }

    /// Whether this many bytes more of a class fit beside what is used already.
    public func fits(_ size: ByteCount, for kind: TrafficClass, beside used: ClassTotals) -> Bool {
        size <= room(for: kind, beside: used)
    }
}
