internal import Primitives

extension Roster {
    /// How long to wait for a reply: from the round trips seen, never most of an interval.
    func replyWait(_ index: Int) -> Duration {
        let interval = interval(of: index)
        guard let roundTrip = table[edge: index].roundTrips.median else {
            return health.scaled(min(interval / settings.guessDivisor, settings.longestGuess), interval: interval)
        }
        let wait = max(roundTrip * 2 + settings.grace, settings.shortestWait)
        return min(health.scaled(wait, interval: interval), interval / 2)
    }

    /// Nothing came back in time.
    mutating func noReply(_ index: Int, _ before: Silence, at now: Instant, _ effects: inout Effects) {
        var silence = before
        silence.unanswered += 1
        let wait = replyWait(index)
        switch silence.stage {
        case .direct where silence.unanswered <= settings.retries:
            sendPulse(index, &silence, at: now, &effects)
            silence.deadline = now + wait
        case .direct:
            silence.stage = .indirect
            askHelpers(about: index, &silence, at: now, &effects)
            sendPulse(index, &silence, at: now, &effects)
            // Two round trips, one of which is the helper's.
            silence.deadline = now + wait * 2
        case .indirect:
            silence.stage = .suspected
            health.worsen(unheard: silence.helpersUnheard)
            become(.suspect, index, at: now, &effects)
            introduceIfUnknown(index, &effects)
            tellSuspicion(index, &silence, at: now, &effects)
            silence.deadline = now + max(wait, interval(of: index) / 8)
        case .suspected:
            // Who was never heard may not know this node yet, as long as its card is on the way.
            let isStranger = table.members.heard(index) == nil
            if isStranger, silence.unanswered.isMultiple(of: settings.verdictProbes) {
                table[edge: index].isIntroduced = false
                introduceIfUnknown(index, &effects)
            }
            let percent = settings.verdictPercent * (isStranger ? settings.strangerPatience : 1)
            let patience = health.patience(interval(of: index) * percent / 100)
            if silence.unanswered >= settings.verdictProbes, now - silence.since >= patience {
                silence.stage = .condemned
                let member = table.members[index]
                effects.append(
                    .sign(
                        .verdict(Verdict(subject: member.id.short, issuer: own.id.short, version: member.version))))
            }
            tellSuspicion(index, &silence, at: now, &effects)
            silence.deadline = now + max(wait, interval(of: index) / 8)
        case .condemned:
            // Others may have heard of it meanwhile, or know more verdicts.
            askHelpers(about: index, &silence, at: now, &effects)
            tellSuspicion(index, &silence, at: now, &effects)
            silence.deadline = now + interval(of: index)
        }
        table[edge: index].phase = .waiting(silence)
        judge(at: now, &effects)
    }

    private mutating func tellSuspicion(
        _ index: Int, _ silence: inout Silence, at now: Instant, _ effects: inout Effects
    ) {
        let member = table.members[index]
        let number = nextNumber()
        silence.sent(number, at: now)
        effects.append(.send(Envelope(.suspicion(number: number, version: member.version)), to: member.id))
    }

    private mutating func askHelpers(
        about index: Int, _ silence: inout Silence, at now: Instant, _ effects: inout Effects
    ) {
        let target = table.members.id(index)
        var candidates = view.members.filter { id in
            id != target && table.index(of: id).map { table.members[$0].condition == .alive } ?? false
        }
        silence.helpersUnheard = max(1, min(settings.helpers, candidates.count))
        for _ in 0..<min(settings.helpers, candidates.count) {
            let helper = candidates.remove(at: Int.random(in: candidates.indices, using: &generator))
            let number = nextNumber()
            silence.sent(number, at: now)
            effects.append(.send(Envelope(.indirectProbe(number: number, target: target.short)), to: helper))
        }
    }

    /// Deadlines that passed while this node itself did not run accuse nobody: the answers may lie unread.
    mutating func forgiveOwnPause(at now: Instant) {
        guard let due = nextDeadline, now - due > settings.ownPause else { return }
        health.worsen()
        forgiveVigils(at: now)
        for id in view.members {
            guard let index = table.index(of: id), case .waiting(var silence) = table.phase(index),
                silence.deadline < now
            else { continue }
            silence.since = silence.since + (now - due)
            silence.deadline = now + replyWait(index)
            table[edge: index].phase = .waiting(silence)
        }
    }
}
