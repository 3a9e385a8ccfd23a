internal import Primitives

/// This node and the members it knows, with what it keeps about telling others of them.
struct Table: Equatable, Sendable {
    /// When this run learnt each statement about one member.
    struct Stamps: Equatable, Sendable {
        var card = Stamp()
        var status = Stamp()
        var departure = Stamp()
        /// By issuer; those of verdicts that are gone are dropped with them.
        var verdicts: [ShortID: Stamp] = [:]

        subscript(item: ChangeLog.Item) -> Stamp? {
            switch item {
            case .card: card
            case .status: status
            case .departure: departure
            case .verdict(let issuer): verdicts[issuer]
            }
        }

        mutating func set(_ item: ChangeLog.Item, _ stamp: Stamp) {
            switch item {
            case .card: card = stamp
            case .status: status = stamp
            case .departure: departure = stamp
            case .verdict(let issuer): verdicts[issuer] = stamp
            }
        }
    }

    var own: Member
    var ownStamps = Stamps()
    /// The others, in order of their ids, with their stamps and edges at the same indices.
    private(set) var members: [Member] = []
    /// Their ids, apart: looking one up must not touch whole members.
    private var ids: [NodeID] = []
    var stamps: [Stamps] = []
    var edges: [Edge] = []
    /// Those that verdicts stand against, in ascending order: few, also where there are many members.
    private(set) var accused: [ShortID] = []
    private(set) var quiet = QuietDigest()

    init(own: Member) {
        self.own = own
    }

    func index(of id: NodeID) -> Int? {
        let index = ids.partitioningIndex { $0 >= id }
        return index < ids.count && ids[index] == id ? index : nil
    }

    func index(of id: ShortID) -> Int? {
        let index = ids.partitioningIndex { $0.short >= id }
        return index < ids.count && ids[index].short == id ? index : nil
    }

    func member(_ id: ShortID) -> Member? {
        id == own.id.short ? own : index(of: id).map { members[$0] }
    }

    func stamps(of id: ShortID) -> Stamps? {
        id == own.id.short ? ownStamps : index(of: id).map { stamps[$0] }
    }

    /// Where it stands from now on; nothing when another member has the same short id, whose statements would be taken
    /// for this one's.
    mutating func insert(_ member: Member, edge: Edge) -> Int? {
        let index = ids.partitioningIndex { $0.short >= member.id.short }
        guard member.id.short != own.id.short, index == ids.count || ids[index].short != member.id.short
        else { return nil }
        members.insert(member, at: index)
        ids.insert(member.id, at: index)
        stamps.insert(Stamps(), at: index)
        edges.insert(edge, at: index)
        note(nil, member)
        return index
    }

    mutating func remove(at index: Int) {
        note(members[index], nil)
        members.remove(at: index)
        ids.remove(at: index)
        stamps.remove(at: index)
        edges.remove(at: index)
    }

    /// Notes that something came from a member: nothing that the quiet hash covers.
    mutating func heard(_ index: Int, at now: Instant) { members[index].heard = now }

    mutating func measured(_ roundTrip: Duration?, _ index: Int) { members[index].roundTrip = roundTrip }

    mutating func update(_ index: Int, _ change: (inout Member) -> Void) {
        let before = members[index]
        change(&members[index])
        note(before, members[index])
    }

    /// A run begins: nothing is known of how long anybody has been there.
    mutating func begin(at now: Instant) {
        for index in members.indices { (members[index].since, members[index].conditionSince) = (now, now) }
        (own.since, own.conditionSince) = (now, now)
    }

    private mutating func note(_ before: Member?, _ after: Member?) {
        quiet.replace(before, with: after)
        let isAccused = !(after?.verdicts.isEmpty ?? true)
        guard let id = (after ?? before)?.id.short, isAccused != !(before?.verdicts.isEmpty ?? true) else { return }
        let place = accused.partitioningIndex { $0 >= id }
        if isAccused { accused.insert(id, at: place) } else { accused.remove(at: place) }
    }

    mutating func updateOwn(_ change: (inout Member) -> Void) {
        let before = own
        change(&own)
        quiet.replace(before, with: own)
    }

    /// The statement at a place of the table.
    func news(_ item: ChangeLog.Item, of id: ShortID) -> News? {
        guard let member = member(id) else { return nil }
        switch item {
        case .card: return .card(member.card.value)
        case .status: return member.status.map { .status($0.value) }
        case .departure: return member.departure.map { .departure($0.value) }
        case .verdict(let issuer):
            return member.verdicts.first { $0.value.issuer == issuer }.map { .verdict($0.value) }
        }
    }

    /// The hash over what is quiet at a minute of the calendar.
    mutating func quietHash(at minute: UInt32, age: Duration) -> UInt64 {
        if !quiet.isFor(minute, age: age) { quiet = QuietDigest(minute: minute, age: age, members: members + [own]) }
        return quiet.hash
    }

    /// The same for each bucket.
    func bucketHashes(at minute: UInt32, age: Duration) -> [UInt32] {
        var hashes = [UInt32](repeating: 0, count: BucketSet.count)
        let digest = QuietDigest(minute: minute, age: age, members: [])
        for member in members + [own] {
            let hash = digest.contribution(of: member)
            hashes[Int(member.id.short.bucket)] ^= UInt32(truncatingIfNeeded: hash ^ hash >> 32)
        }
        return hashes
    }
}

extension ShortID {
    /// Which of the 256 buckets the member falls in.
    var bucket: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }
}
