public import Allowance
public import Catalogue
public import Membership
public import Primitives

/// Something to be kept on disk.
public enum Record: Equatable, Sendable {
    case member(MemberRecord)
    case holding(HoldingRecord)
    case ledger(LedgerState)
}

/// All that was kept: what a node starts from.
public struct Restored: Sendable {
    public var news: [Verified<News>]
    /// The highest version this node ever gave a statement of its own.
    public var lastVersion: UInt64
    public var holdings: [Holding]
    public var withdrawals: [RememberedWithdrawal]
    /// Drafts of withdrawals that are still to be signed.
    public var owed: [Withdrawal]
    public var denials: [Denial]
    public var ledger: LedgerState?

    public init(
        news: [Verified<News>] = [], lastVersion: UInt64 = 0, holdings: [Holding] = [],
        withdrawals: [RememberedWithdrawal] = [], owed: [Withdrawal] = [], denials: [Denial] = [],
        ledger: LedgerState? = nil
    ) {
        self.news = news
        self.lastVersion = lastVersion
        self.holdings = holdings
        self.withdrawals = withdrawals
        self.owed = owed
        self.denials = denials
        self.ledger = ledger
    }
}
