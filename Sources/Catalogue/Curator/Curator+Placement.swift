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
        files[file]?.placement = Placement(notBefore: isNew ? now : now + settings.settling)
    }

    /// Compares the replicas of a tracked file with what is wanted, and offers it where that leads to more.
    mutating func place(_ file: FileID) {
        guard var entry = files[file], var placement = entry.placement, clock != nil else { return }
        guard let leading = leading(entry) else { return recall(file) }
        if let lookAt = placement.lookAt, lookAt <= now { placement.lookAt = nil }
        let trackers = members.trackers(of: file)
        let hopefuls = placement.hopefuls(at: now, rest: settings.unansweredRest)
        let holders = entry.holders.filter { members.isAlive($0.holder) }
        let replicas = holders.count {
            !entry.isPublisher($0.holder) && isVouched($0.holder, entry)
                && ($0.state == .complete || $0.state == .filling && now < due($0, leading))
        }
        let there = replicas + hopefuls.count
        // One that leads nowhere, such as for an audience of nobody, must not keep the others from being copied.
        let short = inForce(entry).filter { Int($0.value.replicas) > there }
            .sorted { $0.value.replicas > $1.value.replicas }
        placement.isShort = !short.isEmpty
        defer {
            entry.placement = placement
            files[file] = entry
        }
        guard let rank = trackers.firstIndex(of: own) else {
            prepareToRetire(file, &placement)
            return
        }
        placement.retiresAt = nil
        guard !settleDispute(file, &placement) else { return }
        arrangeLook(file, &placement)
        if let due = holders.filter({ $0.state == .filling }).map({ due($0, leading) }).filter({ $0 > now }).min() {
            look(file, at: due, unless: &placement)
        }
        guard !short.isEmpty else {
            placement.nudgeAt = nil
            placement.takeoverAt = nil
            return
        }
        if rank > 0, !takesOver(file, from: trackers[0], rank: rank, &placement) { return }
        guard placement.notBefore <= now, holders.contains(where: \.isWhole) else {
            look(file, at: max(placement.notBefore, now + settings.shortagePause), unless: &placement)
            return
        }
        var choice: (posting: Verified<Posting>, members: [NodeID])?
        for posting in short {
            let missing = Int(posting.value.replicas) - there
            let chosen = candidates(
                for: posting.value, count: missing, holders: holders.map(\.holder) + hopefuls,
                pending: placement.pending)
            if chosen.count < missing { look(file, at: now + settings.shortagePause, unless: &placement) }
            guard chosen.isEmpty else {
                choice = (posting, chosen)
                break
            }
        }
        guard let (posting, chosen) = choice else { return }
        for member in chosen { placement.set(member, .asked) }
        entry.placement = placement
        files[file] = entry
        let filling = holders.filter { $0.state == .filling }.map(\.holder)
        offer(posting, to: chosen, holders: holders, group: chosen + filling + hopefuls)
        placement = files[file]?.placement ?? placement
        entry = files[file] ?? entry
    }

    private mutating func offer(
        _ posting: Verified<Posting>, to chosen: [NodeID], holders: [FileEntry.Heard], group: [NodeID]
    ) {
        let whole = (holders.filter { $0.state == .complete } + holders.filter { $0.state == .leaving }).map(\.holder)
        let offer = Offer(posting: posting.value, holders: whole, group: group)
        for member in chosen where member != own {
            call(.offer(offer), .offer(posting.value.file), to: member)
        }
        if chosen.contains(own) {
            offerAnswered(posting.value.file, by: own, consider(posting.part { _ in offer }, from: own))
        }
    }

    mutating func offerAnswered(_ file: FileID, by member: NodeID, _ answer: CatalogueAnswer) {
        let stage: Placement.Pending.Stage
        switch answer {
        case .accepted: stage = .accepted(until: now + settings.acceptancePatience)
        // It will say so itself.
        case .declined(.held): stage = .accepted(until: now + settings.acceptancePatience)
        case .declined: stage = .resting(until: now + settings.declinedRest)
        default: stage = .resting(until: now + settings.unansweredRest)
        }
        offerEnded(file, with: member, stage)
    }

    /// Where only the answer was lost, the member may have accepted: it has time to announce itself before another is asked,
    /// which would make a copy too many.
    mutating func offerFailed(_ file: FileID, to member: NodeID, _ failure: CallFailure) {
        let stage: Placement.Pending.Stage =
            switch failure {
            case .timedOut: .accepted(until: now + settings.lostAnswerPatience)
            case .untried: .resting(until: now + settings.untriedRest)
            case .unreachable, .refused, .malformed: .resting(until: now + settings.unansweredRest)
            }
        offerEnded(file, with: member, stage)
    }

    private mutating func offerEnded(_ file: FileID, with member: NodeID, _ stage: Placement.Pending.Stage) {
        guard case .asked? = files[file]?.placement?.stage(of: member) else { return }
        files[file]?.placement?.set(member, stage)
        agenda.add(.place(file), at: now)
    }

    // MARK: Waiting

    /// When a filling replica should be complete.
    private func due(_ heard: FileEntry.Heard, _ posting: Verified<Posting>) -> Instant {
        heard.at + settings.fillPatience + .seconds(posting.value.length.bytes / settings.slowestFill.bytes)
    }

    /// Looks again when the next accepted offer should have become an announcement.
    private mutating func arrangeLook(_ file: FileID, _ placement: inout Placement) {
        var next: Instant?
        for entry in placement.pending {
            if case .accepted(let until) = entry.stage { next = min(next ?? until, until) }
        }
        if let next { look(file, at: next, unless: &placement) }
    }

    mutating func look(_ file: FileID, at moment: Instant, unless placement: inout Placement) {
        if let lookAt = placement.lookAt, lookAt <= moment { return }
        placement.lookAt = moment
        agenda.add(.place(file), at: moment)
    }

    /// A tracker that is not the first sees a shortage that lasts. Perhaps the first forgot the file, or never heard of it:
    /// it is told. Where that changes nothing, this one acts in its place; both at work cost a copy too many at most.
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

    /// Members to offer a file to, the best first: vouched for, alive, with allowance and disk to spare, each as far from the
    /// holders and those chosen before it as makes a difference.
    private func candidates(
        for posting: Posting, count: Int, holders: [NodeID], pending: [Placement.Pending]
    ) -> [NodeID] {
        let places = holders.compactMap { members[$0]?.place }
        var open = members.all.filter { member in
            members.isAlive(member.id) && posting.audience.vouches(for: member.id)
                && member.id != posting.publisher && member.remaining >= posting.length
                && member.freeDisk >= posting.length && !holders.contains(member.id)
                && !pending.contains { $0.member == member.id }
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
