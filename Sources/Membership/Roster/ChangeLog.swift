internal import Primitives

/// What this run learnt, in order. What has been said again since is outdated: only its last saying is told. What all
/// neighbours have, and is no longer young, is dropped, so that the log is short however large the table is.
struct ChangeLog: Equatable, Sendable {
    struct Change: Equatable, Sendable {
        let position: UInt64
        let news: News
    }

    /// Tells this run's log from that of any other run.
    var epoch: UInt64 = 0
    /// The position of the last change; 0 when there was none.
    private(set) var head: UInt64 = 0
    /// In order of positions; some are outdated.
    private var changes: [Change] = []
    /// Where each author's card stands among them.
    private var cards: [ShortID: UInt64] = [:]
    private var compactedCount = 0
    /// Positions of earlier moments, in order, the last of which is old.
    private var marks: [Mark] = []

    private struct Mark: Equatable, Sendable {
        let at: Instant
        let position: UInt64
    }

    mutating func append(_ news: News) {
        head += 1
        changes.append(Change(position: head, news: news))
        if case .card(let card) = news { cards[card.nodeID.short] = head }
    }

    func changes(after position: UInt64) -> ArraySlice<Change> {
        changes[changes.partitioningIndex { $0.position > position }...]
    }

    /// Whether the author's card stands there.
    func hasCard(of author: ShortID, after position: UInt64) -> Bool { cards[author].map { $0 > position } ?? false }

    /// Whether so much was appended that `compact` is worth its pass.
    var isWasteful: Bool { changes.count > 2 * compactedCount + 64 }

    mutating func compact(keeping isCurrent: (News) -> Bool) {
        changes.removeAll { !isCurrent($0.news) }
        compactedCount = changes.count
    }

    /// Drops what everybody has acknowledged and is older than `age`.
    mutating func drop(acknowledged: UInt64, olderThan age: Duration, at now: Instant) {
        marks.append(Mark(at: now, position: head))
        guard let old = marks.lastIndex(where: { now - $0.at >= age }) else { return }
        let limit = min(acknowledged, marks[old].position)
        marks.removeFirst(old)
        // A slice would keep the room that the long log of a start had.
        changes = Array(changes(after: limit))
        cards = cards.filter { $0.value > limit }
        compactedCount = changes.count
    }
}
