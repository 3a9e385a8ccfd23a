internal import Primitives

/// Some positions of a change log: a bit for each from the first to the last of them.
struct Positions: Equatable, Sendable {
    /// 64 of them each, from `start` of 64 on.
    private var words: [UInt64] = []
    private var start: UInt64 = 0

    private static let width: UInt64 = 64

    func contains(_ position: UInt64) -> Bool {
        let word = position / Self.width
        guard word >= start, word - start < words.count else { return false }
        return words[Int(word - start)] & Self.bit(position) != 0
    }

    mutating func insert(_ position: UInt64) {
        let word = position / Self.width
        if words.isEmpty { start = word }
        if word < start {
            words.insert(contentsOf: repeatElement(0, count: Int(start - word)), at: 0)
            start = word
        }
        while word - start >= words.count { words.appendSparingly(0) }
        words[Int(word - start)] |= Self.bit(position)
    }

    /// Forgets all up to this one, as far as whole words tell of nothing else.
    mutating func forget(through position: UInt64) {
        let word = (position + 1) / Self.width
        guard word > start, !words.isEmpty else { return }
        words.removeFirst(Int(min(word - start, UInt64(words.count))))
        start = word
    }

    private static func bit(_ position: UInt64) -> UInt64 { 1 << (position % width) }
}
