internal import Primitives

extension Roster {
    /// How often pulses are exchanged with a member: as the slower end wants.
    func interval(of index: Int) -> Duration { max(pulse, table[edge: index].interval) }

    /// Whatever is due.
    mutating func advance(at now: Instant, _ effects: inout Effects) {
        guard voice.isSpeaking else { return }
        reviewView(at: now)
        redrawStaleView(at: now)
        draftStatusIfDue(at: now, &effects)
        floodIfDue(at: now, &effects)
        continueExchanges(at: now, &effects)
        visitTheDead(at: now, &effects)
        keepVigils(at: now, &effects)
        excuseErrands(at: now, &effects)
        measureFar(at: now, &effects)
        continueIntroduction(at: now, &effects)
        redrawStaleView(at: now)
    }

    private mutating func continueExchanges(at now: Instant, _ effects: inout Effects) {
        guard let due = table.nextDeadline, due <= now else { return }
        for id in view.members {
            // Acting on one edge may kill, revive or forget others.
            guard let index = table.index(of: id) else { continue }
            switch table.phase(index) {
            case .resting(let due) where due <= now: beginExchange(index, at: now, &effects)
            case .waiting(let silence) where silence.deadline <= now: noReply(index, silence, at: now, &effects)
            case .idle, .resting, .waiting: break
            }
        }
    }

    /// Brings the next exchange forward.
    mutating func hasten(_ index: Int, at now: Instant) {
        guard case .resting(let due) = table.phase(index) else { return }
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
        silence.isCutShort = load.hasMore
        table[edge: index].exchanged = now
        table[edge: index].asked = number
        let pulse = pulse(number, carrying: load, on: index, at: now)
        effects.append(.send(Envelope(.pulse(pulse), news: load.news), to: table.members.id(index)))
    }

    private mutating func pulse(_ number: UInt32, carrying load: Load, on index: Int, at now: Instant) -> Pulse {
        let minute = UInt32(clamping: wallTime(at: now).milliseconds / 60_000)
        return Pulse(
            number: number, interval: pulse,
            carriage: Carriage(epoch: table.log.epoch, after: table.acknowledged(index), through: load.through),
            acknowledgement: table[edge: index].received, hasMore: load.hasMore,
            isNeighbour: view.isSeated(table.members.id(index)), mentions: load.mentions,
            wants: table[edge: index].ask(), minute: minute,
            quietHash: table.quietHash(at: minute, age: settings.quietAge), coordinate: untoldCoordinate)
    }

    // MARK: What comes in

    mutating func received(_ pulse: Pulse, from index: Int, at now: Instant, _ effects: inout Effects) {
        takeTidings(of: pulse, on: index, at: now, &effects)
        var load = load(for: index)
        if !load.news.isEmpty, !table[edge: index].loads.spend(settings.loads(self.pulse), at: now) {
            load = Load(through: table.acknowledged(index), hasMore: true)
        }
        table[edge: index].catchUp.removeFirst(load.catchUpCount)
        table[edge: index].exchanged = now
        let reply = self.pulse(pulse.number, carrying: load, on: index, at: now)
        effects.append(.send(Envelope(.pulseReply(reply), news: load.news), to: table.members.id(index)))
        guard table.phase(index) != .idle else { return }
        // The ends take turns, so that both measure the round trip, and both notice a silence; not both at the same
        // moment.
        let interval = interval(of: index)
        table[edge: index].phase = .resting(until: now + interval - part(of: interval / 64))
    }

    mutating func receivedReply(_ pulse: Pulse, from index: Int, at now: Instant, _ effects: inout Effects) {
        let before = (acknowledged: table.acknowledged(index), received: table[edge: index].received)
        guard case .waiting(let silence) = table.phase(index), let sending = silence.sending(pulse.number) else {
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
        // It may just have said that it counts on no more.
        guard table.phase(index) != .idle else { return }
        // What did not fit goes on at once, as long as the other end takes it in; what it has more of, after a breath.
        // What it asks for goes with the next pulse: it may have it from others by then.
        let isCatchingUp = !table[edge: index].catchUp.isEmpty
        let isBehind = isCatchingUp || hasUnacknowledged(index)
        let isHeeded = table.acknowledged(index) > before.acknowledged || caughtUp > 0
        if isCatchingUp || silence.isCutShort, isBehind, isHeeded {
            beginExchange(index, at: now, &effects)
        } else if pulse.hasMore, table[edge: index].received != before.received {
            table[edge: index].phase = .resting(until: now + settings.urgentSpacing)
        } else {
            // A little later than the other end, whose turn it is.
            let interval = interval(of: index)
            let due = sending.at + interval + interval / 32 + part(of: interval / 32)
            table[edge: index].phase = .resting(until: max(now, due))
            compareQuiet(pulse, on: index, isSettled: !isBehind && !pulse.hasMore, at: now, &effects)
        }
    }

    /// The cursors, both ways, what was mentioned and asked for, and the interval.
    private mutating func takeTidings(of pulse: Pulse, on index: Int, at now: Instant, _ effects: inout Effects) {
        table[edge: index].interval = pulse.interval
        table[edge: index].suspicion = nil
        noteChoice(pulse.isNeighbour, of: index, at: now)
        if let coordinate = pulse.coordinate { vivaldi.heard(coordinate, of: table.members.ids[index]) }
        if let told = Told(minute: pulse.minute, at: now) { table[edge: index].told = told }
        let carriage = pulse.carriage
        let received = table[edge: index].received
        if received.epoch != carriage.epoch {
            if received != .none, table[edge: index].urgency.spend(settings.urgency(self.pulse), at: now) {
                beganAnew(index, at: now, &effects)
            }
            // Another run of it, or of this node: it says where it believes this node to stand.
            table[edge: index].received = Cursor(epoch: carriage.epoch, position: carriage.through)
        } else if carriage.after <= received.position, carriage.through > received.position {
            table[edge: index].received.position = carriage.through
        }
        if pulse.acknowledgement.epoch == table.log.epoch {
            table[edge: index].acknowledge(min(pulse.acknowledgement.position, table.log.head))
        }
        settleWants(of: index)
        for digest in pulse.mentions {
            if let position = table.log.position(of: digest) {
                table[edge: index].knows(position)
            } else {
                table[edge: index].want(digest)
            }
        }
        table[edge: index].ordered = pulse.wants
    }

    /// Another run of a member: what it was told before, it may have forgotten.
    mutating func beganAnew(_ index: Int, at now: Instant, _ effects: inout Effects) {
        table.update(index) { $0.since = now }
        effects.changed(table.members.id(index))
    }
}
