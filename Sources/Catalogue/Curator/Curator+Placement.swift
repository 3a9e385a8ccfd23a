internal import Primitives

/// What the first live tracker of a file does: it sees to it that there are as many replicas as wanted.
extension Curator {
    /// From now on this node knows as a tracker.
    mutating func track(_ file: FileID) {
        guard let entry = files[file], entry.placement == nil, let posting = leading(entry)?.value, let wall else {
            return
        }
        anchor(file)
        let age = wall - posting.postedAt
        // What is older than this run may have replicas that it forgot.
        let isNew = age < settings.novelty && age > .zero - settings.novelty && posting.postedAt >= began
        trackedCount += 1
        files[file]?.placement = Placement(
            notBefore: isNew ? now : now + settings.settling, number: trackedCount)
    }

    /// Compares the replicas of a tracked file with what is wanted, and offers it where that leads to more.
    ///
    /// Each posting stands for itself: what is wanted, who is vouched for and who was asked in vain are counted for
    /// each, so that no posting, false or greedy, keeps another's copies from being made. While postings contradict
    /// each other each is tried with a few members at a time, and a holder is asked for the proof of the true length.
    mutating func place(_ file: FileID) {
        guard let entry = files[file], var placement = entry.placement, clock != nil else { return }
        guard leading(entry) != nil else { return recall(file) }
        if let lookAt = placement.lookAt, lookAt <= now { placement.lookAt = nil }
        let trackers = members.trackers(of: file)
        placement.age(at: now, rest: settings.unansweredRest)
        let holders = entry.holders.filter { members.isAlive($0.holder) }
        let postings = inForce(entry)
        let short = postings.filter { missing($0.value, entry, holders, placement) > 0 }
            .sorted { $0.value.replicas > $1.value.replicas }
        placement.isShort = !short.isEmpty
        let isInCharge = prepare(file, trackers, holders, postings, &placement)
        files[file]?.placement = placement
        guard isInCharge else { return }
        for posting in short { offer(posting, holders, among: postings) }
    }

    /// Arranges when to look again. Whether it is this node's turn to make offers, and there is something to offer.
    private mutating func prepare(
        _ file: FileID, _ trackers: [NodeID], _ holders: [FileEntry.Heard], _ postings: [Verified<Posting>],
        _ placement: inout Placement
    ) -> Bool {
        guard let rank = trackers.firstIndex(of: own) else {
            prepareToRetire(file, &placement)
            return false
        }
        placement.retiresAt = nil
        relyOnWhatIsKnown(of: file)
        settleDispute(file, &placement)
        arrangeLook(file, &placement)
        let filling = holders.filter { $0.state == .filling }
        let dues = postings.flatMap { posting in filling.map { due($0, posting.value) } }
        if let due = dues.filter({ $0 > now }).min() { look(file, at: due, unless: &placement) }
        guard placement.isShort else {
            placement.nudgeAt = nil
            placement.takeoverAt = nil
            return false
        }
        if rank > 0, !takesOver(file, from: trackers[0], rank: rank, &placement) { return false }
        let entry = files[file] ?? FileEntry(file: file)
        guard placement.notBefore <= now, holders.contains(where: { $0.isWhole && isBelieved($0.holder, of: entry) })
        else {
            // Without a holder that can be asked nothing can be copied; one that turns up is heard of.
            let pause = placement.notBefore <= now ? settings.longestPause : settings.shortagePause
            look(file, at: max(placement.notBefore, now + pause), unless: &placement)
            return false
        }
        return true
    }

    /// How many more copies the posting wants than there are and will be. Who is stuck is replaced; but where as many
    /// are stuck as are wanted it is hardly they who are at fault, and more would be stuck as well.
    private func missing(
        _ posting: Posting, _ entry: FileEntry, _ holders: [FileEntry.Heard], _ placement: Placement
    ) -> Int {
        let copies = holders.filter { heard in
            !entry.isPublisher(heard.holder) && posting.audience.vouches(for: heard.holder)
                && isBelieved(heard.holder, of: entry)
        }
        let stuck = copies.count { $0.state == .filling && now >= due($0, posting) }
        let replicas = copies.count { $0.state == .complete || $0.state == .filling } - stuck
        let wanted = Int(posting.replicas)
        return wanted - replicas - max(0, stuck - wanted) - placement.hopefuls(for: posting).count
    }

    private mutating func offer(
        _ posting: Verified<Posting>, _ holders: [FileEntry.Heard], among postings: [Verified<Posting>]
    ) {
        let (value, file) = (posting.value, posting.value.file)
        guard let entry = files[file], var placement = entry.placement else { return }
        let missing = missing(value, entry, holders, placement)
        let isContested = postings.contains { Claim($0.value) != Claim(value) }
        let hopefuls = placement.hopefuls(for: value)
        let count = isContested ? min(missing, limits.contestedOffers - hopefuls.count) : missing
        guard count > 0 else { return }
        let asked = placement.pending.filter { $0.publisher == value.publisher }.map(\.member)
        let chosen = candidates(
            for: value, count: count, holders: holders.map(\.holder) + hopefuls, asked: asked)
        if chosen.count < count {
            let since = placement.shortSince ?? now
            placement.shortSince = since
            let pause = min(max(settings.shortagePause, (now - since) / 8), settings.longestPause)
            look(file, at: now + pause, unless: &placement)
        } else {
            placement.shortSince = nil
        }
        for member in chosen { placement.ask(member, under: value) }
        files[file]?.placement = placement
        guard !chosen.isEmpty else { return }
        let filling = holders.filter { $0.state == .filling }.map(\.holder)
        offer(posting, to: chosen, holders: holders, group: chosen + filling + hopefuls)
    }

    private mutating func offer(
        _ posting: Verified<Posting>, to chosen: [NodeID], holders: [FileEntry.Heard], group: [NodeID]
    ) {
        let whole = (holders.filter { $0.state == .complete } + holders.filter { $0.state == .leaving }).map(\.holder)
        // Whose posting it is should be able to describe it, whoever else says that they have it; last who is not
        // believed.
        let publisher = posting.value.publisher
        let entry = files[posting.value.file] ?? FileEntry(file: posting.value.file)
        let known = whole.filter { isBelieved($0, of: entry) } + whole.filter { !isBelieved($0, of: entry) }
        let told = whole.contains(publisher) ? [publisher] + known.filter { $0 != publisher } : known
        let offer = Offer(posting: posting.value, holders: told, group: group)
        for member in chosen where member != own {
            call(.offer(offer), .offer(posting.value.file, by: publisher), to: member)
        }
        if chosen.contains(own) {
            offerAnswered(posting.value.file, publisher, by: own, consider(posting.part { _ in offer }, from: own))
        }
    }

    mutating func offerAnswered(_ file: FileID, _ publisher: NodeID, by member: NodeID, _ answer: CatalogueAnswer) {
        files[file]?.placement?.untriedSince = nil
        let stage: Placement.Pending.Stage
        switch answer {
        case .accepted: stage = .accepted(until: now + settings.acceptancePatience)
        // It will say so itself.
        case .declined(.held): stage = .accepted(until: now + settings.acceptancePatience)
        // It sees the members otherwise, which passes.
        case .declined(.notTracker): stage = .resting(until: now + settings.unansweredRest)
        case .declined(let refusal):
            if refusal == .publisherShare { noteSated(member, with: file, of: publisher) }
            stage = .resting(until: now + settings.declinedRest)
        case .noted, .found, .withdrawn, .unknown, .manifest, .pieces, .confirmed:
            stage = .resting(until: now + settings.unansweredRest)
        }
        offerEnded(file, publisher, with: member, stage)
    }

    /// Where only the answer was lost, the member may have accepted: it has time to announce itself before another is
    /// asked, which would make a copy too many.
    mutating func offerFailed(
        _ file: FileID, _ publisher: NodeID, to member: NodeID, _ failure: CallFailure
    ) {
        let stage: Placement.Pending.Stage =
            switch failure {
            case .timedOut: .accepted(until: now + settings.lostAnswerPatience)
            case .untried: .resting(until: now + untriedRest(of: file))
            case .unreachable, .refused, .malformed: .resting(until: now + settings.unansweredRest)
            }
        offerEnded(file, publisher, with: member, stage)
    }

    /// Where nobody was asked for some time, this node may have nothing left to ask with.
    private mutating func untriedRest(of file: FileID) -> Duration {
        let since = files[file]?.placement?.untriedSince ?? now
        files[file]?.placement?.untriedSince = since
        return min(max(settings.untriedRest, (now - since) / 2), settings.declinedRest)
    }

    private mutating func offerEnded(
        _ file: FileID, _ publisher: NodeID, with member: NodeID, _ stage: Placement.Pending.Stage
    ) {
        guard files[file]?.placement?.isAsked(member, publisher) == true else { return }
        files[file]?.placement?.set(member, publisher, stage)
        agenda.add(.place(file), at: now)
    }

    // MARK: Waiting

    /// When a filling replica should be complete.
    private func due(_ heard: FileEntry.Heard, _ posting: Posting) -> Instant {
        let length = files[posting.file]?.provenLength ?? posting.length
        return heard.at + settings.fillPatience + .seconds(length.bytes / settings.slowestFill.bytes)
    }

    /// Looks again when the next accepted offer should have become an announcement, or somebody may be asked again.
    private mutating func arrangeLook(_ file: FileID, _ placement: inout Placement) {
        var next: Instant?
        for entry in placement.pending {
            switch entry.stage {
            case .accepted(let until), .resting(let until): next = min(next ?? until, until)
            case .asked: break
            }
        }
        if let next { look(file, at: next, unless: &placement) }
    }

    mutating func look(_ file: FileID, at moment: Instant, unless placement: inout Placement) {
        if let lookAt = placement.lookAt, lookAt <= moment { return }
        placement.lookAt = moment
        agenda.add(.place(file), at: moment)
    }

    /// A tracker that is not the first sees a shortage that lasts. Perhaps the first forgot the file, or never heard of
    /// it: it is told. Where that changes nothing, this one acts in its place; both at work cost a copy too many at
    /// most.
    private mutating func takesOver(
        _ file: FileID, from first: NodeID, rank: Int, _ placement: inout Placement
    ) -> Bool {
        if let takeoverAt = placement.takeoverAt, takeoverAt <= now { return true }
        let nudgeAt = placement.nudgeAt ?? now + settings.nudgeDelay * rank
        placement.nudgeAt = nudgeAt
        guard nudgeAt <= now else {
            look(file, at: nudgeAt, unless: &placement)
            return false
        }
        let takeoverAt = placement.takeoverAt ?? now + settings.nudgeDelay * rank
        placement.takeoverAt = takeoverAt
        placement.nudgeAt = now + settings.nudgePause
        look(file, at: takeoverAt, unless: &placement)
        send(file, to: first, everything: true)
        return false
    }

    // MARK: Retiring

    /// Others rank before this node by now. Nobody tells it of changes any more, so it must not go on knowing for long;
    /// a little it must, for those who do not see the members so yet.
    mutating func prepareToRetire(_ file: FileID, _ placement: inout Placement) {
        guard placement.retiresAt == nil else { return }
        placement.retiresAt = now + settings.retirement
        agenda.add(.retire(file), at: now + settings.retirement)
    }

    mutating func retire(_ file: FileID) {
        guard let retiresAt = files[file]?.placement?.retiresAt, retiresAt <= now else { return }
        files[file]?.placement = nil
        letGo(file, for: .zero)
    }

    // MARK: Choosing

    /// Members to offer a file to, the best first: vouched for, alive, with allowance and disk to spare, each as far
    /// from the holders and those chosen before it as makes a difference.
    private func candidates(
        for posting: Posting, count: Int, holders: [NodeID], asked: [NodeID]
    ) -> [NodeID] {
        let places = holders.compactMap { members[$0]?.place }
        var open = members.filter { member in
            members.isAlive(member.id) && posting.audience.vouches(for: member.id)
                && member.id != posting.publisher && member.remaining >= posting.length
                && member.freeDisk >= posting.length && !holders.contains(member.id)
                && !asked.contains(member.id) && !isNotorious(member.id) && !member.isUnproven
                && !isSated(member.id, with: posting)
        }.map { Candidate($0, for: posting, beside: places, within: settings.regionKilometres) }
        var chosen: [NodeID] = []
        while chosen.count < min(count, Offer.groupLimit), !open.isEmpty {
            guard let best = open.indices.max(by: { open[$0].preference < open[$1].preference }) else { break }
            let candidate = open.remove(at: best)
            chosen.append(candidate.member)
            // Once for each pair: a posting may want 64 copies among 10,000 members.
            if let place = candidate.place { for index in open.indices { open[index].keepAway(from: place) } }
        }
        return chosen
    }
}

/// A member that may be offered a file.
private struct Candidate {
    let member: NodeID
    let place: Place?
    private let region: Int
    private let spare: Int
    private let weight: UInt64
    /// Kilometres to the nearest holder or candidate chosen before it; no more than a region's width.
    private var distance: Int

    init(_ member: MemberFacts, for posting: Posting, beside places: [Place], within region: Int) {
        self.member = member.id
        self.region = max(region, 1)
        place = member.place
        distance = member.place == nil ? 0 : region
        let timesOver = member.remaining.bytes / max(posting.length.bytes, 1)
        // Above sixteen times the file nobody has much more to spare than another.
        spare = min(4, Int64.bitWidth - timesOver.leadingZeroBitCount)
        weight = Rendezvous.weight(of: member.id, for: posting.file)
        for place in places { keepAway(from: place) }
    }

    mutating func keepAway(from other: Place) {
        guard let place, distance > 0 else { return }
        distance = min(distance, Int(place.distance(to: other)))
    }

    /// First the region, then what is to spare, then each file's own order, so that not one member gets every file.
    var preference: (Int, Int, UInt64) { (distance * 8 / region, spare, weight) }
}
