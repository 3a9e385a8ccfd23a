import Allowance
import Primitives
import Transport

/// What is sent while a new period is due that may not begin yet is counted to the old one, and once more to the new
/// one when that begins: the provider may count it to either.
struct Turning {
    private enum Phase {
        case settled
        /// What was spent before, all in the period with that number in this run.
        case waiting(ClassTotals, era: UInt32)
        case owing(ClassTotals, era: UInt32)
    }

    private let account: Account
    private var phase: Phase

    init(_ account: Account) {
        self.account = account
        phase = account.isSuspended(for: .clock) ? .waiting(account.usage.spent, era: account.era) : .settled
    }

    /// A new period is due, and may not begin.
    mutating func wait() {
        if case .settled = phase { phase = .waiting(account.usage.spent, era: account.era) }
    }

    /// It begins: what is sent from now on waits for it.
    mutating func end() {
        account.end { true }
        guard case .waiting(let before, let era) = phase else { return }
        phase = .owing((account.usage.spent - before).max(.zero), era: era)
    }

    /// Counts what is owed, once the new period has begun; nothing where none does after all.
    mutating func settle() {
        switch phase {
        case .settled: break
        case .waiting: phase = .settled
        case .owing(let owed, let era):
            let now = account.era
            guard now != era else { return }
            for kind in TrafficClass.allCases {
                _ = account.record(owed[kind], likely: .zero, for: kind, in: now)
            }
            phase = .settled
        }
    }
}
