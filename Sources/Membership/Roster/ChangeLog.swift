internal import Primitives

/// The order in which this run learnt what is in its table. An item that changed again stands at its last change only,
/// so the log is never longer than the table (and a little waste), and a cursor of any age can be served.
struct ChangeLog: Equatable, Sendable {
    /// One statement's place in the table.
    enum Item: Hashable, Sendable {
        case card
        case status
        case departure
        case verdict(by: ShortID)
    }

    struct Change: Equatable, Sendable {
        let position: UInt64
        let member: ShortID
        let item: Item
    }

    /// Tells this run's log from that of any other run.
    var epoch: UInt64 = 0
    /// The position of the last change; 0 when there was none.
    private(set) var head: UInt64 = 0
    /// In order of positions; some are outdated.
    private var changes: [Change] = []
    private var compactedCount = 0

    mutating func append(_ item: Item, of member: ShortID) -> UInt64 {
        head += 1
        changes.append(Change(position: head, member: member, item: item))
        return head
    }

    func changes(after position: UInt64) -> ArraySlice<Change> {
        changes[changes.partitioningIndex { $0.position > position }...]
    }

    /// Whether so much was appended that `compact` is worth its pass.
    var isWasteful: Bool { changes.count > 2 * compactedCount + 64 }

    mutating func compact(keeping isCurrent: (Change) -> Bool) {
        changes.removeAll { !isCurrent($0) }
        compactedCount = changes.count
    }
}

/// When this run learnt a statement, and from whom.
struct Stamp: Equatable, Sendable {
    /// In the change log; 0 for what was there before the log began, and what need not be passed on.
    var position: UInt64 = 0
    /// It is never told back to where it came from.
    var source: NodeID?
}
