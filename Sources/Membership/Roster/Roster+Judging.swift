internal import Primitives

extension Roster {
    /// A status of this version takes back what was said against the member, or its farewell.
    func refutes(_ version: UInt64, _ index: Int) -> Bool {
        let member = table.members[index]
        guard version >= member.version else { return false }
        if member.condition == .dead {
            // What it said before it fell silent, and is heard only now, as after a restart, tells nothing of it since.
            let charges = member.verdicts.count { $0.value.version >= version }
            guard charges < max(1, min(settings.quorum, member.verdicts.count)) else { return false }
        }
        return member.condition != .alive || member.departure.map { $0.value.version < version } ?? false
            || member.verdicts.contains { $0.value.version < version }
    }

    /// The member's newest status clears it of older charges, and of this node's suspicion: it lives, and is asked
    /// anew.
    mutating func acquit(_ index: Int, at now: Instant, _ effects: inout Effects) {
        let version = table.members[index].version
        let charges = table.news(of: table.members.ids[index]).count
        table.update(index) {
            $0.verdicts.removeAll { $0.value.version < version }
            if let departure = $0.departure, departure.value.version < version { $0.departure = nil }
        }
        let member = table.members[index]
        if member.news.count < charges {
            effects.records += [.forget(member.id), .news(member.card.part(News.card))]
            effects.records += member.verdicts.map { .news($0.part(News.verdict)) }
            if let departure = member.departure { effects.records.append(.news(departure.part(News.departure))) }
        }
        guard member.departure == nil else { return }
        if member.condition != .alive { become(.alive, index, at: now, &effects) }
        if case .waiting = table[edge: index].phase { table[edge: index].phase = .resting(until: now) }
        judge(at: now, &effects)
    }

    /// Who has enough verdicts against it is dead. A death lowers what it takes for the others, so this goes on until
    /// nobody falls.
    mutating func judge(at now: Instant, _ effects: inout Effects) {
        while let index = condemned(at: now) { become(.dead, index, at: now, &effects) }
    }

    private func condemned(at now: Instant) -> Int? {
        for id in table.accused {
            if let index = table.index(of: id), isCondemned(index, at: now) { return index }
        }
        return nil
    }

    private func isCondemned(_ index: Int, at now: Instant) -> Bool {
        let member = table.members[index]
        guard member.isPresent, !member.verdicts.isEmpty, !isFresh(index, at: now) else { return false }
        let issuers = member.verdicts.filter { isStanding($0.value, against: member) }.compactMap {
            table.member($0.value.issuer)
        }
        // A quorum convinces whatever became of its members, so that all who know it judge alike; fewer do only while
        // they are all there are.
        return issuers.count >= settings.quorum || issuers.count(where: \.isPresent) >= verdictsNeeded(against: index)
    }

    /// It is about the last that is known of the member. After a restart no status is known yet: nothing refutes a
    /// verdict that was kept.
    func isStanding(_ verdict: Verdict, against member: Member) -> Bool {
        verdict.version == member.version || (member.status == nil && verdict.version > member.version)
    }

    /// Three, or as many as could give one: this node and all others present but those it has condemned itself. What
    /// others say against a member does not take its vote, else one liar could judge alone.
    private func verdictsNeeded(against index: Int) -> Int {
        var voters = 1
        for other in table.members.indices where other != index && table.members.isPresent(other) {
            guard !table.members[other].verdicts.contains(where: { $0.value.issuer == own.id.short }) else { continue }
            voters += 1
            if voters >= settings.quorum { return settings.quorum }
        }
        return voters
    }

    /// This node's own ears outweigh verdicts: it heard the member within the last interval or so, and nothing has gone
    /// unanswered since.
    private func isFresh(_ index: Int, at now: Instant) -> Bool {
        let edge = table[edge: index]
        guard let heard = table.members[index].heard else { return false }
        if case .waiting(let silence) = edge.phase, silence.stage != .direct || silence.unanswered > 0 { return false }
        return heard > now - interval(of: index) * 3 / 2
    }

    mutating func become(_ condition: Condition, _ index: Int, at now: Instant, _ effects: inout Effects) {
        guard table.members[index].condition != condition else { return }
        let wasPresent = table.members[index].isPresent
        table.update(index) {
            $0.condition = condition
            $0.conditionSince = now
        }
        effects.changed(table.members[index].id)
        guard table.members[index].isPresent != wasPresent else { return }
        table[edge: index].phase = .idle
        table[edge: index].isIntroduced = false
        isViewStale = true
    }

    /// The view follows who is present: once all that an event tells is taken in, however many come and go with it.
    mutating func redrawStaleView(at now: Instant) {
        guard isViewStale, voice.isSpeaking else { return }
        isViewStale = false
        view.draw(
            from: table.members.indices.filter { table.members.isPresent($0) }.map { table.members.id($0) },
            limit: settings.viewLimit, using: &generator)
        for index in table.members.indices {
            let isInView = view.contains(table.members.id(index))
            switch table[edge: index].phase {
            case .idle where isInView:
                table[edge: index].phase = .resting(until: now + part(of: interval(of: index)))
            case .resting where !isInView, .waiting where !isInView:
                table[edge: index].phase = .idle
            case .idle, .resting, .waiting: break
            }
        }
    }

    /// Members dead or gone for too long are forgotten; one dead member is asked whether it is. That is how the halves
    /// of a partition find each other again.
    mutating func visitTheDead(at now: Instant, _ effects: inout Effects) {
        guard let due = deadProbeDue, due <= now else { return }
        deadProbeDue = now + deadProbeInterval
        for index in table.members.indices.reversed() where hasBeenGoneForLong(index, at: now) {
            forget(index, &effects)
        }
        forgetTidings(at: now)
        let dead = table.members.indices.filter { table.members.conditions[$0] == .dead }
        guard let member = dead.randomElement(using: &generator).map({ table.members[$0] }) else { return }
        effects.append(.send(Envelope(.probe(number: nextNumber())), to: member.id))
        // It may have forgotten this node, and could not read a word.
        if member.heard == nil { effects.append(.introduce(to: member.id)) }
    }

    /// In this run; or, as this run knows nothing of earlier ones, by the date of its last word.
    private func hasBeenGoneForLong(_ index: Int, at now: Instant) -> Bool {
        guard !table.members.isPresent(index) else { return false }
        let member = table.members[index]
        let lastWord = WallTime(milliseconds: Int64(clamping: member.lastWord))
        return now - member.conditionSince >= settings.deadKept
            || wallTime(at: now) - lastWord >= settings.deadKept + settings.statusAge
    }

    var deadProbeInterval: Duration { settings.pulse * settings.deadProbeSpacing }
}
