internal import Primitives

/// What is told to whom: word for word to the first few, as mentions on the other edges; and urgent news at once.
extension Roster {
    /// The news of one envelope.
    struct Load {
        var news: [News] = []
        /// Digests of what the member can ask for.
        var mentions: [UInt32] = []
        /// How far in the log they reach.
        var through: UInt64
        /// How many members' worth of the catch-up.
        var catchUpCount = 0
        var hasMore: Bool
        /// What is left of the envelope.
        fileprivate var space = Envelope.limit - Self.pulseBytes

        /// What a pulse and its frame need in wire form, without digests.
        private static let pulseBytes = 72
        fileprivate static let digestBytes = 4

        init(through: UInt64 = 0, hasMore: Bool = false) {
            self.through = through
            self.hasMore = hasMore
        }
    }

    func hasUnacknowledged(_ index: Int) -> Bool {
        let known = table.known(index)
        return table.log.changes(after: table.acknowledged(index)).contains {
            isForTelling($0, to: index, knowing: known)
        }
    }

    /// Not by this member, not known to it, and not outdated.
    private func isForTelling(_ change: ChangeLog.Change, to index: Int, knowing known: Positions) -> Bool {
        !known.contains(change.position) && change.news.author != table.members.ids[index] && table.holds(change)
    }

    /// What the member asked for; as much as fits of what it has not acknowledged, in the log's order; then of the
    /// catch-up.
    mutating func load(for index: Int) -> Load {
        var load = Load(through: table.acknowledged(index))
        settleWants(of: index)
        // What it needs itself to ask.
        load.space -= table[edge: index].wants.count * Load.digestBytes
        fill(&load, withOrdersOf: index)
        let told = fill(&load, withChangesFor: index)
        for position in told { table.log.told(position) }
        guard !load.hasMore else { return load }
        for entry in table[edge: index].catchUp {
            let news = summary(of: entry)
            // The cards of those who gave verdicts may be too much.
            guard
                append(news, to: &load, on: index)
                    || load.news.isEmpty && append(news, to: &load, on: index, alone: true)
            else {
                load.hasMore = true
                return load
            }
            load.catchUpCount += 1
        }
        return load
    }

    /// What the member mentioned, and others have told meanwhile.
    mutating func settleWants(of index: Int) {
        for want in table[edge: index].wants {
            guard let position = table.log.position(of: want.digest) else { continue }
            table[edge: index].told(want.digest, at: position)
        }
    }

    /// What does not fit is asked for again.
    private mutating func fill(_ load: inout Load, withOrdersOf index: Int) {
        let ordered = table[edge: index].ordered
        guard !ordered.isEmpty else { return }
        table[edge: index].ordered = []
        for digest in ordered {
            guard let change = table.log.change(digest), table.holds(change) else { continue }
            guard append([change.news] + endings(beside: change.news), to: &load, on: index) else {
                load.hasMore = true
                return
            }
        }
    }

    /// The positions of what is told word for word.
    private func fill(_ load: inout Load, withChangesFor index: Int) -> [UInt64] {
        var told: [UInt64] = []
        let known = table.known(index)
        for change in table.log.changes(after: load.through) {
            if isForTelling(change, to: index, knowing: known) {
                let isWhole = change.isIntroduction && isVillage || change.tellings < settings.tellings
                guard isWhole ? tell(change.news, to: &load, on: index) : mention(change, to: &load) else {
                    load.hasMore = true
                    return told
                }
                if isWhole { told.append(change.position) }
            }
            load.through = change.position
        }
        load.through = table.log.head
        return told
    }

    private func mention(_ change: ChangeLog.Change, to load: inout Load) -> Bool {
        guard load.mentions.count < Pulse.digestLimit, load.space >= Load.digestBytes else { return false }
        load.mentions.append(change.digest)
        load.space -= Load.digestBytes
        return true
    }

    /// What is too much for a whole envelope goes piece by piece.
    private func tell(_ item: News, to load: inout Load, on index: Int) -> Bool {
        append([item] + endings(beside: item), to: &load, on: index)
            || load.news.isEmpty && append([item], to: &load, on: index)
    }

    /// What is told of a member that is dead, or gone, goes with what made it so, or it would come to life for a
    /// moment.
    private func endings(beside item: News) -> [News] {
        switch item {
        case .verdict, .departure: return []
        case .card, .status: break
        }
        guard let index = table.index(of: item.subject), !table.members.isPresent(index) else { return [] }
        let member = table.members[index]
        if member.condition == .left { return member.departure.map { [.departure($0.value)] } ?? [] }
        let standing = member.verdicts.filter { isStanding($0.value, against: member) }
        return standing.prefix(settings.quorum).map { .verdict($0.value) }
    }

    /// All that matters about a member; fits an envelope.
    private func summary(of entry: CatchUp) -> [News] {
        guard let member = table.member(entry.member) else { return [] }
        let verdicts = member.verdicts.filter { isStanding($0.value, against: member) }.prefix(settings.quorum)
        return table.news(of: entry.member).map(\.value).filter { item in
            switch item {
            case .card: !entry.hasCard
            case .status, .departure: true
            case .verdict: false
            }
        } + verdicts.map { .verdict($0.value) }
    }

    /// Adds items, all or none, each after its author's card unless the member has that or they go alone.
    private func append(_ items: [News], to load: inout Load, on index: Int, alone: Bool = false) -> Bool {
        var added: [News] = []
        for item in items where !load.news.contains(item) && !added.contains(item) {
            if !alone, lacksCard(item.author, index), let card = table.news(of: item.author).first?.value,
                item != card, !load.news.contains(card), !added.contains(card)
            {
                added.append(card)
            }
            added.append(item)
        }
        let size = added.reduce(0) { $0 + $1.wireCount }
        guard size <= load.space else { return false }
        load.news += added
        load.space -= size
        return true
    }

    private func lacksCard(_ author: ShortID, _ index: Int) -> Bool {
        guard author != table.members.ids[index], author != own.id.short,
            let position = table.log.card(of: author)
        else { return false }
        return position > table.acknowledged(index) && !table.known(index).contains(position)
    }

    /// Tell a member all that is known of another.
    mutating func enqueue(_ member: ShortID, hasCard: Bool = false, on index: Int) {
        guard !table[edge: index].catchUp.contains(where: { $0.member == member }) else { return }
        table[edge: index].catchUp.append(CatchUp(member: member, hasCard: hasCard))
    }

    // MARK: Urgent news

    /// Goes to all neighbours, each of which passes it on once: together with what else becomes urgent in the next
    /// moment.
    mutating func passOnAtOnce(_ news: News, at now: Instant) {
        flood.pending.append(news.digest)
        flood.due = flood.due ?? flood.last.map { max(now, $0 + settings.urgentSpacing) } ?? now
    }

    mutating func floodIfDue(at now: Instant, _ effects: inout Effects) {
        guard let due = flood.due, due <= now else { return }
        let changes = flood.pending.compactMap { table.log.change($0) }
        flood = Flood(last: now)
        for id in view.members {
            guard let index = table.index(of: id) else { continue }
            var load = Load()
            settleWants(of: index)
            let known = table.known(index)
            for change in changes where isForTelling(change, to: index, knowing: known) {
                if tell(change.news, to: &load, on: index) { continue }
                effects.append(.send(Envelope(.tidings, news: load.news), to: id))
                load = Load()
                _ = tell(change.news, to: &load, on: index)
            }
            if !load.news.isEmpty { effects.append(.send(Envelope(.tidings, news: load.news), to: id)) }
        }
        // Who did not get it is told that there is something.
        for change in changes { table.log.told(change.position, times: settings.tellings) }
    }
}

/// Urgent news on their way to the neighbours.
struct Flood: Equatable, Sendable {
    /// By their digests.
    var pending: [UInt32] = []
    var due: Instant?
    var last: Instant?
}

/// A member about whom another is to be told.
struct CatchUp: Equatable, Sendable {
    let member: ShortID
    /// All but the card.
    let hasCard: Bool
}
