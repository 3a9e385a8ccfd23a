public import Primitives

/// A withdrawal that this node remembers, as it stands on disk.
public struct RememberedWithdrawal: Equatable, Sendable {
    public let statement: Verified<Withdrawal>
    /// It withdrew a posting that was known here: where room must be made, those that never did go first. Postings do
    /// not outlive a restart, so that this cannot be found out again.
    public let isEffective: Bool

    public init(_ statement: Verified<Withdrawal>, isEffective: Bool) {
        self.statement = statement
        self.isEffective = isEffective
    }

    public var file: FileID { statement.value.file }
    public var publisher: NodeID { statement.value.publisher }
}
