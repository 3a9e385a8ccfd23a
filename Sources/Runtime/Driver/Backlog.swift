import Allowance
import Catalogue
import Membership
import Overlay
import Primitives

/// What waits to be written, in order, and what waits for that.
///
/// The database may refuse for days. What it then holds stays bounded: of records that replace each other the newest is
/// kept, so that there is one for each member, file and withdrawal known; of answers to other nodes, which have long
/// given up waiting, the newest `replies`; and all else that waits follows from files being taken in, which nobody does
/// while the database refuses.
struct Backlog {
    struct Entry {
        var records: [Record]
        /// It ends in answers to other nodes only.
        var isReply = false
        var then: (@Sendable () -> Void)?
    }

    /// More answers than that, when it is tidied, are not given: as many as a busy node is asked for in some seconds.
    static let replies = 1_024
    /// It is tidied when it has grown to that, and each time it has doubled since.
    static let tidy = 4_096

    private(set) var entries: [Entry] = []
    private var tidyAt = Self.tidy

    var records: [Record] { entries.flatMap(\.records) }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        if entries.count >= tidyAt { compact() }
    }

    /// Puts earlier ones back, which were refused.
    mutating func putBack(_ earlier: Backlog) {
        entries = earlier.entries + entries
        compact()
    }

    mutating func compact() {
        var isKnown = Set<Key>()
        var forgotten: [ShortID: Int] = [:]
        var replies = 0
        for index in entries.indices.reversed() {
            var kept: [Record] = []
            for record in entries[index].records.reversed() {
                if case .member(.forget(let id)) = record { forgotten[id.short, default: 0] += 1 }
                if isKnown.insert(Key(record, forgotten)).inserted { kept.append(record) }
            }
            entries[index].records = kept.reversed()
            guard entries[index].isReply, entries[index].then != nil else { continue }
            replies += 1
            if replies > Self.replies { entries[index].then = nil }
        }
        entries.removeAll { $0.records.isEmpty && $0.then == nil }
        tidyAt = max(Self.tidy, 2 * entries.count)
    }

    /// Of two records with the same key the later replaces the earlier, whatever was written in between.
    private enum Key: Hashable {
        case ledger
        case ownVersion
        /// Those from before a member was forgotten, which took them all, are others than those from after it.
        case news(ShortID, kind: Int, issuer: ShortID?, era: Int)
        case forgotten(ShortID, era: Int)
        case holding(FileID)
        case pieces(FileID)
        case complete(FileID)
        case removed(FileID)
        case withdrawal(FileID, NodeID)
        case owed(FileID)
        case denial(Denial)

        init(_ record: Record, _ forgotten: [ShortID: Int]) {
            switch record {
            case .ledger: self = .ledger
            case .member(.ownVersion): self = .ownVersion
            case .member(.forget(let id)): self = .forgotten(id.short, era: forgotten[id.short] ?? 0)
            case .member(.news(let news)):
                let subject = news.value.subject
                let era = forgotten[subject] ?? 0
                switch news.value {
                case .card: self = .news(subject, kind: 1, issuer: nil, era: era)
                case .status: self = .news(subject, kind: 2, issuer: nil, era: era)
                case .verdict(let verdict): self = .news(subject, kind: 3, issuer: verdict.issuer, era: era)
                case .departure: self = .news(subject, kind: 4, issuer: nil, era: era)
                }
            case .holding(.holding(let holding)): self = .holding(holding.file)
            case .holding(.pieces(let file, _)): self = .pieces(file)
            case .holding(.complete(let file, _)): self = .complete(file)
            case .holding(.removed(let file)): self = .removed(file)
            case .holding(.withdrawal(let withdrawal)):
                self = .withdrawal(withdrawal.file, withdrawal.publisher)
            case .holding(.withdrawalForgotten(let file, let publisher)): self = .withdrawal(file, publisher)
            case .holding(.withdrawalOwed(let withdrawal)): self = .owed(withdrawal.file)
            case .holding(.withdrawalSettled(let file)): self = .owed(file)
            case .holding(.denial(let denial)), .holding(.denialLifted(let denial)): self = .denial(denial)
            }
        }
    }
}
