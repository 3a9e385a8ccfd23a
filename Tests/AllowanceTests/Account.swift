import Allowance
import Primitives

/// `Leases` behind a reference, as in production behind a lock: so that an expectation may call what changes them.
final class Account {
    private var leases: Leases

    init(_ leases: Leases) {
        self.leases = leases
    }

    var usage: Usage { leases.usage }
    var era: UInt32 { leases.era }
    var isStuck: Bool {
        get { leases.isStuck }
        set { leases.isStuck = newValue }
    }
    var isSuspended: Bool {
        get { leases.isSuspended }
        set { leases.isSuspended = newValue }
    }
    func reserve(_ size: ByteCount, for kind: TrafficClass) -> Bool { leases.reserve(size, for: kind) }
    func debit(_ size: ByteCount, from kind: TrafficClass) -> Bool { leases.debit(size, from: kind) }
    func release(_ size: ByteCount, of kind: TrafficClass) { leases.release(size, of: kind) }
    func credit(_ size: ByteCount, to kind: TrafficClass, debitedIn era: UInt32) {
        leases.credit(size, to: kind, debitedIn: era)
    }
    func spend(_ size: ByteCount, for kind: TrafficClass) -> Bool { leases.spend(size, for: kind) }
    var takesQuestions: Bool { leases.takesQuestions }
    func spendOnDatagram(_ size: ByteCount) -> Bool { leases.spendOnDatagram(size) }
    func creditDatagram(_ size: ByteCount, debitedIn era: UInt32) { leases.creditDatagram(size, debitedIn: era) }
    func record(_ sent: ByteCount, likely: ByteCount = .zero, for kind: TrafficClass) -> ByteCount {
        leases.record(sent, likely: likely, for: kind, in: era)
    }
    func takeRenewal() -> Usage? { leases.takeRenewal() }
    func takeReview(after elapsed: Duration) -> Usage? { leases.takeReview(after: elapsed) }
    func end() { leases.end() }
    func extend(to totals: ClassTotals) { leases.extend(to: totals) }
    func begin(terms: Terms, durable: ClassTotals) { leases.begin(terms: terms, durable: durable) }
    func close() -> Usage { leases.close() }
}
