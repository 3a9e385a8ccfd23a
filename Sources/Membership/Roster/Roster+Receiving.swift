internal import Primitives

/// A probe made for another member.
struct Errand: Equatable, Sendable {
    /// The number of the probe.
    let number: UInt32
    let target: ShortID
    let asker: NodeID
    /// The number of the request.
    let askedNumber: UInt32
    /// When the asker is told that nothing came back, as long as it was not.
    var due: Instant?
}

extension Roster {
    mutating func receive(
        _ envelope: Verified<Envelope>, from sender: NodeID, at now: Instant, _ effects: inout Effects
    ) {
        guard voice.isSpeaking, table.index(of: sender) != nil else { return }
        let news = envelope.value.news.map { item in envelope.part { _ in item } }
        take(news, .passOn(from: sender), at: now, &effects)
        guard let index = table.index(of: sender) else { return }
        let message = envelope.value.message
        guard table.members.isPresent(index) else {
            if pay(for: message, index, at: now) { receiveFromAbsent(message, index, at: now, &effects) }
            return
        }
        heard(index, at: now, &effects)
        if pay(for: message, index, at: now) { answer(message, index, at: now, &effects) }
    }

    /// False where the member has caused enough.
    private mutating func pay(for message: Message, _ index: Int, at now: Instant) -> Bool {
        if case .probe = message { return table[edge: index].probes.spend(settings.probes, at: now) }
        return table[edge: index].answers.spend(settings.answers(pulse), count: Self.cost(of: message), at: now)
    }

    /// How many answers a message is worth, in what it makes this node send or compute.
    private static func cost(of message: Message) -> Int {
        switch message {
        case .pulse, .probe, .suspicion, .indirectProbe: 1
        case .buckets, .rows: 8
        case .pulseReply, .probeReply, .indirectReply, .indirectFailure, .tidings: 0
        }
    }

    private mutating func answer(_ message: Message, _ index: Int, at now: Instant, _ effects: inout Effects) {
        let sender = table.members.id(index)
        switch message {
        case .pulse(let pulse): received(pulse, from: index, at: now, &effects)
        case .pulseReply(let pulse): receivedReply(pulse, from: index, at: now, &effects)
        case .probe(let number):
            effects.append(.send(Envelope(.probeReply(number: number, coordinate: untoldCoordinate)), to: sender))
        case .probeReply(let number, let coordinate):
            probeAnswered(number, by: sender.short, &effects)
            farAnswered(number, index, saying: coordinate, at: now, &effects)
            vigilAnswered(number, index, saying: coordinate, at: now)
        case .indirectProbe(let number, let target): runErrand(number, to: target, for: sender, at: now, &effects)
        case .indirectReply(let number): helped(number, at: now, &effects)
        case .indirectFailure(let number): helpedInVain(number)
        case .suspicion(let number, let version):
            refuteSuspicion(number, of: version, by: index, at: now, &effects)
        case .buckets(let minute, let hashes):
            received(minute: minute, hashes: hashes, from: index, at: now, &effects)
        case .rows(let rows): received(rows, from: index, at: now, &effects)
        case .tidings: break
        }
    }

    /// A member held dead, or gone, speaks. It is told so, with the verdicts, and comes back with a status of a higher
    /// version; until then, it is answered only what it may need to do the same for this node.
    private mutating func receiveFromAbsent(
        _ message: Message, _ index: Int, at now: Instant, _ effects: inout Effects
    ) {
        let member = table.members[index]
        table[edge: index].visited = nil
        switch message {
        case .suspicion(let number, let version):
            if !voice.owed.contains(member.id), voice.owed.count < Voice.owedLimit { voice.owed.append(member.id) }
            refuteSuspicion(number, of: version, by: index, at: now, &effects)
        case .pulse, .pulseReply, .probe, .probeReply, .indirectProbe, .indirectReply, .indirectFailure, .buckets,
            .rows, .tidings:
            break
        }
        let isRested = table[edge: index].noticed.map { now - $0 >= interval(of: index) / 2 }
        guard isRested ?? true else { return }
        table[edge: index].noticed = now
        let version = max(member.version, member.departure?.value.version ?? 0)
        var news = member.verdicts.prefix(settings.quorum).map { News.verdict($0.value) }
        // Its own last word, in case it has forgotten which version that had; and this node's.
        if let status = member.status?.value { news.append(.status(status)) }
        if let status = own.status?.value { news.append(.status(status)) }
        effects.append(
            .send(Envelope(.suspicion(number: nextNumber(), version: version), news: news), to: member.id))
    }

    // MARK: Signs of life

    /// Something came from the member itself.
    private mutating func heard(_ index: Int, at now: Instant, _ effects: inout Effects) {
        table.heard(index, at: now)
        table[edge: index].isIntroduced = false
        heardInVigil(index, at: now, &effects)
        if table.members.conditions[index] == .suspect { become(.alive, index, at: now, &effects) }
        // An exchange that was begun goes on until its reply, or until the other end begins one.
        if case .waiting(var silence) = table.phase(index), silence.unanswered > 0 {
            silence.unanswered = 0
            silence.stage = .direct
            silence.since = now
            silence.deadline = now + replyWait(index)
            table[edge: index].phase = .waiting(silence)
        }
    }

    /// Mostly, a few datagrams were lost, and an answer is all that is needed. Whoever goes on suspecting does not hear
    /// it: a new status does, on its way through all the others.
    private mutating func refuteSuspicion(
        _ number: UInt32, of version: UInt64, by index: Int, at now: Instant, _ effects: inout Effects
    ) {
        // What is newer than the suspicion refutes it already.
        let news = own.status.map { $0.value.version > version ? [News.status($0.value)] : [] } ?? []
        effects.append(.send(Envelope(.probeReply(number: number), news: news), to: table.members.id(index)))
        guard news.isEmpty, version <= voice.lastVersion else { return }
        // Who is held gone is not answered otherwise.
        guard table.members.isPresent(index) else { return refute(version, at: now, &effects) }
        let earlier = table[edge: index].suspicion.flatMap { now - $0.last < settings.suspicionPause ? $0 : nil }
        let since = earlier?.since ?? now
        table[edge: index].suspicion = Suspicion(since: since, last: now)
        if now - since >= interval(of: index) / settings.answerDivisor {
            table[edge: index].suspicion = nil
            refute(version, at: now, &effects)
        } else if earlier == nil, table[edge: index].urgency.spend(settings.urgency(pulse), at: now) {
            health.worsen()
        }
    }

    // MARK: Helping and being helped

    private mutating func runErrand(
        _ number: UInt32, to target: ShortID, for asker: NodeID, at now: Instant, _ effects: inout Effects
    ) {
        guard let index = table.index(of: target), table.members.id(index) != asker else { return }
        if !table.members.isPresent(index), let edge = table.index(of: asker) { enqueue(target, on: edge) }
        let probe = nextNumber()
        if errands.count >= settings.errandLimit { errands.removeFirst() }
        errands.append(
            Errand(number: probe, target: target, asker: asker, askedNumber: number, due: now + replyWait(index)))
        effects.append(.send(Envelope(.probe(number: probe)), to: table.members.id(index)))
    }

    private mutating func probeAnswered(_ number: UInt32, by member: ShortID, _ effects: inout Effects) {
        guard let place = errands.firstIndex(where: { $0.number == number && $0.target == member }) else { return }
        let errand = errands.remove(at: place)
        effects.append(.send(Envelope(.indirectReply(number: errand.askedNumber)), to: errand.asker))
    }

    /// A helper reached a member that this node could not.
    private mutating func helped(_ number: UInt32, at now: Instant, _ effects: inout Effects) {
        for id in view.members {
            guard let index = table.index(of: id), case .waiting(let silence) = table.phase(index),
                silence.stage != .direct, silence.sending(number) != nil
            else { continue }
            if table.members.heard(index) == nil {
                // It lives, and may have understood nothing of what this node said.
                introduceIfUnknown(index, &effects)
            } else {
                table.heard(index, at: now)
            }
            become(.alive, index, at: now, &effects)
            table[edge: index].phase = .resting(until: now + interval(of: index))
            return
        }
    }
}
