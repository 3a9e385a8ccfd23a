internal import OrderedCollections
public import Primitives

/// The catalogue of one node: which files are offered, who holds them, and what this node does about it, as a holder,
/// as one of a file's trackers, and for clients that ask here.
///
/// A pure machine: what happened goes in by `handle`, what is to be done comes out. The shell delivers `.wake` when
/// `nextDeadline` has come.
public struct Curator: Sendable {
    public let own: NodeID
    public let policy: Policy
    let settings: Settings
    let limits: Limits
    var generator: Generator

    var members: MemberTable
    var files = KnownFiles()
    var withdrawals: WithdrawalTable
    /// What this node posted for longer before is to be taken back, and that is not signed yet.
    var owed = FileTable<Withdrawal>()
    var denied: Set<Denial>
    /// Publishers that stated a false digest of a file, and up to which posting; the oldest first.
    var refused: OrderedDictionary<PostingKey, UInt64> = [:]
    /// Postings whose files nobody could describe; who was asked longest ago first.
    var undescribed: OrderedDictionary<PostingKey, Undescribed> = [:]
    /// What routing was told of each file.
    var routed: [FileID: Picture] = [:]
    /// How many files are looked up only.
    var cachedCount = 0
    /// How many files began to be tracked.
    var trackedCount: UInt64 = 0
    /// Who has how much of a full table, for a moment.
    var crowd: Crowd?
    /// Members that were caught lying, who was caught last at the end.
    var caught: OrderedDictionary<NodeID, Misdeeds> = [:]
    /// Publishers whose files are declined since they have their share of the disk, who was last at the end.
    var greedy: OrderedSet<NodeID> = []
    /// Members that declined a publisher's file since they hold enough for it, who did last at the end.
    var sated: OrderedDictionary<Sated.Pair, Sated> = [:]
    /// Files that no tracker knew, and until when that is believed; the oldest first.
    var negatives: OrderedDictionary<FileID, Negative> = [:]
    /// What look-ups that find nothing may still cost.
    var unknowns = Budget()
    var lookUps: [FileID: LookUp] = [:]
    /// Files that clients wanted before this node had started.
    var early: [FileID] = []
    var pulls: [FileID: Pull] = [:]
    /// The files being fetched, in the order they were accepted.
    var pullOrder: [FileID] = []
    var fetches: [FetchID: FileID] = [:]
    var outboxes: [NodeID: Outbox] = [:]
    var inquiries: [NodeID: Inquiry] = [:]
    var leaving: Leaving?
    var calls: [CallID: Call] = [:]
    var lastNumber: UInt64 = 0
    var agenda = Agenda()
    /// What may be sent and stored yet, and what there was for the files of others when that was measured, those that
    /// were here included.
    var capacity = (replication: ByteCount.zero, freeDisk: ByteCount.zero, forOthers: ByteCount.zero)
    /// The wall clock as it was last read; nothing before the start.
    var clock: (wall: WallTime, at: Instant)?
    /// Whether somebody else agrees with the clock, or nobody is there to ask.
    var isClockConfirmed = false
    /// When this run began, by the wall clock.
    var began = WallTime(milliseconds: .max)
    /// When the next posting or withdrawal ends, whether that is waited for, and when the calendar was last gone
    /// through.
    var calendar = Calendar()
    /// The moment of the event under way.
    var now = Instant.zero
    var turn = Turn()

    struct Calendar: Sendable {
        var soonest: WallTime?
        var isArranged = false
        var lookedAt: Instant?
    }

    /// What the event under way leads to.
    struct Turn: Sendable {
        var actions: [Action] = []
        /// Files whose routes may have changed, in the order that happened.
        var changed: OrderedSet<FileID> = []
        var resolved: [(file: FileID, outcome: LookUpOutcome)] = []
        /// Trackers that there is something to ask.
        var inquired: OrderedSet<NodeID> = []
    }

    /// A question to another node, until it is answered.
    struct Call: Sendable {
        enum Purpose: Sendable {
            case announce([(file: FileID, everything: Bool)])
            case lookUp(FileID)
            case offer(FileID, by: NodeID)
            case manifest(FileID)
            case pieces(FileID)
            case confirm([FileID])
            /// Which length is the true one?
            case proof(FileID)
        }

        let purpose: Purpose
        let to: NodeID
    }

    /// A node with what it has on disk, not yet started. `holdings`, `withdrawals`, `owed` and `denials` are as they
    /// were persisted.
    public init(
        own: NodeID, holdings: [Holding], withdrawals: [RememberedWithdrawal] = [], owed: [Withdrawal] = [],
        denials: [Denial] = [], policy: Policy, generator: Generator, settings: Settings = Settings(),
        limits: Limits = Limits()
    ) {
        self.own = own
        self.policy = policy
        self.settings = settings
        self.limits = limits
        self.generator = generator
        members = MemberTable(own: own)
        self.withdrawals = WithdrawalTable(own: own, limits: limits)
        denied = Set(denials.prefix(limits.denials))
        for draft in owed where draft.publisher == own { self.owed[draft.file] = draft }
        for holding in holdings {
            var entry = files[holding.file] ?? FileEntry(file: holding.file)
            entry.holding = holding
            entry.postings = [holding.manifest.part(\.posting)]
            entry.provenLength = holding.manifest.value.geometry.length
            // Whoever asks before the start is not told of what has yet to be confirmed.
            if !holding.isOwn { entry.confirmation = Confirmation(waiting: [], began: .zero) }
            files[holding.file] = entry
        }
        for withdrawal in withdrawals {
            let held = files[withdrawal.file]?.holding?.manifest.value.posting
            let isHeld = held.map { withdrawal.statement.value.voids($0) } ?? false
            _ = self.withdrawals.insert(
                RememberedWithdrawal(withdrawal.statement, isEffective: withdrawal.isEffective || isHeld))
            if isHeld { files[withdrawal.file]?.postings = [] }
        }
    }

    /// When time alone will change what is to be done.
    public var nextDeadline: Instant? { agenda.next }

    public mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {
        self.now = now
        turn = Turn()
        switch event {
        case .start(let wall, let isConfirmed): start(wall, isConfirmed: isConfirmed)
        case .wake: break
        case .wallClock(let wall, let isConfirmed): read(wall, isConfirmed: isConfirmed)
        case .member(let facts): learn(facts)
        case .memberGone(let id): forget(id)
        case .capacity(let replication, let freeDisk): measured(replication: replication, freeDisk: freeDisk)
        case .request(let request, let asker, let id): answer(request, from: asker, id)
        case .answered(let id, let answer): answered(id, answer)
        case .failed(let id, let failure): failed(id, failure)
        case .tellAnew(let id): tellAnew(id)
        case .posted(let manifest, let sha256): posted(manifest, sha256: sha256)
        case .signed(let announcement): signed(announcement)
        case .withdrawalSigned(let withdrawal): withdrawalSigned(withdrawal)
        case .withdraw(let file): withdraw(file)
        case .deny(let denial): deny(denial)
        case .allow(let denial): allow(denial)
        case .leave(let deadline): leave(by: deadline)
        case .wanted(let file): wanted(file)
        case .prepared(let file): prepared(file)
        case .noRoom(let file):
            // A late one: the file was posted here meanwhile, or is whole already.
            if case .preparing? = pulls[file]?.stage { giveUp(file) }
        case .stored(let fetch, let pieces): stored(pieces, by: fetch)
        case .fetchEnded(let fetch, let outcome): fetchEnded(fetch, outcome)
        case .completed(let file, let sha256): completed(file, sha256: sha256)
        case .damaged(let file): damaged(file)
        case .readable(let file, let isReadable): readable(file, isReadable)
        }
        runErrands()
        finishTurn()
        actions += turn.actions
        turn = Turn()
    }

    /// A client that waits for the file is told.
    mutating func resolve(_ file: FileID, _ outcome: LookUpOutcome = .settled) { turn.resolved.append((file, outcome)) }

    /// Something about the file changed that its route may show.
    mutating func touch(_ file: FileID) { turn.changed.append(file) }

    private mutating func runErrands() {
        while let errand = agenda.takeDue(at: now) {
            switch errand {
            case .place(let file): place(file)
            case .retire(let file): retire(file)
            case .pull(let file): pump(file)
            case .save(let file): save(file)
            case .forget(let file): forgetIfStale(file)
            case .hedge(let file): askNextTracker(file)
            case .deliver(let tracker): deliver(to: tracker)
            case .overdue(let call): failed(call, .timedOut)
            case .confirm(let file): confirmAgain(file)
            case .hedgeInquiry(let call): hedgeInquiry(call)
            case .relay(let file): if files[file]?.isRelayDue == true { relayPosting(of: file) }
            case .expire:
                calendar.isArranged = false
                expire()
                arrangeExpiry()
            case .leave: goOnLeaving()
            case .refresh: announceEverything()
            }
        }
    }

    private mutating func finishTurn() {
        while let tracker = turn.inquired.first {
            turn.inquired.removeFirst()
            inquire(at: tracker)
        }
        for file in turn.changed { publishRoute(file) }
        for (file, outcome) in turn.resolved { turn.actions.append(.resolved(file, outcome)) }
    }

    private mutating func start(_ wall: WallTime, isConfirmed: Bool) {
        clock = (wall, now)
        isClockConfirmed = isConfirmed
        began = wall
        restoreWithdrawals()
        signOwed()
        for denial in denied.sorted() { if case .file(let file) = denial { touch(file) } }
        for file in files.ids {
            for posting in files[file]?.postings ?? [] { noteEnd(posting.value.expires) }
            review(file)
            guard let holding = files[file]?.holding else { continue }
            if !holding.isOwn {
                files[file]?.confirmation = Confirmation(waiting: [], began: now)
                confirm(file)
            } else if holding.isComplete {
                announce(file)
            } else {
                resume(holding)
            }
        }
        agenda.add(.refresh, at: now + settings.refresh)
        for file in early { wanted(file) }
        early = []
    }

    // MARK: Calls

    @discardableResult
    mutating func call(_ request: CatalogueRequest, _ purpose: Call.Purpose, to node: NodeID) -> CallID {
        let id = CallID(nextNumber())
        calls[id] = Call(purpose: purpose, to: node)
        agenda.add(.overdue(id), at: now + settings.callPatience)
        turn.actions.append(.call(id, request, to: node))
        return id
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private mutating func answered(_ id: CallID, _ answer: Verified<CatalogueAnswer>) {
        guard let call = calls.removeValue(forKey: id) else { return }
        switch call.purpose {
        case .announce(let items): delivered(items, to: call.to, isTaken: answer.value == .noted)
        case .lookUp(let file): lookedUp(file, at: call.to, answer)
        case .offer(let file, let publisher): offerAnswered(file, publisher, by: call.to, answer.value)
        case .manifest(let file): manifestAnswered(file, answer)
        case .pieces(let file): piecesAnswered(file, by: call.to, answer.value)
        case .confirm(let files): inquired(files, at: call.to, answer)
        case .proof(let file): proofAnswered(file, answer.value)
        }
    }

    private mutating func failed(_ id: CallID, _ failure: CallFailure) {
        guard let call = calls.removeValue(forKey: id) else { return }
        switch call.purpose {
        case .announce(let items): delivered(items, to: call.to, isTaken: false)
        case .lookUp(let file): lookedUp(file, at: call.to, nil)
        case .offer(let file, let publisher): offerFailed(file, publisher, to: call.to, failure)
        case .manifest(let file): manifestAnswered(file, nil)
        case .pieces(let file): piecesAnswered(file, by: call.to, nil)
        case .confirm(let files): inquired(files, at: call.to, nil)
        case .proof(let file): proofAnswered(file, nil)
        }
    }

    /// A pause that doubles with each failure, shortened by up to a half at random, so that many do not come back at
    /// once.
    mutating func pause(_ first: Duration, afterFailures failures: Int, longest: Duration) -> Duration {
        let pause = min(first * (1 << min(failures, 20)), longest)
        return pause * Int.random(in: 512...1024, using: &generator) / 1024
    }
}
