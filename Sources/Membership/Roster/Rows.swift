internal import Primitives

/// The other members in order of their ids, each in some thirty bytes beside its statements, which all tables share: a
/// world of ten thousand nodes holds a hundred million rows.
struct Rows: Equatable, Sendable {
    /// What only few members have.
    private struct Remark: Equatable, Sendable {
        var heard: Instant?
        var roundTrip: Duration?
        var departure: Verified<Departure>?
        var verdicts: [Verified<Verdict>] = []
        /// Where that is not since when it is known.
        var conditionSince: Instant?

        static let none = Remark()
    }

    private(set) var ids: [ShortID] = []
    private(set) var conditions: [Condition] = []
    private var cards: [Verified<News>] = []
    private var statuses: [Verified<News>?] = []
    private var since: [Instant] = []
    private var remarks: [ShortID: Remark] = [:]
    /// How many are present.
    private(set) var presentCount = 0

    func index(of id: ShortID) -> Int? {
        let index = ids.place(of: id.word, by: \.word)
        return index < ids.count && ids[index] == id ? index : nil
    }

    func index(of id: NodeID) -> Int? {
        guard let index = index(of: id.short), cards[index].value.cardholder == id else { return nil }
        return index
    }

    func isPresent(_ index: Int) -> Bool { conditions[index].isPresent }

    func id(_ index: Int) -> NodeID {
        guard let id = cards[index].value.cardholder else { preconditionFailure("a card stands among cards") }
        return id
    }

    private func theCard(_ index: Int) -> Card {
        guard let card = cards[index].value.card else { preconditionFailure("a card stands among cards") }
        return card
    }

    /// So many are to be expected: lists that grow as they like take up to twice their room.
    mutating func reserve(_ count: Int) {
        ids.reserveCapacity(count)
        conditions.reserveCapacity(count)
        cards.reserveCapacity(count)
        statuses.reserveCapacity(count)
        since.reserveCapacity(count)
    }

    /// Where it stands from now on; nothing when another member has the same short id.
    mutating func insert(_ card: Verified<News>, since now: Instant) -> Int? {
        let id = card.value.subject
        let index = ids.place(of: id.word, by: \.word)
        guard index == ids.count || ids[index] != id else { return nil }
        ids.insert(id, at: index)
        conditions.insert(.alive, at: index)
        cards.insert(card, at: index)
        statuses.insert(nil, at: index)
        since.insert(now, at: index)
        presentCount += 1
        return index
    }

    mutating func remove(at index: Int) {
        if isPresent(index) { presentCount -= 1 }
        remarks[ids[index]] = nil
        ids.remove(at: index)
        conditions.remove(at: index)
        cards.remove(at: index)
        statuses.remove(at: index)
        since.remove(at: index)
    }

    // MARK: Statements

    /// A newer card, or status, of a member.
    mutating func replace(_ index: Int, with news: Verified<News>) {
        switch news.value {
        case .card: cards[index] = news
        case .status: statuses[index] = news
        case .verdict, .departure: preconditionFailure("a member makes cards and statuses about itself")
        }
    }

    /// All that is known of a member, the card first.
    func news(_ index: Int) -> [Verified<News>] {
        var news = [cards[index]]
        if let status = statuses[index] { news.append(status) }
        guard let remark = remarks[ids[index]] else { return news }
        if let departure = remark.departure { news.append(departure.part(News.departure)) }
        return news + remark.verdicts.map { $0.part(News.verdict) }
    }

    func card(_ index: Int) -> Verified<News> { cards[index] }

    func status(_ index: Int) -> Verified<News>? { statuses[index] }

    func place(_ index: Int) -> Place? { theCard(index).place }

    func share(_ index: Int) -> ByteCount { theCard(index).share }

    /// Of the newest that it said of itself.
    func version(_ index: Int) -> UInt64 { Swift.max(cards[index].value.version, statuses[index]?.value.version ?? 0) }

    /// It is not simply alive, or somebody said that it is not, or it said good-bye itself.
    func isAccused(_ index: Int) -> Bool {
        guard conditions[index] == .alive else { return true }
        guard let remark = remarks[ids[index]] else { return false }
        return remark.departure != nil || !remark.verdicts.isEmpty
    }

    func departure(_ index: Int) -> Departure? { remarks[ids[index]]?.departure?.value }

    func verdicts(_ index: Int) -> [Verified<Verdict>] { remarks[ids[index]]?.verdicts ?? [] }

    // MARK: What was noticed

    func heard(_ index: Int) -> Instant? { remarks[ids[index]]?.heard }

    mutating func heard(_ index: Int, at now: Instant) { remarks[ids[index], default: .none].heard = now }

    mutating func measured(_ roundTrip: Duration?, _ index: Int) {
        remarks[ids[index], default: .none].roundTrip = roundTrip
    }

    /// A run begins: nothing is known of how long anybody has been there.
    mutating func begin(at now: Instant) {
        since = since.map { _ in now }
        remarks = remarks.mapValues { remark in
            var remark = remark
            remark.conditionSince = nil
            return remark
        }
    }
}

extension Rows: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { ids.count }

    /// The whole of it; card and status are replaced by news of them only.
    subscript(index: Int) -> Member {
        get {
            let remark = remarks[ids[index]] ?? .none
            return Member(
                card: cards[index].part { _ in theCard(index) },
                status: statuses[index].flatMap { news in
                    news.value.status.map { status in news.part { _ in status } }
                },
                condition: conditions[index], roundTrip: remark.roundTrip, heard: remark.heard, since: since[index],
                conditionSince: remark.conditionSince ?? since[index], departure: remark.departure,
                verdicts: remark.verdicts)
        }
        set {
            presentCount += (newValue.condition.isPresent ? 1 : 0) - (isPresent(index) ? 1 : 0)
            conditions[index] = newValue.condition
            since[index] = newValue.since
            let remark = Remark(
                heard: newValue.heard, roundTrip: newValue.roundTrip, departure: newValue.departure,
                verdicts: newValue.verdicts,
                conditionSince: newValue.conditionSince == newValue.since ? nil : newValue.conditionSince)
            remarks[ids[index]] = remark == .none ? nil : remark
        }
    }
}
