public import Primitives

/// The account in memory: what is spent, what is reserved for responses under way, and how far the disk has been told
/// ahead. It lives behind one lock that all event loops share; nothing here waits.
///
/// A response first reserves all it will send, then debits piece by piece as the kernel takes the bytes. A debit needs
/// a lease: bytes that the disk already counts as spent. Where one fails, or a lease runs low, the caller takes a
/// renewal to the `Ledger` and tries again after `extend`.
public struct Leases: Sendable {
    private var terms: Terms
    private var spent: ClassTotals
    private var reserved: ClassTotals = .zero
    private var durable: ClassTotals
    /// The lease of each class as it was last granted, above what was spent when it was asked for: low at half of that.
    private var granted: ClassTotals = .zero
    /// What was spent when the last renewal was asked for.
    private var asked: ClassTotals
    /// What was spent at the last review.
    private var reviewed: ClassTotals
    /// The largest debit of each class that failed for want of a lease since the last renewal.
    private var wanted: ClassTotals = .zero
    /// The largest debit of an answer that the renewal under way was asked for.
    private var pressing = ByteCount.zero
    /// The last part of the lease for answers, which is left alone until the disk takes no leases any more.
    private var lastWords = ByteCount.zero
    /// Of the overlay's class: what was spent before this run, and since then on datagrams.
    private var besideQuestions: ByteCount
    /// The same, before this run alone.
    private var besideRun: ByteCount
    /// What the last renewal told of `isSuspended`.
    private var wasSuspended = false
    private var phase = Phase.fresh

    private enum Phase { case fresh, granted, renewing, ended, closed }

    /// The disk takes no leases now: nothing is begun that the last ones do not cover, and the last words may be said.
    public var isStuck = false
    /// Clients get nothing for now, whatever is left: nothing is leased for them, and the ledger is told at once.
    public var isSuspended = false
    /// The period has ended by the calendar, and the next has not begun: nothing is spent, whoever is late to say so.
    public var isOver = false

    /// Counts the periods begun in this run; tells a credit for bytes of this period from one of an earlier.
    public private(set) var era: UInt32 = 0

    /// An account that continues: after a crash, `spent` and `durable` are both what the disk says.
    public init(terms: Terms, spent: ClassTotals, durable: ClassTotals) {
        self.terms = terms
        self.spent = spent
        self.durable = durable
        asked = spent
        reviewed = spent
        besideQuestions = spent[.overlay]
        besideRun = spent[.overlay]
        for kind in TrafficClass.allCases {
            precondition(spent[kind] <= durable[kind], "what is spent was leased before")
        }
    }

    // MARK: Responses

    /// Sets bytes aside for a response that is about to start; false when they do not fit beside all that is spent and
    /// reserved, and then nothing has changed.
    public mutating func reserve(_ size: ByteCount, for kind: TrafficClass) -> Bool {
        precondition(size >= .zero, "a reservation is not negative")
        guard phase != .closed, terms.fits(size, for: kind, beside: spent + reserved) else { return false }
        guard !isStuck || size <= usage.covered(for: kind) else { return false }
        reserved[kind] += size
        return true
    }

    /// Spends reserved bytes; false when the lease does not cover them yet: ask for a renewal, and wait for `extend`.
    public mutating func debit(_ size: ByteCount, from kind: TrafficClass) -> Bool {
        precondition(size >= .zero && size <= reserved[kind], "only what is reserved is debited")
        guard cover(size, of: kind) else { return false }
        reserved[kind] -= size
        spent[kind] += size
        return true
    }

    /// Gives back what was reserved and will not be debited.
    public mutating func release(_ unsent: ByteCount, of kind: TrafficClass) {
        precondition(unsent >= .zero && unsent <= reserved[kind], "only what is reserved is released")
        reserved[kind] -= unsent
    }

    /// Gives back what was debited and, as is now known, never sent. Pass the `era` read when the response began: bytes
    /// debited in a period that has ended give nothing back in this one.
    public mutating func credit(_ unsent: ByteCount, to kind: TrafficClass, debitedIn era: UInt32) {
        guard era == self.era else { return }
        precondition(unsent >= .zero && unsent <= spent[kind], "only what is spent is credited")
        spent[kind] -= unsent
    }

    /// Spends at once what needs no reservation, such as a datagram or a redirect: all of it, or nothing and false,
    /// because it does not fit or is not leased yet.
    public mutating func spend(_ size: ByteCount, for kind: TrafficClass) -> Bool {
        precondition(size >= .zero, "a spend is not negative")
        guard terms.fits(size, for: kind, beside: spent + reserved), cover(size, of: kind) else { return false }
        spent[kind] += size
        return true
    }

    /// Counts what left the machine though nobody had paid for it, such as packets that were sent again: that is so
    /// whether or not it fits, and what does not fit is taken from what the other classes have left. Debits of this
    /// class wait until a renewal has made it durable.
    /// - Parameters:
    ///   - likely: what is yet to be expected beside it: counted only where it fits.
    ///   - era: when it was sent, as for `credit`.
    /// - Returns: what was counted.
    public mutating func record(
        _ sent: ByteCount, likely: ByteCount = .zero, for kind: TrafficClass, in era: UInt32
    ) -> ByteCount {
        precondition(sent >= .zero && likely >= .zero, "what was sent is not negative")
        guard era == self.era, phase != .closed else { return .zero }
        let counted = terms.fits(sent + likely, for: kind, beside: spent + reserved) ? sent + likely : sent
        spent[kind] += counted
        return counted
    }

    // MARK: The overlay

    /// Whether the overlay's class has something left for questions and answers over HTTP. In a run they have at most
    /// half of what there was for it when the run began, whatever datagrams take: a node that cannot pulse is dead to
    /// the others, however well it could still serve.
    public var takesQuestions: Bool {
        let used = spent[.overlay] + reserved[.overlay]
        let whole = terms.guaranteed(.overlay)
        return used < whole && used - besideQuestions < (whole - besideRun) / 2
    }

    /// As `spend`, for a datagram of the overlay.
    public mutating func spendOnDatagram(_ size: ByteCount) -> Bool {
        guard spend(size, for: .overlay) else { return false }
        besideQuestions += size
        return true
    }

    /// Gives back what was spent on a datagram that never left.
    public mutating func creditDatagram(_ size: ByteCount, debitedIn era: UInt32) {
        guard era == self.era else { return }
        credit(size, to: .overlay, debitedIn: era)
        besideQuestions -= size
    }

    // MARK: Leases

    /// What to ask a renewal with, once for each time a lease runs low: the next one only after `extend` or `begin`.
    /// Call it after every debit or spend; it is a few comparisons.
    public mutating func takeRenewal() -> Usage? {
        guard needsRenewal else { return nil }
        for kind in TrafficClass.allCases {
            // Credits have left more than a lease: a crash would waste it. The disk is told less with this renewal.
            durable[kind] = min(durable[kind], spent[kind] + max(granted[kind], wanted[kind]))
        }
        return renew()
    }

    /// What to lower the leases on disk with, when they are far more than is spent now, as after a burst: a crash would
    /// waste them. To be called now and then, however little is sent.
    /// - Parameter elapsed: since the last review.
    public mutating func takeReview(after elapsed: Duration) -> Usage? {
        let recent = spent
        defer { reviewed = recent }
        guard phase == .granted, elapsed > .zero else { return nil }
        var isLower = false
        for kind in TrafficClass.allCases {
            let sent = max(.zero, spent[kind] - reviewed[kind])
            let perSecond = ByteCount(Int64(Double(sent.bytes) / max(1, Double(elapsed.wholeMilliseconds) / 1000)))
            let enough = max(perSecond, wanted[kind], Ledger.smallestLease) + Ledger.lastWords(of: kind)
            guard durable[kind] - spent[kind] > enough * 2 else { continue }
            durable[kind] = spent[kind] + enough
            isLower = true
        }
        return isLower ? renew() : nil
    }

    /// A lease that is on disk now. Never lowers one.
    public mutating func extend(to totals: ClassTotals) {
        guard phase != .closed, phase != .ended else { return }
        durable = durable.max(totals)
        granted = durable - asked
        let left = durable.answers - spent.answers
        // Near the end of the allowance they give way to who waits.
        lastWords = max(.zero, min(Ledger.lastWords(of: .answers), left / 2, left - max(pressing, wanted.answers)))
        wanted = .zero  // Who waits tries again, and says so again.
        phase = .granted
    }

    /// The period is over: nothing more is spent in it. Debits wait for the next to begin.
    public mutating func end() {
        guard phase != .closed else { return }
        phase = .ended
    }

    /// A new period: nothing is spent, and what responses under way have reserved is paid from it.
    public mutating func begin(terms: Terms, durable: ClassTotals) {
        guard phase != .closed else { return }
        self.terms = terms
        self.durable = durable
        spent = .zero
        asked = .zero
        reviewed = .zero
        granted = .zero
        wanted = .zero
        pressing = .zero
        lastWords = .zero
        besideQuestions = .zero
        besideRun = .zero
        isOver = false
        phase = .fresh
        era &+= 1
    }

    /// New terms within the period: what is spent stays spent.
    public mutating func amend(_ terms: Terms) {
        self.terms = terms
    }

    /// The end of this run: nothing is reserved, spent or extended any more, so that what is returned is the truth to
    /// settle with.
    public mutating func close() -> Usage {
        phase = .closed
        durable = spent
        return usage
    }

    public var usage: Usage {
        Usage(
            terms: terms, spent: spent, reserved: reserved, durable: durable, wanted: wanted, era: era,
            isStuck: isStuck, isSuspended: isSuspended)
    }

    // MARK: -

    private mutating func renew() -> Usage {
        let usage = usage
        phase = .renewing
        asked = spent
        pressing = wanted.answers
        wanted = .zero
        wasSuspended = isSuspended
        return usage
    }

    private mutating func cover(_ size: ByteCount, of kind: TrafficClass) -> Bool {
        guard phase != .closed else { return false }
        guard phase != .ended, !isOver, size <= left(of: kind) else {
            wanted[kind] = max(wanted[kind], size)
            return false
        }
        return true
    }

    /// What the lease still pays for.
    private func left(of kind: TrafficClass) -> ByteCount {
        durable[kind] - spent[kind] - (isStuck ? .zero : kept(of: kind))
    }

    private func kept(of kind: TrafficClass) -> ByteCount { kind == .answers ? lastWords : .zero }

    private var needsRenewal: Bool {
        switch phase {
        case .fresh: return true
        case .renewing, .ended, .closed: return false
        case .granted: break
        }
        if isSuspended != wasSuspended { return true }
        for kind in TrafficClass.allCases {
            let left = left(of: kind)
            let lease = granted[kind] - kept(of: kind)
            if wanted[kind] > left || left < lease / 2 || left > lease * 2 { return true }
        }
        return false
    }
}
