internal import Primitives

/// This node and the members it knows, with what it keeps about telling others of them.
struct Table: Equatable, Sendable {
    private(set) var own: Member
    private(set) var members = Rows()
    /// What this run learnt.
    var log = ChangeLog()
    /// Of those that something was exchanged with, and not long ago.
    private var edges = Edges()
    /// Those that verdicts stand against, in order of their ids: few, also where there are many members.
    private(set) var accused: [Accused] = []
    private var quiet = QuietDigest()

    init(own: Member) {
        self.own = own
        quiet.toggle(own)
    }

    func index(of id: NodeID) -> Int? { members.index(of: id) }

    func index(of id: ShortID) -> Int? { members.index(of: id) }

    func member(_ id: ShortID) -> Member? {
        id == own.id.short ? own : index(of: id).map { members[$0] }
    }

    func isKnown(_ id: ShortID) -> Bool { id == own.id.short || index(of: id) != nil }

    /// The exchanges with a member.
    subscript(edge index: Int) -> Edge {
        _read {
            if let place = edges.place(of: members.ids[index]) { yield edges[place] } else { yield.fresh }
        }
        _modify {
            let place = edges.place(of: members.ids[index], fresh: .fresh)
            yield &edges[place]
        }
    }

    // Asked at every event: without a copy of the whole edge.

    func phase(_ index: Int) -> Edge.Phase { edges.place(of: members.ids[index]).map { edges.phase($0) } ?? .idle }

    func acknowledged(_ index: Int) -> UInt64 {
        edges.place(of: members.ids[index]).map { edges.acknowledged($0) } ?? 0
    }

    /// What of the log the member told, or mentioned.
    func known(_ index: Int) -> Positions {
        edges.place(of: members.ids[index]).map { edges.known($0) } ?? Positions()
    }

    /// When something is due on one of them.
    var nextDeadline: Instant? { edges.nextDeadline }

    /// What those who are present said of the time.
    var told: [Told] {
        edges.compactMap { id, edge in index(of: id).flatMap { members.isPresent($0) ? edge.told : nil } }
    }

    /// Drops edges that nothing depends on any more.
    mutating func dropEdges(where isIdle: (ShortID, Edge) -> Bool) {
        edges.remove(where: isIdle)
    }

    // MARK: Members

    /// So many are to be expected.
    mutating func reserve(_ count: Int) { members.reserve(count) }

    /// Where it stands from now on; nothing when another member has the same short id, whose statements would be taken
    /// for this one's.
    mutating func insert(_ card: Verified<News>, since now: Instant) -> Int? {
        guard card.value.subject != own.id.short, let index = members.insert(card, since: now) else { return nil }
        if let card = card.value.card { quiet.toggle(QuietDigest.Item(card)) }
        return index
    }

    mutating func remove(at index: Int) {
        let member = members[index]
        quiet.toggle(member)
        for news in members.news(index) { log.outdate(news.value) }
        if !member.verdicts.isEmpty { noteAccused(member.id.short, verdicts: 0, isPresent: false) }
        edges.remove { id, _ in id == member.id.short }
        members.remove(at: index)
    }

    /// Takes a newer card or status of a member.
    mutating func replace(_ index: Int, with news: Verified<News>) {
        let before = news.value.card == nil ? members.status(index) : members.card(index)
        if let before { log.outdate(before.value) }
        if members.isPresent(index) {
            for statement in [before?.value, news.value] {
                switch statement {
                case .card(let card): quiet.toggle(QuietDigest.Item(card))
                case .status(let status): quiet.toggle(QuietDigest.Item(status))
                case .verdict, .departure, nil: break
                }
            }
        }
        members.replace(index, with: news)
    }

    /// Notes that something came from a member: nothing that the quiet hash covers.
    mutating func heard(_ index: Int, at now: Instant) { members.heard(index, at: now) }

    mutating func measured(_ roundTrip: Duration?, _ index: Int) { members.measured(roundTrip, index) }

    /// Changes all about a member but its card and status.
    mutating func update(_ index: Int, _ change: (inout Member) -> Void) {
        let before = members[index]
        var after = before
        change(&after)
        members[index] = after
        let hasLeft = (before.condition == .left, after.condition == .left)
        if before.isPresent != after.isPresent || hasLeft.0 != hasLeft.1 || before.departure != after.departure {
            quiet.toggle(before)
            quiet.toggle(after)
        }
        if !(before.verdicts.isEmpty && after.verdicts.isEmpty) {
            noteAccused(after.id.short, verdicts: after.verdicts.count, isPresent: after.isPresent)
        }
    }

    /// A run begins: nothing is known of how long anybody has been there.
    mutating func begin(at now: Instant) {
        members.begin(at: now)
        (own.since, own.conditionSince) = (now, now)
    }

    mutating func updateOwn(_ change: (inout Member) -> Void) {
        quiet.toggle(own)
        change(&own)
        quiet.toggle(own)
    }

    private mutating func noteAccused(_ id: ShortID, verdicts: Int, isPresent: Bool) {
        let place = accused.partitioningIndex { $0.member >= id }
        let end = place < accused.count && accused[place].member == id ? place + 1 : place
        let entry = Accused(member: id, verdicts: verdicts, isPresent: isPresent)
        accused.replaceSubrange(place..<end, with: verdicts > 0 ? [entry] : [])
    }

    // MARK: News

    /// All that is known of a member or this node, the card first.
    func news(of id: ShortID) -> [Verified<News>] {
        id == own.id.short ? own.news : index(of: id).map { members.news($0) } ?? []
    }

    /// Whether it is what the table says, and nothing newer has taken its place.
    func holds(_ news: News) -> Bool {
        guard news.subject != own.id.short else { return own.news.contains { $0.value == news } }
        guard let index = index(of: news.subject) else { return false }
        switch news {
        case .card(let card): return members.card(index).value.card?.signature == card.signature
        case .status(let status): return members.status(index)?.value.status?.signature == status.signature
        case .verdict, .departure: return members.news(index).contains { $0.value == news }
        }
    }

    /// The same of a change in the log, mostly without a look at the table.
    func holds(_ change: ChangeLog.Change) -> Bool {
        switch change.news {
        case .card, .status: change.news.subject == own.id.short ? holds(change.news) : !change.isOutdated
        case .verdict, .departure: holds(change.news)
        }
    }

    // MARK: The quiet

    /// The hash over what is quiet at a minute of the calendar.
    mutating func quietHash(at minute: UInt32, age: Duration) -> UInt32 {
        let version = Self.lastQuiet(at: minute, age: age)
        if !quiet.reaches(version) { quiet = digest(for: version) }
        return Self.fold(quiet.hash(through: version))
    }

    /// The same for each bucket.
    func bucketHashes(at minute: UInt32, age: Duration) -> [UInt32] {
        let version = Self.lastQuiet(at: minute, age: age)
        return (quiet.reaches(version) ? quiet : digest(for: version)).hashes(through: version).map(Self.fold)
    }

    /// Anew, over all there is.
    private func digest(for version: UInt64) -> QuietDigest {
        var digest = QuietDigest(for: version)
        digest.toggle(own)
        for index in members.indices { toggle(index, in: &digest) }
        return digest
    }

    /// A row as `QuietDigest.toggle` has the whole member.
    private func toggle(_ index: Int, in digest: inout QuietDigest) {
        guard members.isPresent(index) else {
            return digest.toggle(absent: members.conditions[index], members.departure(index))
        }
        if let card = members.card(index).value.card { digest.toggle(QuietDigest.Item(card)) }
        if let status = members.status(index)?.value.status { digest.toggle(QuietDigest.Item(status)) }
    }

    /// What is held of the members in these buckets, those apart of whom nothing is quiet: half of each hash is of the
    /// card. The minute is in it, so that two that look alike do so only for a minute.
    func rows(in buckets: BucketSet, at minute: UInt32, age: Duration) -> [(id: ShortID, row: RowDigests.Row)] {
        let version = Self.lastQuiet(at: minute, age: age)
        var rows: [(id: ShortID, row: RowDigests.Row)] = []
        func add(_ member: Member) {
            func half(_ hash: UInt64) -> UInt32 {
                hash == 0 ? 0 : UInt32(truncatingIfNeeded: Generator.mix(hash ^ UInt64(minute)) & 0xFFFF) | 1
            }
            let (card, rest) = QuietDigest.parts(of: member, through: version)
            let id = member.id.short
            let hash = half(card) << 16 | half(rest)
            if hash != 0 {
                rows.append((id, RowDigests.Row(id: UInt32(truncatingIfNeeded: id.word >> 32), hash: hash)))
            }
        }
        if buckets.contains(own.id.short.bucket) { add(own) }
        for bucket in 0..<BucketSet.count where buckets.contains(UInt8(bucket)) {
            var index = members.ids.partitioningIndex { Int($0.bucket) >= bucket }
            while index < members.count, Int(members.ids[index].bucket) == bucket {
                add(members[index])
                index += 1
            }
        }
        return rows
    }

    private static func fold(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash ^ hash >> 32) }

    /// Of what was said in that minute, all is younger than this version.
    private static func lastQuiet(at minute: UInt32, age: Duration) -> UInt64 {
        UInt64(clamping: Int64(minute) * 60_000 - age.wholeMilliseconds)
    }
}

/// A member that verdicts stand against; asked about at every event, so that it says itself what there is to know.
struct Accused: Equatable, Sendable {
    let member: ShortID
    let verdicts: Int
    /// It is not held dead yet.
    let isPresent: Bool
}

extension ShortID {
    /// Which of the 256 buckets the member falls in.
    var bucket: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }
}
