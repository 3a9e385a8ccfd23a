public import Allowance
public import Primitives
internal import Synchronization

/// The account that all doors of a node spend from: the leases behind a lock, and who waits for more of them.
///
/// Effects happen outside the lock: `onLow` asks for a renewal, once for each lease; waiters are called after the
/// extension or the new period they waited for, and try again.
public final class Account: Sendable {
    /// Why clients get nothing, whatever is left.
    public enum Suspension: Sendable {
        /// Another process spends the same allowance.
        case twin
        /// It is not known which period pays.
        case clock
    }

    private struct State {
        var leases: Leases
        /// In the order they came, so that nobody starves. One for each response at most, so the doors' limits on
        /// connections bound how many there are.
        var waiters: [@Sendable () -> Void] = []
        var isClosed = false
        /// Why clients get nothing for now.
        var suspensions: Set<Suspension> = [] {
            didSet { leases.isSuspended = !suspensions.isEmpty }
        }
        /// Whether the period has ended by now; nothing while that is not known.
        var isOver: (@Sendable () -> Bool)?

        init(_ leases: Leases) {
            self.leases = leases
        }

        func admits(_ traffic: TrafficClass) -> Bool { suspensions.isEmpty || traffic != .serving }
    }

    private let state: Mutex<State>
    private let onLow: @Sendable (Usage) -> Void

    public init(_ leases: Leases, onLow: @escaping @Sendable (Usage) -> Void) {
        state = Mutex(State(leases))
        self.onLow = onLow
    }

    public var usage: Usage { state.withLock(\.leases.usage) }

    /// What may still be promised to clients: while the disk takes no leases, no more than the last one covers; while
    /// serving is suspended, nothing.
    public var remaining: ByteCount { usage.promise }

    /// Whether the disk takes no leases at the moment.
    public var isStuck: Bool { state.withLock(\.leases.isStuck) }

    /// Says whether the disk takes leases: while it does not, nothing is begun that the last one does not cover.
    /// Whoever waits for a lease is called, and may see what else can be done.
    public func setStuck(_ isStuck: Bool) {
        guard isStuck != self.isStuck else { return }
        resuming { $0.leases.isStuck = isStuck }
    }

    /// Whether clients get nothing for now, whatever is left.
    public var isSuspended: Bool { state.withLock { !$0.suspensions.isEmpty } }

    public func isSuspended(for reason: Suspension) -> Bool { state.withLock { $0.suspensions.contains(reason) } }

    /// Says whether clients get nothing for now: nothing is begun for them, and what was begun gets no further. Whoever
    /// waits for a lease is called, and may see what else can be done; the ledger is told by a renewal, at once or as
    /// soon as the one under way has ended.
    public func suspend(_ reason: Suspension, _ isSuspended: Bool) {
        guard isSuspended != self.isSuspended(for: reason) else { return }
        resuming { state in
            if isSuspended { state.suspensions.insert(reason) } else { state.suspensions.remove(reason) }
        }
    }

    /// The period's number in this run, to be read when a response begins: credits name it.
    public var era: UInt32 { state.withLock(\.leases.era) }

    // MARK: Spending

    /// Whether the overlay's class has something left for questions and answers over HTTP, beside datagrams.
    public var takesQuestions: Bool { state.withLock(\.leases.takesQuestions) }

    /// Holds `size` for one response, if it fits; nothing is spent yet.
    public func reserve(_ size: ByteCount, for traffic: TrafficClass) -> Bool {
        state.withLock { $0.admits(traffic) && $0.leases.reserve(size, for: traffic) }
    }

    /// Gives back what was reserved and will not be sent.
    public func release(_ unsent: ByteCount, of traffic: TrafficClass) {
        state.withLock { $0.leases.release(unsent, of: traffic) }
    }

    /// Spends of what was reserved; false when the lease on disk does not reach so far yet.
    public func debit(_ size: ByteCount, from traffic: TrafficClass) -> Bool {
        renewing { $0.admits(traffic) && $0.leases.debit(size, from: traffic) }
    }

    /// The same; where it is false, `resume` is called once, on another thread, after the next extension: never, once
    /// the account is closed.
    public func debit(
        _ size: ByteCount, from traffic: TrafficClass, orResume resume: @escaping @Sendable () -> Void
    ) -> Bool {
        renewing { state in
            guard !state.admits(traffic) || !state.leases.debit(size, from: traffic) else { return true }
            if !state.isClosed { state.waiters.append(resume) }
            return false
        }
    }

    /// Gives back what was debited and never left.
    public func credit(_ unsent: ByteCount, to traffic: TrafficClass, debitedIn era: UInt32) {
        state.withLock { $0.leases.credit(unsent, to: traffic, debitedIn: era) }
    }

    /// Reserves and debits at once, or does nothing: for a datagram or an answer that can as well be dropped.
    public func spend(_ size: ByteCount, for traffic: TrafficClass) -> Bool {
        renewing { $0.admits(traffic) && $0.leases.spend(size, for: traffic) }
    }

    /// Counts what left the machine beyond all that was paid, whether or not it fits; and what is likely to follow,
    /// where it does. What was counted is returned.
    public func record(
        _ sent: ByteCount, likely: ByteCount, for traffic: TrafficClass, in era: UInt32
    ) -> ByteCount {
        renewing { $0.leases.record(sent, likely: likely, for: traffic, in: era) }
    }

    /// The same for a datagram of the overlay.
    public func spendOnDatagram(_ size: ByteCount) -> Bool {
        renewing { $0.leases.spendOnDatagram(size) }
    }

    /// Gives back what was spent on a datagram that never left.
    public func creditDatagram(_ size: ByteCount, debitedIn era: UInt32) {
        state.withLock { $0.leases.creditDatagram(size, debitedIn: era) }
    }

    /// Spends, after as many extensions as that takes. False when it does not fit the period, or the task was
    /// cancelled.
    public func pay(_ size: ByteCount, for traffic: TrafficClass) async -> Bool {
        guard reserve(size, for: traffic) else { return false }
        while !Task.isCancelled, !state.withLock(\.isClosed) {
            if await debitOrWait(size, from: traffic) { return true }
        }
        release(size, of: traffic)
        return false
    }

    /// Asks for a lease where one is due: at the start, so that there is something to answer with if the disk fails
    /// before the first request.
    public func renew() {
        if let usage = state.withLock({ $0.leases.takeRenewal() }) { onLow(usage) }
    }

    // MARK: What the calendar says

    /// Says when the period ends: from then on nothing is spent until the next has begun, however late the ledger hears
    /// of it. `isOver` is asked before anything is spent: be quick. To be said again when the clock was set.
    public func end(when isOver: (@Sendable () -> Bool)?) {
        let wasOver = state.withLock { state in
            state.isOver = isOver
            return state.leases.isOver
        }
        guard wasOver else { return }
        resuming { $0.leases.isOver = false }
    }

    // MARK: What the ledger says

    /// These totals are durable: debits may go so far. Never lowers.
    public func extend(to durable: ClassTotals) {
        resuming { $0.leases.extend(to: durable) }
    }

    /// The period is over: whoever wants to spend waits for the next.
    public func end() {
        state.withLock { $0.leases.end() }
    }

    /// A new period.
    public func begin(terms: Terms, durable: ClassTotals) {
        resuming { state in
            state.isOver = nil
            state.leases.begin(terms: terms, durable: durable)
        }
    }

    /// New terms within the period.
    public func amend(_ terms: Terms) {
        resuming { $0.leases.amend(terms) }
    }

    /// Now and then, however little is sent: leases from a burst are lowered. `elapsed` is since the last time.
    public func review(after elapsed: Duration) {
        if let usage = state.withLock({ $0.leases.takeReview(after: elapsed) }) { onLow(usage) }
    }

    /// The end of this run: nothing can be spent any more. What is returned is to be settled with.
    public func close() -> Usage {
        resuming {
            $0.isClosed = true
            return $0.leases.close()
        }
    }

    // MARK: -

    private func renewing<Outcome>(_ change: (inout State) -> Outcome) -> Outcome {
        let (outcome, low) = state.withLock { state in
            if let isOver = state.isOver { state.leases.isOver = isOver() }
            return (change(&state), state.leases.takeRenewal())
        }
        if let low { onLow(low) }
        return outcome
    }

    private func resuming<Outcome>(_ change: (inout State) -> Outcome) -> Outcome {
        let (outcome, waiters) = state.withLock { state in
            defer { state.waiters = [] }
            return (change(&state), state.waiters)
        }
        for resume in waiters { resume() }
        // What the waiters wanted may exceed the new lease already.
        if let low = state.withLock({ $0.leases.takeRenewal() }) { onLow(low) }
        return outcome
    }

    private func debitOrWait(_ size: ByteCount, from traffic: TrafficClass) async -> Bool {
        let extended = OneShot()
        if debit(size, from: traffic, orResume: { extended.fire() }) { return true }
        // Closed before the waiter was there, nobody would call it.
        guard !state.withLock(\.isClosed) else { return false }
        await withTaskCancellationHandler {
            await extended.wait()
        } onCancel: {
            extended.fire()
        }
        return false
    }
}

/// Something that happens once, and one task that waits for it.
private final class OneShot: Sendable {
    private enum Phase {
        case pending
        case awaited(CheckedContinuation<Void, Never>)
        case fired
    }

    private let phase = Mutex(Phase.pending)

    func wait() async {
        await withCheckedContinuation { continuation in
            let fired = phase.withLock { phase in
                if case .fired = phase { return true }
                phase = .awaited(continuation)
                return false
            }
            if fired { continuation.resume() }
        }
    }

    func fire() {
        let continuation: CheckedContinuation<Void, Never>? = phase.withLock { phase in
            defer { phase = .fired }
            guard case .awaited(let continuation) = phase else { return nil }
            return continuation
        }
        continuation?.resume()
    }
}
