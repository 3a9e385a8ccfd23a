internal import Primitives

extension Roster {
    /// What is to become of news.
    enum Purpose: Equatable {
        /// Told to all but who it came from; nobody when it came over HTTP.
        case passOn(from: NodeID?)
        /// The others have it already.
        case keep

        var source: NodeID? {
            switch self {
            case .passOn(let source): source
            case .keep: nil
            }
        }
    }

    /// Takes in what is news.
    mutating func take(
        _ news: [Verified<News>], _ purpose: Purpose, at now: Instant, _ effects: inout Effects
    ) {
        var urgent: [News] = []
        // A verdict about what a status has just told counts; one about a member that is gone already does not.
        for item in news.sorted(by: { $0.value.precedence < $1.value.precedence }) {
            let isUrgent =
                switch item.value {
                case .card(let card): take(card, item, purpose, at: now, &effects)
                case .status(let status): take(status, item, purpose, at: now, &effects)
                case .verdict(let verdict): take(verdict, item.part { _ in verdict }, purpose, at: now, &effects)
                case .departure(let departure):
                    take(departure, item.part { _ in departure }, purpose, at: now, &effects)
                }
            if isUrgent { urgent.append(item.value) }
        }
        if let source = purpose.source { noteKnown(news, by: source) }
        judge(at: now, &effects)
        redrawStaleView(at: now)
        if case .passOn = purpose {
            for item in urgent where mayHasten(item.author, at: now) { passOnAtOnce(item, at: now) }
        }
        if table.log.isWasteful { tidyLog() }
    }

    /// Whether the author's word may still go out at once: else one member could make all others talk all the
    /// time.
    private mutating func mayHasten(_ author: ShortID, at now: Instant) -> Bool {
        guard let index = table.index(of: author) else { return author == own.id.short }
        return table[edge: index].urgency.spend(settings.urgency(pulse), at: now)
    }

    /// What was persisted. Nothing of it is news to others.
    mutating func restore(_ known: [Verified<News>]) {
        var nothing = Effects()
        // In the table's order, so that each comes to stand at its end.
        let cards = known.filter(\.value.isCard).sorted { $0.value.subject < $1.value.subject }
        table.reserve(cards.count)
        take(cards + known.filter { !$0.value.isCard }, .keep, at: .zero, &nothing)
    }

    /// Whether the others can be expected to hold this node's card: it is the one that was kept.
    var isOwnCardKnown: Bool { voice.persistedCard == own.card.value }

    private mutating func take(
        _ card: Card, _ news: Verified<News>, _ purpose: Purpose, at now: Instant, _ effects: inout Effects
    ) -> Bool {
        guard card.nodeID != own.id else {
            if voice.phase == .silent {
                voice.persistedCard = card
            } else if card.version > own.card.value.version {
                voice.twins.heard(card, at: now)
            }
            return false
        }
        if let index = table.index(of: card.nodeID) {
            guard let held = table.members.card(index).value.card else { return false }
            guard isNewer(card, card.version, than: held, held.version) else {
                return remind(purpose.source, of: card.nodeID.short, unless: card == held)
            }
            // Each is written to disk.
            guard table[edge: index].urgency.spend(settings.urgency(pulse), at: now) else { return false }
            let hasMoved = held.endpoints != card.endpoints || held.url != card.url
            table.replace(index, with: news)
            note(news, purpose)
            // Whoever starts signs a new card; of those who are not pulsed nothing else tells it.
            if voice.isSpeaking, !view.contains(card.nodeID) { beganAnew(index, at: now, &effects) }
            effects.records.append(.news(news))
            effects.changed(card.nodeID)
            return hasMoved
        }
        guard makeRoom(&effects), table.insert(news, since: now) != nil else { return false }
        note(news, purpose, isIntroduction: true)
        noteComingOrGoing(of: card.nodeID)
        effects.records.append(.news(news))
        effects.joined(card.nodeID)
        return isVillage
    }

    /// So few that a newcomer is told to all at once.
    var isVillage: Bool { table.members.count <= settings.villageLimit }

    private mutating func take(
        _ status: Status, _ news: Verified<News>, _ purpose: Purpose, at now: Instant, _ effects: inout Effects
    ) -> Bool {
        guard status.node != own.id.short else {
            // Its own word from a life it does not remember, or under a version it used twice.
            if voice.isSpeaking, status.version > voice.lastVersion { voice.twins.heard(status, at: now) }
            if status.version > own.version || (status.version == own.version && status != own.status?.value) {
                refute(status.version, at: now, &effects)
            }
            return false
        }
        guard let index = table.index(of: status.node) else { return false }
        let held = table.members.status(index)?.value.status
        if let held, !isNewer(status, status.version, than: held, held.version) {
            if status == held, let source = purpose.source?.short { visitDoubted(index, by: source, at: now, &effects) }
            return remind(purpose.source, of: status.node, unless: status == held)
        }
        // The first word of a newcomer goes with its card.
        let isNewcomer = held == nil && isVillage && table.members[index].since == now
        var isUrgent = isNewcomer || (held?.isExhausted ?? false) != status.isExhausted
        table.replace(index, with: news)
        note(news, purpose)
        if let coordinate = status.coordinate { vivaldi.heard(coordinate, of: status.node) }
        effects.changed(table.members.id(index))
        if refutes(status.version, index) {
            let wasDead = table.members.conditions[index] == .dead
            let isReunion = wasDead && isParted
            acquit(index, at: now, &effects)
            if wasDead, purpose.source?.short == status.node { reunite(with: index, at: now) }
            if isReunion { reunited = now }
            isUrgent = true
        }
        return isUrgent || isReuniting(at: now)
    }

    private mutating func take(
        _ verdict: Verdict, _ verified: Verified<Verdict>, _ purpose: Purpose, at now: Instant,
        _ effects: inout Effects
    ) -> Bool {
        guard verdict.subject != own.id.short else {
            // What this node never said cannot have gone silent. Of an earlier life, its own statuses tell.
            if verdict.version <= voice.lastVersion { refute(verdict.version, at: now, &effects) }
            return false
        }
        guard let index = table.index(of: verdict.subject), verdict.issuer != verdict.subject,
            table.isKnown(verdict.issuer)
        else { return false }
        let subject = table.members[index]
        // One more than it takes tells nobody anything.
        guard subject.isPresent, verdict.version >= subject.version else { return false }
        guard let replaced = whatGivesWay(to: verdict, against: subject) else { return false }
        table.update(index) {
            $0.verdicts.removeAll { replaced.contains($0.value.issuer) }
            let place = $0.verdicts.partitioningIndex { $0.value.issuer > verdict.issuer }
            $0.verdicts.insert(verified, at: place)
        }
        note(verified.part(News.verdict), purpose)
        // Of a version that is not known yet, it may never mean anything.
        if isStanding(verdict, against: table.members[index]) {
            effects.records.append(.news(verified.part(News.verdict)))
        }
        return true
    }

    /// The issuers whose verdicts against the member make room for a new one: its own older one; or, when there is no
    /// room left, one of a version that is not known, lest such keep out all others. Nothing when it is not to be
    /// taken.
    private func whatGivesWay(to verdict: Verdict, against subject: Member) -> [ShortID]? {
        if let held = subject.verdicts.first(where: { $0.value.issuer == verdict.issuer })?.value {
            let isBetter = isStanding(verdict, against: subject) && !isStanding(held, against: subject)
            return isBetter || held.version < verdict.version ? [held.issuer] : nil
        }
        guard subject.verdicts.count >= settings.verdictLimit else { return [] }
        guard isStanding(verdict, against: subject) else { return nil }
        return subject.verdicts.first { !isStanding($0.value, against: subject) }.map { [$0.value.issuer] }
    }

    private mutating func take(
        _ departure: Departure, _ verified: Verified<Departure>, _ purpose: Purpose, at now: Instant,
        _ effects: inout Effects
    ) -> Bool {
        guard departure.node != own.id.short else {
            if voice.isSpeaking { refute(departure.version, at: now, &effects) }
            return false
        }
        guard let index = table.index(of: departure.node) else { return false }
        let member = table.members[index]
        guard departure.version >= member.version, departure.version > member.departure?.value.version ?? 0 else {
            return false
        }
        table.update(index) { $0.departure = verified }
        note(verified.part(News.departure), purpose)
        effects.records.append(.news(verified.part(News.departure)))
        become(.left, index, at: now, &effects)
        return true
    }

    /// Versions order the statements of one node. Of two under the same version (it lost its memory) everybody prefers
    /// the same, so that tables agree.
    private func isNewer<Kind: Statement>(_ new: Kind, _ version: UInt64, than held: Kind, _ heldVersion: UInt64)
        -> Bool
    {
        guard version == heldVersion else { return version > heldVersion }
        let (left, right) = (new.signature, held.signature)
        return (left.first, left.second) > (right.first, right.second)
    }

    /// A member that says something outdated about itself is told what the others hold.
    private mutating func remind(_ source: NodeID?, of member: ShortID, unless isSame: Bool) -> Bool {
        if !isSame, let source, source.short == member, let index = table.index(of: source) {
            enqueue(member, on: index)
        }
        return false
    }

    private mutating func note(_ news: Verified<News>, _ purpose: Purpose, isIntroduction: Bool = false) {
        if case .passOn = purpose { table.log.append(news.value, isIntroduction: isIntroduction) }
    }

    /// Whoever told something knows it, though it was no news.
    private mutating func noteKnown(_ news: [Verified<News>], by source: NodeID) {
        guard let index = table.index(of: source) else { return }
        for item in news {
            let digest = item.value.digest
            table[edge: index].told(digest, at: table.log.position(of: digest))
        }
    }

    private mutating func tidyLog() {
        var log = ChangeLog()
        swap(&log, &table.log)
        log.compact { table.holds($0) }
        swap(&log, &table.log)
    }

    /// Of what all neighbours have, only the latest is kept to be told; and nothing of exchanges that ended long ago.
    mutating func forgetTidings(at now: Instant) {
        let acknowledged = view.members.compactMap { table.index(of: $0) }.map { table[edge: $0].acknowledged }.min()
        let age = max(settings.quietAge, pulse * 4)
        table.log.drop(acknowledged: acknowledged ?? table.log.head, olderThan: age, at: now)
        let neighbours = Set(view.members.map(\.short))
        table.dropEdges { id, edge in
            !neighbours.contains(id) && edge.isIdle(at: now)
                && (edge.exchanged.map { now - $0 > settings.quietAge } ?? true)
        }
    }

    /// Room for one more member: when the table is full, who has been gone longest gives way, else the newcomer is not
    /// taken in.
    private mutating func makeRoom(_ effects: inout Effects) -> Bool {
        guard table.members.count >= settings.memberLimit else { return true }
        let absent = table.members.indices.filter { !table.members.isPresent($0) }
        guard let oldest = absent.min(by: { table.members[$0].conditionSince < table.members[$1].conditionSince })
        else { return false }
        forget(oldest, &effects)
        return true
    }

    mutating func forget(_ index: Int, _ effects: inout Effects) {
        let id = table.members.id(index)
        table.remove(at: index)
        effects.records.append(.forget(id))
        effects.changed(id)
    }
}

extension News {
    fileprivate var isCard: Bool { if case .card = self { true } else { false } }

    /// Where among the news of one envelope its turn comes: each after all that it may be about.
    fileprivate var precedence: Int {
        switch self {
        case .card: 0
        case .status: 1
        case .verdict: 2
        case .departure: 3
        }
    }
}
