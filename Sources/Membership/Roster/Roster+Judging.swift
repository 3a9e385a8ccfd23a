internal import Primitives

extension Roster {
    /// A status of this version takes back what was said against the member, or its farewell.
    func refutes(_ version: UInt64, _ index: Int) -> Bool {
        guard table.members.isAccused(index) else { return false }
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
        let version = table.members.version(index)
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
        if case .waiting = table.phase(index) { table[edge: index].phase = .resting(until: now) }
        judge(at: now, &effects)
    }

    /// Who has enough verdicts against it is dead. A death lowers what it takes for the others, so this goes on until
    /// nobody falls.
    mutating func judge(at now: Instant, _ effects: inout Effects) {
        while let index = condemned(at: now) { become(.dead, index, at: now, &effects) }
    }

    private func condemned(at now: Instant) -> Int? {
        // Against most there are too few, and voters enough for a quorum.
        let isQuorumNeeded = table.members.presentCount - table.accused.count > settings.quorum
        for accused in table.accused where accused.isPresent && (accused.verdicts >= settings.quorum || !isQuorumNeeded)
        {
            if let index = table.index(of: accused.member), isCondemned(index, at: now) { return index }
        }
        return nil
    }

    private func isCondemned(_ index: Int, at now: Instant) -> Bool {
        guard !isFresh(index, at: now) else { return false }
        let member = table.members[index]
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
            guard !table.members.verdicts(other).contains(where: { $0.value.issuer == own.id.short }) else { continue }
            voters += 1
            if voters >= settings.quorum { return settings.quorum }
        }
        return voters
    }

    /// This node's own ears outweigh verdicts: it heard the member within the last interval or so, and nothing has gone
    /// unanswered since.
    private func isFresh(_ index: Int, at now: Instant) -> Bool {
        let edge = table[edge: index]
        guard let heard = table.members.heard(index) else { return false }
        if case .waiting(let silence) = edge.phase, silence.stage != .direct || silence.unanswered > 0 { return false }
        return heard > now - interval(of: index) * 3 / 2
    }

    mutating func become(_ condition: Condition, _ index: Int, at now: Instant, _ effects: inout Effects) {
        guard table.members.conditions[index] != condition else { return }
        let wasPresent = table.members.isPresent(index)
        table.update(index) {
            $0.condition = condition
            $0.conditionSince = now
        }
        effects.changed(table.members.id(index))
        if condition == .suspect || !wasPresent { table[edge: index].isDoubtful = true }
        if condition == .dead { hastenVisits(at: now) }
        guard table.members.isPresent(index) != wasPresent else { return }
        table[edge: index].phase = .idle
        table[edge: index].isIntroduced = false
        table[edge: index].visited = nil
        noteComingOrGoing(of: table.members.id(index))
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
        sampleShares()
        watchAccused(at: now)
        let dead = table.members.indices.filter { table.members.conditions[$0] == .dead }
        if let index = dead.randomElement(using: &generator) { visit(index, &effects) }
    }

    private mutating func visit(_ index: Int, _ effects: inout Effects) {
        let member = table.members[index]
        effects.append(.send(Envelope(.probe(number: nextNumber())), to: member.id))
        // It may have forgotten this node, and could not read a word.
        if member.heard == nil { effects.append(.introduce(to: member.id, wantsTable: introduction != nil)) }
    }

    /// Another tells the last word of a member that is dead here, and knows of no death: who of them is right, the member
    /// itself can say. Where it has said nothing for an interval, the other is told of the verdicts, which nobody's log has
    /// any more.
    mutating func visitDoubted(_ index: Int, by source: ShortID, at now: Instant, _ effects: inout Effects) {
        guard table.members.conditions[index] == .dead, let source = table.index(of: source), source != index,
            table[edge: source].probes.spend(settings.probes, at: now)
        else { return }
        let since = table[edge: index].visited ?? now
        table[edge: index].visited = since
        if now - since >= interval(of: index) { enqueue(table.members.ids[index], hasCard: true, on: source) }
        visit(index, &effects)
    }

    /// So many are gone that it looks as though the network had parted, and not as though each had failed for itself.
    var isParted: Bool {
        let absent = table.members.count - table.members.presentCount
        return absent > 0 && absent * settings.partedDivisor >= table.members.count
    }

    /// The network has just parted: the other side is looked for more often from now on; not by all at the same moment.
    private mutating func hastenVisits(at now: Instant) {
        let interval = deadProbeInterval
        guard let due = deadProbeDue, due > now + interval else { return }
        deadProbeDue = now + part(of: interval)
    }

    /// Somebody gave a verdict, and too few others have: this node looks for itself.
    private mutating func watchAccused(at now: Instant) {
        let accused = table.accused.compactMap { table.index(of: $0.member) }.filter { index in
            table.members.isPresent(index)
                && !table.members.verdicts(index).contains { $0.value.issuer == own.id.short }
        }
        if let index = accused.randomElement(using: &generator) { watch(index, at: now) }
    }

    /// In this run; or, as this run knows nothing of earlier ones, by the date of its last word.
    private func hasBeenGoneForLong(_ index: Int, at now: Instant) -> Bool {
        guard !table.members.isPresent(index) else { return false }
        let member = table.members[index]
        let lastWord = WallTime(milliseconds: Int64(clamping: member.lastWord))
        return now - member.conditionSince >= settings.deadKept
            || wallTime(at: now) - lastWord >= settings.deadKept + settings.statusAge
    }

    var deadProbeInterval: Duration { isParted ? partedPause : pulse * settings.deadProbeSpacing }

    /// Between two looks for the other side: what is longer in a month that affords few pulses would be too long then.
    var partedPause: Duration { min(pulse, .seconds(60)) }
}
