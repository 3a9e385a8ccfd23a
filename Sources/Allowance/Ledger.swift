public import Primitives

/// The account on disk: decides how much is leased ahead of sending, and when a new period begins.
///
/// The driver hands it what `Leases.takeRenewal` returned, and performs its actions in order; what follows a `persist`
/// happens only once that is durable. Between a renewal and its `extend` the event loops go on spending the old lease.
public struct Ledger: Sendable {
    /// What is on disk when every action so far has been performed.
    public private(set) var state: LedgerState
    public private(set) var terms: Terms
    private var phase = Phase.running
    /// How often a new period has begun in this run, as `Leases.era` counts.
    private var era: UInt32 = 0
    private var throughput = Throughput()

    private enum Phase { case running, stopped }

    /// What is leased at once however slowly it is spent: a write to disk for less would cost more than it is worth.
    public static let smallestLease = ByteCount.kibibytes(256)
    /// A lease is at most this part of what remains, so that a crash can waste little …
    public static let leasesInRemainder: Int64 = 64
    /// … but not less than this, or the last megabyte would take a write for every packet.
    public static let finalLease = ByteCount.kibibytes(16)
    /// What the lease for answers is larger than their throughput asks for, within the same bounds: where the disk
    /// takes no leases any more, it pays for saying so. About 1,500 refusals, each on a connection of its own.
    public static let lastWords = ByteCount.mebibytes(1)

    public enum Event: Equatable, Sendable {
        /// What `Leases.takeRenewal` returned; nothing else.
        case usage(Usage)
        /// The calendar's current period, whenever it was looked up.
        case period(Period)
        case terms(Terms)
        /// What `Leases.close` returned: nothing is sent after it.
        case stop(Usage)
    }

    public enum Action: Equatable, Sendable {
        indirect case persist(LedgerState, then: [Action])
        /// `Leases.extend`
        case extend(ClassTotals)
        /// `Leases.end`
        case end
        /// `Leases.begin`
        case begin(Terms, ClassTotals)
        /// `Leases.amend`
        case amend(Terms)
        /// What may still be promised to clients, for this node's status.
        case remaining(ByteCount)
    }

    /// An account that continues, or begins when there is none, or when the period that is stored has ended.
    /// `Leases` must be made with `state.leased` both as spent and as durable.
    public init(terms: Terms, period: Period, restored: LedgerState?) {
        self.terms = terms
        if let restored, period.starts < restored.period.ends {
            state = restored
        } else {
            state = LedgerState(period: period, leased: .zero)
        }
        throughput.begin(with: state.leased)
    }

    public mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {
        guard phase == .running else { return }
        switch event {
        case .usage(let usage): renew(usage, at: now, into: &actions)
        case .period(let period): turn(to: period, at: now, into: &actions)
        case .terms(let terms): amend(terms, into: &actions)
        case .stop(let usage): settle(usage, into: &actions)
        }
    }

    static func lastWords(of kind: TrafficClass) -> ByteCount { kind == .answers ? lastWords : .zero }

    private mutating func renew(_ usage: Usage, at now: Instant, into actions: inout [Action]) {
        guard usage.era == era else { return }
        throughput.learn(from: usage, at: now)
        let leased = grant(to: usage)
        if leased == state.leased, leased == usage.durable {
            // Nothing to write: that much is surely on disk.
            actions.append(.extend(leased))
        } else {
            // What the leases do not know of may still be on its way to the disk: it is written again.
            state.leased = leased
            actions.append(.persist(state, then: [.extend(leased)]))
        }
        actions.append(.remaining(usage.promise))
    }

    /// A period that starts before the stored one ends is a clock gone back, or a new calendar: it grants nothing.
    private mutating func turn(to period: Period, at now: Instant, into actions: inout [Action]) {
        guard period.starts >= state.period.ends else { return }
        state = LedgerState(period: period, leased: .zero)
        era &+= 1
        throughput.begin(with: .zero)
        // What was sent from here on would count to a period that is over, and the provider counts it to the next.
        actions += [.end, .persist(state, then: [.begin(terms, .zero)])]
    }

    private mutating func amend(_ terms: Terms, into actions: inout [Action]) {
        guard terms != self.terms else { return }
        self.terms = terms
        actions.append(.amend(terms))
    }

    private mutating func settle(_ usage: Usage, into actions: inout [Action]) {
        phase = .stopped
        guard usage.era == era, state.leased != usage.spent else { return }
        state.leased = usage.spent
        actions.append(.persist(state, then: []))
    }

    /// Each class gets a lease above what it has spent; what is reserved is covered always, more only where it fits
    /// beside the leases of the others. Clients of a suspended account get none: whoever else spends the same allowance,
    /// or whichever period pays, they are sent nothing that a lease would be for.
    private func grant(to usage: Usage) -> ClassTotals {
        var leased = usage.durable
        let claims = usage.spent + usage.reserved
        for kind in TrafficClass.allCases {
            guard kind != .serving || !usage.isSuspended else {
                leased[kind] = max(leased[kind], usage.spent[kind])
                continue
            }
            let remainder = terms.room(for: kind, beside: usage.spent)
            let asked = throughput.lease[kind] + Self.lastWords(of: kind)
            let lease = min(asked, max(remainder / Self.leasesInRemainder, Self.finalLease))
            let target = usage.spent[kind] + max(lease, usage.wanted[kind])
            var others = leased.max(claims)
            others[kind] = claims[kind]
            let limit = claims[kind] + terms.room(for: kind, beside: others)
            leased[kind] = max(leased[kind], min(target, limit))
        }
        return leased
    }
}
