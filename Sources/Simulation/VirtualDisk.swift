internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// What one node has on disk, and what it is still writing: all that a crash leaves of it.
struct VirtualDisk {
    /// A transaction, and what waits for it.
    struct Write {
        var records: [Record] = []
        var then: [Overlay::Action] = []
    }

    private(set) var holdings: [FileID: Holding] = [:]
    private(set) var withdrawals: [FileID: [NodeID: RememberedWithdrawal]] = [:]
    private(set) var owed: [FileID: Withdrawal] = [:]
    private(set) var denials: Set<Denial> = []
    private(set) var ledger: LedgerState?
    /// The last lease written for each period, by its start: one that has ended may still be spent from for a moment.
    private(set) var leases: [WallTime: ClassTotals] = [:]
    /// What was ever posted here and durably so, and what was ever here as a whole.
    private(set) var accepted: Set<FileID> = []
    private(set) var heldOnce: Set<FileID> = []
    /// Pieces whose bytes are here, whatever the records say.
    private(set) var bytes: [FileID: Bitfield] = [:]
    /// The cards that came with the installation: one list for all disks of the world.
    private var installed: [Verified<News>] = []
    /// What has been written since; nothing where a member was forgotten.
    private var news: [NewsKey: Verified<News>?] = [:]
    private var ownVersion: UInt64 = 0

    /// What gathers while another transaction is being written.
    private var waiting: Write?
    private(set) var writing: Write?

    // MARK: Writing

    /// True when the disk was idle and begins with this.
    mutating func persist(_ records: [Record], then: [Overlay::Action]) -> Bool {
        var write = waiting ?? Write()
        write.records += records
        write.then += then
        waiting = write
        return writing == nil ? beginNext() : false
    }

    /// The transaction under way is durable; what waited for it may be done.
    mutating func finish() -> [Overlay::Action] {
        guard let write = writing else { return [] }
        for record in write.records { apply(record) }
        writing = nil
        return write.then
    }

    /// Whether there is another transaction to write; it begins.
    mutating func beginNext() -> Bool {
        (writing, waiting) = (waiting, nil)
        return writing != nil
    }

    /// What was not durable is lost. The transaction under way is whole or absent.
    mutating func crash(keepingLast isWritten: Bool) {
        if isWritten { _ = finish() }
        (writing, waiting) = (nil, nil)
    }

    private mutating func apply(_ record: Record) {
        switch record {
        case .member(.news(let item)): news[NewsKey(item.value)] = .some(item)
        case .member(.forget(let id)):
            news = news.filter { $0.key.subject != id.short }
            news[NewsKey(cardOf: id.short)] = .some(nil)
        case .member(.ownVersion(let version)): ownVersion = max(ownVersion, version)
        case .holding(.holding(let holding)):
            holdings[holding.file] = holding
            if holding.isOwn { accepted.insert(holding.file) }
            if hasWhole(holding.file) { heldOnce.insert(holding.file) }
        case .holding(.pieces(let file, let pieces)): holdings[file]?.pieces = pieces
        case .holding(.complete(let file, let sha256)):
            holdings[file]?.sha256 = sha256
            if hasWhole(file) { heldOnce.insert(file) }
        case .holding(.removed(let file)): holdings[file] = nil
        case .holding(.withdrawal(let withdrawal)):
            withdrawals[withdrawal.file, default: [:]][withdrawal.publisher] = withdrawal
        case .holding(.withdrawalForgotten(let file, let publisher)): withdrawals[file]?[publisher] = nil
        case .holding(.withdrawalOwed(let withdrawal)): owed[withdrawal.file] = withdrawal
        case .holding(.withdrawalSettled(let file)): owed[file] = nil
        case .holding(.denial(let denial)): denials.insert(denial)
        case .holding(.denialLifted(let denial)): denials.remove(denial)
        case .ledger(let state):
            ledger = state
            leases[state.period.starts] = state.leased
        }
    }

    /// Cards that come with the installation.
    mutating func install(_ cards: [Verified<News>]) { installed = cards }

    // MARK: Files

    mutating func prepare(_ manifest: Manifest) {
        if bytes[manifest.file] == nil { bytes[manifest.file] = Bitfield(count: manifest.geometry.count) }
    }

    mutating func store(_ pieces: Range<Int>, of file: FileID) { bytes[file]?.insert(pieces) }

    mutating func storeAll(of manifest: Manifest) {
        bytes[manifest.file] = Bitfield(count: manifest.geometry.count, full: true)
    }

    mutating func discard(_ file: FileID) { bytes[file] = nil }

    /// Whether the bytes of these pieces are here.
    func has(_ pieces: Range<Int>, of file: FileID) -> Bool { bytes[file]?.contains(pieces) ?? false }

    /// Whether a whole copy is here and recorded as such.
    func hasWhole(_ file: FileID) -> Bool {
        holdings[file]?.isComplete == true && bytes[file]?.isFull == true
    }

    /// Bytes without a record are thrown away, as at every start.
    mutating func clear() { bytes = bytes.filter { holdings[$0.key] != nil } }

    // MARK: Restarting

    var restored: Restored {
        Restored(
            news: knownNews, lastVersion: ownVersion,
            holdings: holdings.values.sorted { $0.file < $1.file },
            withdrawals: withdrawals.values.flatMap(\.values).sorted {
                ($0.file, $0.publisher) < ($1.file, $1.publisher)
            },
            owed: owed.values.sorted { $0.file < $1.file }, denials: denials.sorted(), ledger: ledger)
    }

    private var knownNews: [Verified<News>] {
        let written = news.sorted { $0.key < $1.key }.compactMap(\.value)
        return installed.filter { news[NewsKey($0.value)] == nil } + written
    }

    /// Records of pieces whose bytes are not here.
    var lies: [FileID] {
        holdings.values.filter { holding in
            holding.pieces.runs.contains { !has($0, of: holding.file) }
        }.map(\.file).sorted()
    }
}

/// What of the news replaces each other.
private struct NewsKey: Hashable, Comparable {
    let subject: ShortID
    let kind: UInt8
    let issuer: ShortID

    /// Of a member's card.
    init(cardOf member: ShortID) {
        (subject, kind, issuer) = (member, 0, member)
    }

    init(_ news: News) {
        subject = news.subject
        issuer = news.author
        kind =
            switch news {
            case .card: 0
            case .status: 1
            case .departure: 2
            case .verdict: 3
            }
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.subject, left.kind, left.issuer) < (right.subject, right.kind, right.issuer)
    }
}
