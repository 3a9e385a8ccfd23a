import Allowance
import Primitives
import Testing

/// A node's account with its disk, and responses that use it in any order, which is all that chance decides. Whatever
/// the order, what really was sent stays within the share, and the disk never says less.
struct AccountWorld {
    private var generator: Generator
    private let terms: Terms
    private let isCalm: Bool
    private var ledger: Ledger
    private var leases: Leases
    private var disk: LedgerState
    /// Actions under way, in order: a crash forgets them.
    private var pending: [Ledger.Action] = []
    private var responses: [Response] = []
    private var now = Instant.zero
    private var reviewed = Instant.zero
    /// The period that memory counts for: the disk is ahead of it for the moment until a new one begins.
    private var counted: Period
    /// What the provider counted in this period.
    private var sent = ClassTotals.zero
    /// Credits that the disk has not been told of yet, before and after the last renewal: a crash may waste them.
    private var credited = (asked: ClassTotals.zero, since: ClassTotals.zero)
    /// The calendar's period, which the ledger may not have heard of yet.
    private var calendar: Period

    /// Packets are sent again that nobody paid for; where none are, the account keeps its share to the byte.
    private let hasExcess: Bool
    /// What was sent without having been paid for: in this period, and since the last lease was asked for and granted.
    private var recorded = (all: ClassTotals.zero, asked: ClassTotals.zero, since: ClassTotals.zero)

    private let largestDebit = ByteCount(400_000 as Int64)

    private struct Response {
        let kind: TrafficClass
        let era: UInt32
        var unsent: ByteCount
        /// Debited, and perhaps still in the kernel.
        var debited: ByteCount = .zero
    }

    init(seed: UInt64) {
        generator = Generator(seed: seed)
        // Small shares run out again and again, large ones keep many leases going; half of the worlds are calm, so that
        // responses pile up.
        let largestShare: Int64 = Bool.random(using: &generator) ? 80_000_000 : 3_000_000
        terms = Terms(share: ByteCount(Int64.random(in: 100_000...largestShare, using: &generator)))
        isCalm = Bool.random(using: &generator)
        hasExcess = Bool.random(using: &generator)
        counted = Period(starts: WallTime(milliseconds: 0), ends: WallTime(milliseconds: 1000))
        calendar = counted
        ledger = Ledger(terms: terms, period: counted, restored: nil)
        leases = Leases(terms: terms, spent: .zero, durable: .zero)
        disk = ledger.state
    }

    mutating func step() {
        now = now + .milliseconds(Int64.random(in: 0...200, using: &generator))
        switch Int.random(in: 0..<(isCalm ? 96 : 100), using: &generator) {
        case 0..<15: begin()
        case 15..<55: debit()
        case 55..<62: end()
        case 62..<74: spend()
        case 74 where hasExcess: record()
        case 74: spend()
        case 75..<94: perform()
        case 94: leases.isStuck.toggle()
        case 95: review()
        case 96..<98: crash()
        case 98: stop()
        default: turn()
        }
        if let usage = leases.takeRenewal() { renew(usage) }
        check()
    }

    private mutating func review() {
        if let usage = leases.takeReview(after: now - reviewed) { renew(usage) }
        reviewed = now
    }

    private mutating func renew(_ usage: Usage) {
        credited = (credited.asked + credited.since, .zero)
        recorded.asked = recorded.since
        recorded.since = .zero
        handle(.usage(usage))
    }

    private func check() {
        let usage = leases.usage
        for kind in TrafficClass.allCases {
            #expect(sent[kind] <= usage.spent[kind])
            #expect(usage.spent[kind] <= usage.durable[kind] + recorded.asked[kind] + recorded.since[kind])
            if disk.period == counted {
                #expect(usage.durable[kind] <= disk.leased[kind], "a lease is on disk before it is used")
            }
        }
        #expect(sent.sum <= terms.share + recorded.all.sum)
    }

    private mutating func begin() {
        let kind = randomClass()
        let size = ByteCount(Int64.random(in: 0...max(1, terms.share.bytes / 6), using: &generator))
        guard leases.reserve(size, for: kind) else { return }
        responses.append(Response(kind: kind, era: leases.era, unsent: size))
    }

    private mutating func debit() {
        guard let index = responses.indices.randomElement(using: &generator) else { return }
        let size = min(responses[index].unsent, ByteCount(Int64.random(in: 0...largestDebit.bytes, using: &generator)))
        let kind = responses[index].kind
        guard leases.debit(size, from: kind) else { return }
        #expect(counted == calendar, "nothing is sent between two periods")
        responses[index].unsent -= size
        responses[index].debited += size
        sent[kind] += size
    }

    /// A response ends; perhaps some of what was debited had never left the kernel.
    private mutating func end() {
        guard let index = responses.indices.randomElement(using: &generator) else { return }
        let response = responses.remove(at: index)
        leases.release(response.unsent, of: response.kind)
        guard Bool.random(using: &generator) else { return }
        let back = ByteCount(Int64.random(in: 0...response.debited.bytes, using: &generator))
        leases.credit(back, to: response.kind, debitedIn: response.era)
        guard response.era == leases.era else { return }
        sent[response.kind] -= back
        credited.since[response.kind] += back
    }

    private mutating func spend() {
        let kind = randomClass()
        let size = ByteCount(Int64.random(in: 1...1200, using: &generator))
        guard leases.spend(size, for: kind) else { return }
        #expect(counted == calendar, "nothing is sent between two periods")
        sent[kind] += size
    }

    /// Packets were sent again.
    private mutating func record() {
        let kind = randomClass()
        let size = ByteCount(Int64.random(in: 1...100_000, using: &generator))
        let counted = leases.record(size, likely: size, for: kind, in: leases.era)
        #expect(counted == size || counted == size + size && leases.usage.spent.sum <= terms.share)
        sent[kind] += size
        recorded.all[kind] += size
        recorded.since[kind] += counted
    }

    private mutating func perform() {
        // A disk that takes nothing takes its time.
        guard !leases.isStuck, !pending.isEmpty else { return }
        switch pending.removeFirst() {
        case .persist(let state, let then):
            disk = state
            credited.asked = .zero
            pending.insert(contentsOf: then, at: 0)
        case .extend(let totals):
            leases.extend(to: totals)
            recorded.asked = .zero
        case .end: leases.end()
        case .begin(let terms, let durable):
            leases.begin(terms: terms, durable: durable)
            sent = .zero
            credited = (.zero, .zero)
            recorded = (.zero, .zero, .zero)
            counted = disk.period
            leases.isOver = counted != calendar
        case .amend(let terms): leases.amend(terms)
        case .remaining(let size): #expect(size <= terms.ceiling(.serving))
        }
    }

    private mutating func crash() {
        let lease = max(terms.share / Ledger.leasesInRemainder, largestDebit)
        for kind in TrafficClass.allCases where disk.period == counted {
            let wasted = disk.leased[kind] - leases.usage.spent[kind] - credited.asked[kind] - credited.since[kind]
            #expect(wasted <= lease, "a crash wastes one lease at most, and what was credited since")
        }
        restart()
    }

    private mutating func stop() {
        leases.isStuck = false
        while !pending.isEmpty { perform() }
        for response in responses { leases.release(response.unsent, of: response.kind) }
        responses = []
        handle(.stop(leases.close()))
        while !pending.isEmpty { perform() }
        let kept = disk.period == counted ? disk.leased : .zero
        #expect(kept == leases.usage.spent, "a graceful stop wastes nothing")
        restart()
    }

    private mutating func restart() {
        credited = (.zero, .zero)
        pending = []
        responses = []
        ledger = Ledger(terms: terms, period: calendar, restored: disk)
        if ledger.state.period != counted { (sent, recorded.all) = (.zero, .zero) }
        counted = ledger.state.period
        for kind in TrafficClass.allCases {
            let forgotten = max(.zero, sent[kind] - ledger.state.leased[kind])
            #expect(forgotten <= recorded.asked[kind] + recorded.since[kind])
            sent[kind] -= forgotten
        }
        recorded = (recorded.all, .zero, .zero)
        leases = Leases(terms: terms, spent: ledger.state.leased, durable: ledger.state.leased)
    }

    /// The calendar is looked at: mostly it says the same, sometimes nonsense, sometimes it has moved on, and then
    /// sometimes the ledger is late to hear of it.
    private mutating func turn() {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: handle(.period(calendar))
        case 1: handle(.period(Period(starts: WallTime(milliseconds: -5), ends: WallTime(milliseconds: -1))))
        default:
            let starts = max(calendar.ends, ledger.state.period.ends)
            calendar = Period(starts: starts, ends: starts + .seconds(1))
            leases.isOver = true
            if Bool.random(using: &generator) { handle(.period(calendar)) }
        }
    }

    private mutating func handle(_ event: Ledger.Event) {
        ledger.handle(event, at: now, into: &pending)
    }

    private mutating func randomClass() -> TrafficClass {
        // Serving most of all, as in life.
        let classes = TrafficClass.allCases + [.serving, .serving, .serving]
        return classes.randomElement(using: &generator) ?? .serving
    }
}

struct AccountProperties {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func nothingIsEverOverspentWhateverHappensInWhateverOrder(fifty: UInt64) {
        for seed in fifty * 50..<(fifty + 1) * 50 {
            var world = AccountWorld(seed: seed)
            for _ in 0..<400 { world.step() }
        }
    }
}
