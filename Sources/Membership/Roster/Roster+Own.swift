internal import Primitives

/// This node's own statements.
struct Voice: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case silent
        case speaking
        case gone
    }

    struct Facts: Equatable, Sendable {
        var remaining = QuarterPower.nothing
        var load: UInt8 = 0
        var freeDisk = QuarterPower.nothing
    }

    var phase = Phase.silent
    /// The highest version drafted, ever.
    var lastVersion: UInt64
    /// The last that must be known everywhere at once.
    var urgentVersion: UInt64 = 0
    var facts = Facts()
    /// What the last draft said.
    var drafted: Facts?
    var draftedAt: Instant?
    /// Where it said that this node stands.
    var draftedCoordinate: Coordinate?
    /// The own card found among what was kept: others hold it.
    var persistedCard: Card?
    /// Members out of view that wait for the next status, because they hold this node dead.
    var owed: [NodeID] = []

    /// What is left of what it may say of itself.
    var statuses = Budget()
    /// How often this node lets itself be provoked to a new status.
    var refutations = Budget()

    var twins = TwinWatch()

    static let owedLimit = 32

    init(lastVersion: UInt64) {
        self.lastVersion = lastVersion
    }

    var isSpeaking: Bool { phase == .speaking }
}

extension Roster {
    mutating func start(_ wallTime: WallTime, at now: Instant, _ effects: inout Effects) {
        guard voice.phase == .silent else { return }
        voice.phase = .speaking
        calendar = (wallTime, now)
        table.begin(at: now)
        speakAbove(own.card.value)
        raiseVersion(urgently: true, at: now, &effects)
        // Not nought, which is no run's.
        table.log.epoch = UInt32(truncatingIfNeeded: Generator.mix(voice.lastVersion)) | 1
        effects.records.append(.news(own.card.part(News.card)))
        sampleShares()
        deadProbeDue = now + deadProbeInterval
        excursion.due = now + part(of: settings.firstFarSpacing)
        reviewDue = now + settings.reviewSpacing / 2 + part(of: settings.reviewSpacing / 2)
        // Who is there from the start is told all of this run.
        isViewStale = true
        redrawStaleView(at: now)
        if !isOwnCardKnown { table.log.append(.card(own.card.value)) }
        beginIntroduction(at: now, &effects)
    }

    /// When a new status should be drafted: at once when it is about having something to give or not, else not more
    /// often than this node pulses, and than the controller allows. A status is renewed in any case before it grows
    /// old.
    var statusDue: Instant? {
        guard voice.isSpeaking, let drafted = voice.drafted, let at = voice.draftedAt else { return nil }
        guard isWorthTelling(since: drafted, at: at) else {
            guard hasMoved else { return at + settings.statusAge }
            return at + min(max(renewal, untilAffordable(keeping: statusRate.burst / 2, at: at)), settings.statusAge)
        }
        if isUrgentChange(from: drafted) { return at }
        return at + max(pulse, untilAffordable(at: at))
    }

    /// What the controller makes it wait before it says something new. What can wait leaves some for what cannot: levels
    /// go before where this node stands.
    private func untilAffordable(keeping kept: Int = 0, at now: Instant) -> Duration {
        guard settings.pulse == nil else { return .zero }
        var rate = statusRate
        rate.burst -= kept
        return voice.statuses.untilNext(of: rate, at: now)
    }

    /// How often the controller lets it say something new.
    private var statusRate: Rate { controller.statuses(members: table.members.presentCount + 1) }

    /// How busy it is changes with every breath: a small change counts only while there is plenty to say it with.
    private func isWorthTelling(since drafted: Voice.Facts, at now: Instant) -> Bool {
        let facts = voice.facts
        guard drafted.remaining == facts.remaining, drafted.freeDisk == facts.freeDisk else { return true }
        let change = abs(Int(drafted.load) - Int(facts.load))
        return change > 1 || change == 1 && (settings.pulse != nil || !voice.statuses.isLow(statusRate, at: now))
    }

    /// How old a status gets that is still right but for where this node stands.
    private var renewal: Duration {
        let age = (voice.draftedAt ?? own.since) - own.since
        return min(max(age, settings.firstMovedAge), settings.movedAge)
    }

    private func isUrgentChange(from drafted: Voice.Facts) -> Bool {
        (drafted.remaining == .nothing) != (voice.facts.remaining == .nothing)
    }

    mutating func draftStatusIfDue(at now: Instant, _ effects: inout Effects) {
        guard let due = statusDue, due <= now, let drafted = voice.drafted else { return }
        raiseVersion(urgently: isUrgentChange(from: drafted), at: now, &effects)
    }

    /// Drafts a status of a new version. It need not be durable before it is told: who falls behind is told its own
    /// later status by those who saw it, and a refutation must not wait for a slow disk.
    mutating func raiseVersion(urgently isUrgent: Bool, at now: Instant, _ effects: inout Effects) {
        voice.lastVersion = Version.next(after: voice.lastVersion, at: wallTime(at: now))
        if isUrgent { voice.urgentVersion = voice.lastVersion }
        voice.drafted = voice.facts
        voice.draftedAt = now
        _ = voice.statuses.spend(statusRate, at: now)
        voice.draftedCoordinate = vivaldi.coordinate
        hasMoved = false
        effects.records.append(.ownVersion(voice.lastVersion))
        let facts = voice.facts
        effects.append(
            .sign(
                .status(
                    Status(
                        node: own.id.short, version: voice.lastVersion, remaining: facts.remaining, load: facts.load,
                        freeDisk: facts.freeDisk, coordinate: voice.draftedCoordinate))))
    }

    /// Somebody holds a status of this version for the last sign of life: say something newer, unless that is under
    /// way.
    mutating func refute(_ version: UInt64, at now: Instant, _ effects: inout Effects) {
        guard voice.isSpeaking, version >= own.version, version >= voice.lastVersion,
            voice.refutations.spend(settings.refutations(pulse), at: now)
        else { return }
        health.worsen()
        voice.lastVersion = max(voice.lastVersion, version)
        raiseVersion(urgently: true, at: now, &effects)
    }

    mutating func signed(_ news: Verified<News>, at now: Instant, _ effects: inout Effects) {
        switch news.value {
        case .card: break
        case .verdict: take([news], .passOn(from: nil), at: now, &effects)
        case .status(let status):
            guard status.node == own.id.short, status.version > own.version else { return }
            table.updateOwn { $0.status = news.part { _ in status } }
            table.log.append(news.value)
            effects.changed(own.id)
            if status.version <= voice.urgentVersion { passOnAtOnce(news.value, at: now) }
            payOwed(at: now, &effects)
        case .departure(let departure):
            guard departure.node == own.id.short else { return }
            table.updateOwn {
                $0.departure = news.part { _ in departure }
                $0.condition = .left
                $0.conditionSince = now
            }
            effects.changed(own.id)
            effects.records.append(.news(news))
            // To more than the neighbours, who may just be out of reach: there is no second time.
            for id in view.members + strangers() {
                effects.append(.send(Envelope(.probe(number: nextNumber()), news: [news.value]), to: id))
            }
            voice.phase = .gone
        }
    }

    /// The newest status goes to those who hold this node dead, as a probe: they answer by what they then think.
    private mutating func payOwed(at now: Instant, _ effects: inout Effects) {
        guard let status = own.status?.value else { return }
        for id in voice.owed {
            effects.append(.send(Envelope(.probe(number: nextNumber()), news: [.status(status)]), to: id))
        }
        voice.owed = []
    }

    mutating func leave(at now: Instant, _ effects: inout Effects) {
        guard voice.isSpeaking else { return }
        voice.lastVersion = Version.next(after: voice.lastVersion, at: wallTime(at: now))
        effects.records.append(.ownVersion(voice.lastVersion))
        effects.append(.sign(.departure(Departure(node: own.id.short, version: voice.lastVersion))))
    }

    /// Another network: nothing of the old one remains.
    mutating func admitted(
        _ card: Verified<Card>, _ news: [Verified<News>], at now: Instant, _ effects: inout Effects
    ) {
        guard card.value.nodeID == own.id else { return }
        for index in table.members.indices.reversed() { forget(index, &effects) }
        table.updateOwn {
            $0.card = card
            $0.condition = .alive
            $0.departure = nil
        }
        effects.records += [.forget(own.id), .news(card.part(News.card))]
        effects.changed(own.id)
        take(news, .keep, at: now, &effects)
        guard voice.phase != .silent else { return }
        voice.phase = .speaking
        speakAbove(card.value)
        raiseVersion(urgently: true, at: now, &effects)
        // Its card was made of what it was just told: nobody knows it yet.
        beginIntroduction(at: now, &effects)
        isViewStale = true
    }

    /// The new card goes to the others at once: whoever holds an older one may look for this node elsewhere.
    mutating func renewed(_ card: Verified<Card>, at now: Instant, _ effects: inout Effects) {
        guard card.value.nodeID == own.id, card.value.version > own.card.value.version else { return }
        table.updateOwn { $0.card = card }
        speakAbove(card.value)
        effects.records.append(.news(card.part(News.card)))
        effects.changed(own.id)
        guard voice.isSpeaking else { return }
        table.log.append(.card(card.value))
        passOnAtOnce(.card(card.value), at: now)
    }

    /// What this node says from now on is newer than its card.
    private mutating func speakAbove(_ card: Card) { voice.lastVersion = max(voice.lastVersion, card.version) }
}
