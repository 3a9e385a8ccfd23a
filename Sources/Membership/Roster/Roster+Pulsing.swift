internal import Primitives

extension Roster {
    /// How often pulses are exchanged with a member: as the slower end wants.
    func interval(of index: Int) -> Duration { max(settings.pulse, table[edge: index].interval) }

    /// Whatever is due.
    mutating func advance(at now: Instant, _ effects: inout Effects) {
        guard voice.isSpeaking else { return }
        redrawStaleView(at: now)
        draftStatusIfDue(at: now, &effects)
        for id in view.members {
            // Acting on one edge may kill, revive or forget others.
            guard let index = table.index(of: id) else { continue }
            switch table[edge: index].phase {
            case .resting(let due) where due <= now: beginExchange(index, at: now, &effects)
            case .waiting(let silence) where silence.deadline <= now: noReply(index, silence, at: now, &effects)
            case .idle, .resting, .waiting: break
            }
        }
        visitTheDead(at: now, &effects)
        keepVigils(at: now, &effects)
        excuseErrands(at: now, &effects)
        measureFar(at: now, &effects)
        continueIntroduction(at: now, &effects)
        redrawStaleView(at: now)
    }

    /// Brings the next exchange with every neighbour forward.
    mutating func hastenAll(except source: NodeID? = nil, at now: Instant) {
        for id in view.members where id != source {
            if let index = table.index(of: id) { hasten(index, at: now) }
        }
    }

    private mutating func hasten(_ index: Int, at now: Instant) {
        guard case .resting(let due) = table[edge: index].phase else { return }
        let soonest = table[edge: index].exchanged.map { max(now, $0 + settings.urgentSpacing) } ?? now
        table[edge: index].phase = .resting(until: min(due, soonest))
    }

    private mutating func beginExchange(_ index: Int, at now: Instant, _ effects: inout Effects) {
        var silence = Silence(since: now, deadline: now + replyWait(index))
        sendPulse(index, &silence, at: now, &effects)
        table[edge: index].phase = .waiting(silence)
    }

    mutating func sendPulse(_ index: Int, _ silence: inout Silence, at now: Instant, _ effects: inout Effects) {
        let load = load(for: index)
        let number = nextNumber()
        silence.sent(number, at: now)
        silence.catchUpCount = load.catchUpCount
        table[edge: index].exchanged = now
        table[edge: index].asked = number
        let pulse = pulse(number, carrying: load, on: index, at: now)
        effects.append(.send(Envelope(.pulse(pulse), news: load.news), to: table.members[index].id))
    }

    private mutating func pulse(_ number: UInt32, carrying load: Load, on index: Int, at now: Instant) -> Pulse {
        let minute = UInt32(clamping: wallTime(at: now).milliseconds / 60_000)
        return Pulse(
            number: number, interval: settings.pulse,
            carriage: Carriage(epoch: table.log.epoch, after: table[edge: index].acknowledged, through: load.through),
            acknowledgement: table[edge: index].received, hasMore: load.hasMore, minute: minute,
            quietHash: table.quietHash(at: minute, age: settings.quietAge), coordinate: untoldCoordinate)
    }

    // MARK: What comes in

    mutating func received(_ pulse: Pulse, from index: Int, at now: Instant, _ effects: inout Effects) {
        takeTidings(of: pulse, on: index, at: now, &effects)
        var load = load(for: index)
        if !load.news.isEmpty, !table[edge: index].loads.spend(settings.loads, at: now) {
            load = Load(through: table[edge: index].acknowledged, hasMore: true)
        }
        table[edge: index].catchUp.removeFirst(load.catchUpCount)
        table[edge: index].exchanged = now
        let reply = self.pulse(pulse.number, carrying: load, on: index, at: now)
        effects.append(.send(Envelope(.pulseReply(reply), news: load.news), to: table.members[index].id))
        guard table[edge: index].phase != .idle else { return }
        // The ends take turns, so that both measure the round trip, and both notice a silence; not both at the same
        // moment.
        let interval = interval(of: index)
        table[edge: index].phase = .resting(until: now + interval - part(of: interval / 64))
    }

    mutating func receivedReply(_ pulse: Pulse, from index: Int, at now: Instant, _ effects: inout Effects) {
        let before = (acknowledged: table[edge: index].acknowledged, received: table[edge: index].received)
        guard case .waiting(let silence) = table[edge: index].phase, let sending = silence.sending(pulse.number) else {
            // Both ends may have begun at once; otherwise nobody asked.
            guard table[edge: index].asked == pulse.number else { return }
            table[edge: index].asked = nil
            return takeTidings(of: pulse, on: index, at: now, &effects)
        }
        table[edge: index].asked = nil
        takeTidings(of: pulse, on: index, at: now, &effects)
        table[edge: index].roundTrips.add(now - sending.at)
        table.measured(table[edge: index].roundTrips.median, index)
        measured(now - sending.at, index, saying: pulse.coordinate, at: now)
        if silence.stage == .direct, silence.unanswered == 0 { health.improve() }
        let caughtUp = min(silence.catchUpCount, table[edge: index].catchUp.count)
        table[edge: index].catchUp.removeFirst(caughtUp)
        // What did not fit goes on at once, as long as the other end takes it in; what it has more of, after a breath.
        let edge = table[edge: index]
        let isBehind = !edge.catchUp.isEmpty || hasUnacknowledged(index)
        if isBehind, edge.acknowledged > before.acknowledged || caughtUp > 0 {
            beginExchange(index, at: now, &effects)
        } else if pulse.hasMore, edge.received != before.received {
            table[edge: index].phase = .resting(until: now + settings.urgentSpacing)
        } else {
            // A little later than the other end, whose turn it is.
            let interval = interval(of: index)
            let due = sending.at + interval + interval / 32 + part(of: interval / 32)
            table[edge: index].phase = .resting(until: max(now, due))
            compareQuiet(pulse, on: index, isSettled: !isBehind && !pulse.hasMore, at: now, &effects)
        }
    }

    /// The cursors, both ways, and the interval.
    private mutating func takeTidings(of pulse: Pulse, on index: Int, at now: Instant, _ effects: inout Effects) {
        table[edge: index].interval = pulse.interval
        if let coordinate = pulse.coordinate { vivaldi.heard(coordinate, of: table.members.ids[index]) }
        if let told = Told(minute: pulse.minute, at: now) { table[edge: index].told = told }
        let carriage = pulse.carriage
        let received = table[edge: index].received
        if received.epoch != carriage.epoch {
            if received != .none, table[edge: index].urgency.spend(settings.urgency, at: now) {
                beganAnew(index, at: now, &effects)
            }
            // Another run of it, or of this node: it says where it believes this node to stand.
            table[edge: index].received = Cursor(epoch: carriage.epoch, position: carriage.through)
        } else if carriage.after <= received.position, carriage.through > received.position {
            table[edge: index].received.position = carriage.through
        }
        if pulse.acknowledgement.epoch == table.log.epoch {
            let head = table.log.head
            table[edge: index].acknowledge(min(pulse.acknowledgement.position, head), of: head)
        }
    }

    /// Another run of a member: what it was told before, it may have forgotten.
    mutating func beganAnew(_ index: Int, at now: Instant, _ effects: inout Effects) {
        table.update(index) { $0.since = now }
        effects.changed(table.members[index].id)
    }

    // MARK: What goes out

    /// The news of one envelope.
    struct Load {
        var news: [News] = []
        /// How far in the log they reach.
        var through: UInt64
        /// How many members' worth of the catch-up.
        var catchUpCount = 0
        var hasMore = false
    }

    /// What a pulse and its frame need in wire form; the rest is for news.
    private static let pulseBytes = 80

    private func hasUnacknowledged(_ index: Int) -> Bool {
        table.log.changes(after: table[edge: index].acknowledged).contains { isForTelling($0.news, to: index) }
    }

    /// Not by this member, not known to it, and not outdated.
    private func isForTelling(_ news: News, to index: Int) -> Bool {
        news.author != table.members.ids[index] && !table[edge: index].known.contains(news.digest) && table.holds(news)
    }

    /// As much as fits of what the member has not acknowledged, in the log's order; then of the catch-up.
    private func load(for index: Int) -> Load {
        let edge = table[edge: index]
        var load = Load(through: edge.acknowledged)
        var space = Envelope.limit - Self.pulseBytes
        for change in table.log.changes(after: edge.acknowledged) {
            let item = change.news
            if isForTelling(item, to: index) {
                let bundle = [item] + endings(beside: item)
                // What is too much for a whole envelope goes piece by piece.
                guard
                    append(bundle, to: &load, on: index, within: &space)
                        || load.news.isEmpty && append([item], to: &load, on: index, within: &space)
                else {
                    load.hasMore = true
                    return load
                }
            }
            load.through = change.position
        }
        load.through = table.log.head
        for id in edge.catchUp {
            let news = summary(of: id)
            // The cards of those who gave verdicts may be too much.
            guard
                append(news, to: &load, on: index, within: &space)
                    || load.news.isEmpty && append(news, to: &load, on: index, within: &space, alone: true)
            else {
                load.hasMore = true
                return load
            }
            load.catchUpCount += 1
        }
        return load
    }

    /// What is told of a member that is dead, or gone, goes with what made it so, or it would come to life for a
    /// moment.
    private func endings(beside item: News) -> [News] {
        switch item {
        case .verdict, .departure: return []
        case .card, .status: break
        }
        guard let member = table.member(item.subject) else { return [] }
        switch member.condition {
        case .alive, .suspect: return []
        case .left: return member.departure.map { [.departure($0.value)] } ?? []
        case .dead:
            let standing = member.verdicts.filter { isStanding($0.value, against: member) }
            return standing.prefix(settings.quorum).map { .verdict($0.value) }
        }
    }

    /// All that matters about a member; fits an envelope.
    private func summary(of id: ShortID) -> [News] {
        guard let member = table.member(id) else { return [] }
        let verdicts = member.verdicts.filter { isStanding($0.value, against: member) }.prefix(settings.quorum)
        return table.news(of: id).map(\.value).filter { if case .verdict = $0 { false } else { true } }
            + verdicts.map { .verdict($0.value) }
    }

    /// Adds items, all or none, each after its author's card unless the member has that or they go alone.
    private func append(
        _ items: [News], to load: inout Load, on index: Int, within space: inout Int, alone: Bool = false
    ) -> Bool {
        var added: [News] = []
        for item in items where !load.news.contains(item) && !added.contains(item) {
            if !alone, lacksCard(item.author, index), let card = table.news(of: item.author).first?.value,
                item != card, !load.news.contains(card), !added.contains(card)
            {
                added.append(card)
            }
            added.append(item)
        }
        let size = added.reduce(0) { $0 + $1.wireBytes.count }
        guard size <= space else { return false }
        load.news += added
        space -= size
        return true
    }

    private func lacksCard(_ author: ShortID, _ index: Int) -> Bool {
        let edge = table[edge: index]
        guard author != table.members.ids[index], author != own.id.short,
            table.log.hasCard(of: author, after: edge.acknowledged), let card = table.news(of: author).first?.value
        else { return false }
        return !edge.known.contains(card.digest)
    }

    // MARK: Comparing what is quiet

    /// Tell a member all that is known of another.
    mutating func enqueue(_ member: ShortID, on index: Int) {
        if !table[edge: index].catchUp.contains(member) { table[edge: index].catchUp.append(member) }
    }

    private mutating func compareQuiet(
        _ pulse: Pulse, on index: Int, isSettled: Bool, at now: Instant, _ effects: inout Effects
    ) {
        guard isSettled else { return }
        guard table.quietHash(at: pulse.minute, age: settings.quietAge) != pulse.quietHash else {
            table[edge: index].mismatches = 0
            return
        }
        table[edge: index].mismatches += 1
        let isRested = table[edge: index].compared.map { now - $0 >= interval(of: index) * settings.bucketSpacing }
        guard table[edge: index].mismatches >= settings.mismatches, isRested ?? true else { return }
        table[edge: index].mismatches = 0
        table[edge: index].compared = now
        let hashes = table.bucketHashes(at: pulse.minute, age: settings.quietAge)
        effects.append(
            .send(Envelope(.buckets(minute: pulse.minute, hashes: hashes)), to: table.members[index].id))
    }

    mutating func received(
        minute: UInt32, hashes: [UInt32], from index: Int, at now: Instant, _ effects: inout Effects
    ) {
        let own = table.bucketHashes(at: minute, age: settings.quietAge)
        var differing = BucketSet()
        for bucket in 0..<BucketSet.count where own[bucket] != hashes[bucket] { differing.insert(UInt8(bucket)) }
        effects.append(.send(Envelope(.differing(differing)), to: table.members[index].id))
        catchUp(differing, on: index, at: now)
    }

    mutating func received(_ differing: BucketSet, from index: Int, at now: Instant) {
        // Only as the answer to a question: it makes this node send everything it knows.
        guard let compared = table[edge: index].compared, now - compared < interval(of: index) else { return }
        catchUp(differing, on: index, at: now)
    }

    private mutating func catchUp(_ buckets: BucketSet, on index: Int, at now: Instant) {
        let id = table.members[index].id.short
        let known = Set(table[edge: index].catchUp)
        let wanted = ([own.id.short] + table.members.ids).filter { member in
            member != id && buckets.contains(member.bucket) && !known.contains(member)
        }
        table[edge: index].catchUp += wanted
        hasten(index, at: now)
    }
}
