import Primitives

/// The nodes a file can be fetched from, and how each has done so far: who is asked next, and who is left alone.
struct HolderPool: Equatable {
    struct Holder: Equatable {
        let url: String
        var inFlight = 0
        /// Since it last sent something right.
        var failuresInARow = 0
        /// Not asked before this moment.
        var restsUntil = Instant.zero
        /// Sent a piece that does not match: never asked again.
        var isExcluded = false
        var delivered = ByteCount.zero
    }

    private(set) var holders: [Holder] = []

    /// Mirror lists name a handful; more would only cost connections.
    static let limit = 32
    /// A holder that failed rests for a second, then two, four, …
    static let firstRest = Duration.seconds(1)
    static let longestRest = Duration.seconds(30)

    /// Adds holders that are not known yet, in the order in which they are to be preferred.
    mutating func add(_ urls: [String]) {
        for url in urls where holders.count < Self.limit && !holders.contains(where: { $0.url == url }) {
            holders.append(Holder(url: url))
        }
    }

    /// The holder to ask next, taken: the least busy of those that may be asked, the most reliable of these, the first.
    mutating func take(at now: Instant) -> String? {
        let index = holders.indices
            .filter { !holders[$0].isExcluded && holders[$0].restsUntil <= now }
            .min { rank($0) < rank($1) }
        guard let index else { return nil }
        holders[index].inFlight += 1
        return holders[index].url
    }

    /// The holder sent what it was asked for.
    mutating func succeeded(_ url: String, _ size: ByteCount) {
        change(url) { holder in
            holder.failuresInARow = 0
            holder.delivered += size
        }
    }

    /// The holder did not answer, refused or broke off; it may be asked again later, not before `rest` has passed.
    mutating func failed(_ url: String, rest: Duration? = nil, at now: Instant) {
        change(url) { holder in
            let doubled = Self.firstRest * (1 << min(holder.failuresInARow, 10))
            holder.failuresInARow += 1
            holder.restsUntil = now + max(min(doubled, Self.longestRest), min(rest ?? .zero, Self.longestRest))
        }
    }

    /// The holder sent bytes that are not the file's.
    mutating func exclude(_ url: String) {
        change(url) { $0.isExcluded = true }
    }

    /// Nobody is left who may ever be asked.
    var isExhausted: Bool { holders.allSatisfy(\.isExcluded) }

    private func rank(_ index: Int) -> (Int, Int, Int) {
        (holders[index].inFlight, holders[index].failuresInARow, index)
    }

    private mutating func change(_ url: String, _ body: (inout Holder) -> Void) {
        guard let index = holders.firstIndex(where: { $0.url == url }) else { return }
        holders[index].inFlight -= 1
        body(&holders[index])
    }
}
