public import Allowance

/// What is sent while a new period is due that may not begin yet is counted to the old one, and once more to the new
/// one when that begins: the provider may count it to either.
public struct PeriodTurn: Sendable {
    private enum Phase {
        case settled
        /// What was spent before, all in the period with that number in this run.
        case waiting(ClassTotals, era: UInt32)
        case owing(ClassTotals, era: UInt32)
    }

    private var phase = Phase.settled

    public init() {}

    /// A new period is due, and may not begin.
    /// - Parameters:
    ///   - spent: in the period of the account.
    ///   - era: that period's number in this run.
    public mutating func wait(spent: ClassTotals, era: UInt32) {
        if case .settled = phase { phase = .waiting(spent, era: era) }
    }

    /// It begins: what is sent from now on waits for it.
    public mutating func end(spent: ClassTotals) {
        guard case .waiting(let before, let era) = phase else { return }
        phase = .owing((spent - before).max(.zero), era: era)
    }

    /// What the new period owes, once it has begun; nothing where none does after all.
    public mutating func settle(era now: UInt32) -> ClassTotals? {
        switch phase {
        case .settled: return nil
        case .waiting:
            phase = .settled
            return nil
        case .owing(let owed, let era):
            guard now != era else { return nil }
            phase = .settled
            return owed
        }
    }
}
