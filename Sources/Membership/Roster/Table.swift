internal import Primitives

/// This node and the members it knows, with what it keeps about telling others of them.
struct Table: Equatable, Sendable {
    private(set) var own: Member
    private(set) var members = Rows()
    /// What this run learnt.
    var log = ChangeLog()
    /// Of those that something was exchanged with, and not long ago.
    private var edges: [ShortID: Edge] = [:]
    /// Those that verdicts stand against, in ascending order: few, also where there are many members.
    private(set) var accused: [ShortID] = []
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

    /// The exchanges with a member. What was learnt before the first of them is no news there.
    subscript(edge index: Int) -> Edge {
        get { edges[members.ids[index]] ?? Edge(acknowledged: log.head) }
        _modify {
            let fresh = Edge(acknowledged: log.head)
            yield &edges[members.ids[index], default: fresh]
        }
    }

    /// Drops edges that nothing depends on any more.
    mutating func dropEdges(where isIdle: (ShortID, Edge) -> Bool) {
        edges = edges.filter { !isIdle($0.key, $0.value) }
    }

    // MARK: Members

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
        if !member.verdicts.isEmpty { noteAccused(member.id.short, false) }
        edges[member.id.short] = nil
        members.remove(at: index)
    }

    /// Takes a newer card or status of a member.
    mutating func replace(_ index: Int, with news: Verified<News>) {
        if members.isPresent(index) {
            let before = news.value.card == nil ? members.status(index) : members.card(index)
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
        if before.isPresent != after.isPresent || before.departure != after.departure {
            quiet.toggle(before)
            quiet.toggle(after)
        }
        if before.verdicts.isEmpty != after.verdicts.isEmpty { noteAccused(after.id.short, !after.verdicts.isEmpty) }
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

    private mutating func noteAccused(_ id: ShortID, _ isAccused: Bool) {
        let place = accused.partitioningIndex { $0 >= id }
        if isAccused { accused.insert(id, at: place) } else { accused.remove(at: place) }
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

    // MARK: The quiet

    /// The hash over what is quiet at a minute of the calendar.
    mutating func quietHash(at minute: UInt32, age: Duration) -> UInt64 {
        let version = Self.lastQuiet(at: minute, age: age)
        if !quiet.reaches(version) {
            quiet = QuietDigest(for: version)
            for member in [own] + members { quiet.toggle(member) }
        }
        return quiet.hash(through: version)
    }

    /// The same for each bucket.
    func bucketHashes(at minute: UInt32, age: Duration) -> [UInt32] {
        let version = Self.lastQuiet(at: minute, age: age)
        var hashes = [UInt32](repeating: 0, count: BucketSet.count)
        for member in [own] + members {
            var digest = QuietDigest(for: version)
            digest.toggle(member)
            let hash = digest.hash(through: version)
            hashes[Int(member.id.short.bucket)] ^= UInt32(truncatingIfNeeded: hash ^ hash >> 32)
        }
        return hashes
    }

    /// Of what was said in that minute, all is younger than this version.
    private static func lastQuiet(at minute: UInt32, age: Duration) -> UInt64 {
        UInt64(clamping: Int64(minute) * 60_000 - age.wholeMilliseconds)
    }
}

extension ShortID {
    /// Which of the 256 buckets the member falls in.
    var bucket: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }
}
