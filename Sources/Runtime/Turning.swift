import Allowance
import Overlay
import Primitives
import Transport

/// The turn of a period in the account: see `PeriodTurn`.
struct Turning {
    private let account: Account
    private var turn = PeriodTurn()

    init(_ account: Account) {
        self.account = account
        if account.isSuspended(for: .clock) { wait() }
    }

    /// A new period is due, and may not begin.
    mutating func wait() { turn.wait(spent: account.usage.spent, era: account.era) }

    /// It begins: what is sent from now on waits for it.
    mutating func end() {
        account.end { true }
        turn.end(spent: account.usage.spent)
    }

    /// Counts what is owed, once the new period has begun; nothing where none does after all.
    mutating func settle() {
        let now = account.era
        guard let owed = turn.settle(era: now) else { return }
        for kind in TrafficClass.allCases {
            _ = account.record(owed[kind], likely: .zero, for: kind, in: now)
        }
    }
}
