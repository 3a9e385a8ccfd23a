internal import Primitives

/// What this run learnt, in order. What has been said again since is outdated: only its last saying is told. What all
/// neighbours have, and is no longer young, is dropped, so that the log is short however large the table is.
struct ChangeLog: Equatable, Sendable {
    struct Change: Equatable, Sendable {
        let position: UInt64
        let news: News
        let digest: UInt32
        /// Its subject has said something newer.
        fileprivate(set) var isOutdated = false
        /// How often it was told word for word.
        fileprivate(set) var tellings: UInt8 = 0
        /// The card of a newcomer, which a small network tells to everybody word for word.
        fileprivate(set) var isIntroduction = false
    }

    /// Tells this run's log from that of any other run.
    var epoch: UInt32 = 0
    /// The position of the last change; 0 when there was none.
    private(set) var head: UInt64 = 0
    /// In order of positions; some are outdated.
    private var changes: [Change] = []
    /// The position of each, as far as 32 bits tell it.
    private var places: [UInt32: UInt32] = [:]
    /// Where each author's card stands among them.
    private var cards: [ShortID: UInt64] = [:]
    private var compactedCount = 0
    /// Positions of earlier moments, in order, the last of which is old.
    private var marks: [Mark] = []

    private struct Mark: Equatable, Sendable {
        let at: Instant
        let position: UInt64
    }

    mutating func append(_ news: News, isIntroduction: Bool = false) {
        head += 1
        let change = Change(position: head, news: news, digest: news.digest, isIntroduction: isIntroduction)
        changes.appendSparingly(change)
        places[change.digest] = UInt32(truncatingIfNeeded: head)
        if case .card(let card) = news { cards[card.nodeID.short] = head }
    }

    func changes(after position: UInt64) -> ArraySlice<Change> {
        changes[changes.partitioningIndex { $0.position > position }...]
    }

    func position(of digest: UInt32) -> UInt64? { places[digest].map(position) }

    func change(_ digest: UInt32) -> Change? {
        index(of: digest).map { changes[$0] }
    }

    /// It was told, or to so many.
    mutating func told(_ position: UInt64, times: Int = 1) {
        guard let index = index(of: position) else { return }
        changes[index].tellings = UInt8(clamping: Int(changes[index].tellings) + times)
    }

    /// Something newer has taken its place.
    mutating func outdate(_ news: News) {
        if let index = index(of: news.digest) { changes[index].isOutdated = true }
    }

    private func index(of digest: UInt32) -> Int? { position(of: digest).flatMap(index) }

    /// The last position that ends on these bits.
    private func position(_ bits: UInt32) -> UInt64 { head - UInt64(UInt32(truncatingIfNeeded: head) &- bits) }

    private func index(of position: UInt64) -> Int? {
        let index = changes.partitioningIndex { $0.position >= position }
        return index < changes.count && changes[index].position == position ? index : nil
    }

    /// Where the author's card stands.
    func card(of author: ShortID) -> UInt64? { cards[author] }

    /// Whether so much was appended that `compact` is worth its pass.
    var isWasteful: Bool { changes.count > compactedCount + compactedCount / 4 + 64 }

    mutating func compact(keeping isCurrent: (Change) -> Bool) {
        changes.removeAll { !isCurrent($0) }
        compactedCount = changes.count
    }

    /// Drops what everybody has acknowledged and is older than `age`.
    mutating func drop(acknowledged: UInt64, olderThan age: Duration, at now: Instant) {
        marks.append(Mark(at: now, position: head))
        guard let mark = marks.lastIndex(where: { now - $0.at >= age }) else { return }
        let old = marks[mark].position
        let limit = min(acknowledged, old)
        marks.removeFirst(mark)
        if let first = changes.first, first.position <= limit {
            // A slice would keep the room that the long log of a start had.
            changes = Array(changes(after: limit))
            cards = cards.filter { $0.value > limit }
            compactedCount = changes.count
        }
        // What is outdated is remembered as long as it is young: a mention of it is not to be followed.
        if places.count > changes.count {
            places = places.filter { position($0.value) > old || index(of: position($0.value)) != nil }
        }
    }
}
