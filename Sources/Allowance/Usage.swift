public import Primitives

/// The account in memory at one moment.
public struct Usage: Hashable, Sendable {
    public let terms: Terms
    /// Handed to the kernel, less what is known not to have been sent.
    public let spent: ClassTotals
    /// Held for responses under way.
    public let reserved: ClassTotals
    /// What the disk counts as spent; never less than `spent`, but for what was recorded since it was told.
    public let durable: ClassTotals
    /// The largest debit of each class that waits for a lease.
    public let wanted: ClassTotals
    /// Which period of this run the counts are of, as `Leases.era`.
    public let era: UInt32
    /// As `Leases.isStuck`.
    public let isStuck: Bool
    /// As `Leases.isSuspended`.
    public let isSuspended: Bool

    public init(
        terms: Terms, spent: ClassTotals, reserved: ClassTotals, durable: ClassTotals, wanted: ClassTotals, era: UInt32,
        isStuck: Bool = false, isSuspended: Bool = false
    ) {
        self.terms = terms
        self.spent = spent
        self.reserved = reserved
        self.durable = durable
        self.wanted = wanted
        self.era = era
        self.isStuck = isStuck
        self.isSuspended = isSuspended
    }

    /// What a class may still reserve.
    public func remaining(for kind: TrafficClass) -> ByteCount {
        terms.room(for: kind, beside: spent + reserved)
    }

    /// What a class may still reserve and spend without another lease.
    public func covered(for kind: TrafficClass) -> ByteCount {
        max(.zero, durable[kind] - spent[kind] - reserved[kind])
    }

    /// What the period still has for clients.
    public var remaining: ByteCount { remaining(for: .serving) }

    /// What may be promised to clients now: while the disk takes no leases, no more than the last one covers; while
    /// they get nothing, nothing. It is what a router asks before it decides to serve here.
    public var promise: ByteCount {
        if isSuspended { return .zero }
        return isStuck ? min(remaining, covered(for: .serving)) : remaining
    }
}
