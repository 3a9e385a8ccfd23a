internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// What one node has on disk, and what it is still writing: all that a crash leaves of it.
///
/// It keeps what `Storage` promises: a transaction is whole or absent, and durable before anybody hears of it; pieces
/// are reported once they are durable, and what was written of others is found at the next start, unless the power
/// failed. A disk that is full takes no transaction but the account, which has a file of its own.
struct VirtualDisk {
    /// Some records, and what waits for them.
    struct Entry {
        var records: [Record]
        var then: [Overlay::Action]

        /// All that it is about is the account.
        var isAccount: Bool { !records.isEmpty && records.allSatisfy { if case .ledger = $0 { true } else { false } } }
    }

    private(set) var holdings: [FileID: Holding] = [:]
    private(set) var withdrawals: [FileID: [NodeID: RememberedWithdrawal]] = [:]
    private(set) var owed: [FileID: Withdrawal] = [:]
    private(set) var denials: Set<Denial> = []
    private(set) var ledger: LedgerState?
    /// The last lease written for each period, by its start: one that has ended may still be spent from for a moment.
    private(set) var leases: [WallTime: ClassTotals] = [:]
    /// The highest sequence under which each file was ever posted here and durably so; and what was ever here as a
    /// whole.
    private(set) var accepted: [FileID: UInt64] = [:]
    private(set) var heldOnce: Set<FileID> = []
    /// Pieces whose bytes are here, whatever the records say.
    private(set) var bytes: [FileID: Bitfield] = [:]
    /// The cards that came with the installation: one list for all disks of the world.
    private var installed: [Verified<News>] = []
    /// What has been written since; nothing where a member was forgotten.
    private var news: [ShortID: [NewsKey: Verified<News>?]] = [:]
    private var ownVersion: UInt64 = 0

    /// Pieces that were handed to the system, and are not durable yet.
    private var unsynchronised: [(file: FileID, pieces: Range<Int>)] = []
    /// How many of them crashes have torn.
    private(set) var tornPieces = 0
    /// When all of them will be.
    var synchronisedAt = Instant.zero
    /// What gathers while another transaction is being written.
    private var waiting: [Entry] = []
    private(set) var writing: [Entry] = []
    private(set) var isWriting = false
    /// It took nothing the last time.
    private(set) var isRefusing = false

    // MARK: Writing

    /// True when the disk was idle and begins with this.
    mutating func persist(_ records: [Record], then: [Overlay::Action]) -> Bool {
        waiting.append(Entry(records: records, then: then))
        return !isWriting && !isRefusing && beginNext()
    }

    /// The transaction under way has ended; returns what may be done now. Where it is refused, it is put back, but for
    /// the account.
    mutating func finish(isRefused: Bool) -> [Overlay::Action] {
        let entries = writing
        writing = []
        isWriting = false
        isRefusing = isRefused
        guard isRefused else {
            for entry in entries { for record in entry.records { apply(record) } }
            return entries.flatMap(\.then)
        }
        var put: [Entry] = []
        var then: [Overlay::Action] = []
        for entry in entries {
            for record in entry.records { if case .ledger = record { apply(record) } }
            if entry.isAccount { then += entry.then } else { put.append(entry) }
        }
        waiting = put + waiting
        return then
    }

    /// Whether there is another transaction to write; it begins.
    mutating func beginNext() -> Bool {
        guard !isWriting, !waiting.isEmpty else {
            // Where only the account was refused, which is told so at once, nothing waits; what comes next is tried.
            if !isWriting { isRefusing = false }
            return false
        }
        (writing, waiting) = (waiting, [])
        isWriting = true
        return true
    }

    /// What was not durable is lost.
    /// - Parameters:
    ///   - isWritten: the transaction under way, which is whole or absent.
    ///   - isPowerLost: the system went too, and with it the pieces that were not durable, wholly or in part.
    mutating func crash(keepingLast isWritten: Bool, isPowerLost: Bool, using generator: inout Generator) {
        if isWritten, isWriting { _ = finish(isRefused: isRefusing) }
        (writing, waiting) = ([], [])
        (isWriting, isRefusing) = (false, false)
        for write in unsynchronised {
            for piece in write.pieces {
                // What is torn is no piece.
                if isPowerLost, Bool.random(using: &generator) {
                    tornPieces += 1
                } else {
                    bytes[write.file]?[piece] = true
                }
            }
        }
        unsynchronised = []
        synchronisedAt = .zero
    }

    private mutating func apply(_ record: Record) {
        switch record {
        case .member(.news(let item)): news[item.value.subject, default: [:]][NewsKey(item.value)] = .some(item)
        case .member(.forget(let id)):
            let nothing: Verified<News>? = nil
            news[id.short] = [NewsKey(cardOf: id.short): nothing]
        case .member(.ownVersion(let version)): ownVersion = max(ownVersion, version)
        case .holding(.holding(let holding)):
            holdings[holding.file] = holding
            if holding.isOwn { accepted[holding.file] = holding.manifest.value.posting.sequence }
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

    func isPrepared(_ file: FileID) -> Bool { bytes[file] != nil }

    mutating func write(_ pieces: Range<Int>, of file: FileID) { unsynchronised.append((file, pieces)) }

    mutating func synchronise(_ pieces: Range<Int>, of file: FileID) {
        if let place = unsynchronised.firstIndex(where: { $0.file == file && $0.pieces == pieces }) {
            unsynchronised.remove(at: place)
        }
        bytes[file]?.insert(pieces)
    }

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

    /// As at every start: bytes without a record are thrown away, and whole pieces without one are found.
    mutating func reconcile() {
        bytes = bytes.filter { holdings[$0.key] != nil }
        for (file, pieces) in bytes {
            for run in pieces.runs { holdings[file]?.pieces.insert(run) }
        }
    }

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
        guard !news.isEmpty else { return installed }
        let written = news.values.flatMap(\.self).sorted { $0.key < $1.key }.compactMap(\.value)
        return installed.filter { news[$0.value.subject]?[NewsKey($0.value)] == nil } + written
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
