internal import OrderedCollections
internal import Primitives

/// A tracker offers a file: this node agrees or says why not, and gets ready.
extension Curator {
    mutating func consider(_ offer: Verified<Offer>, from tracker: NodeID) -> CatalogueAnswer {
        let posting = offer.value.posting
        let file = posting.file
        if pulls[file] != nil {
            if objection(to: offer.value, from: tracker) == nil { noteAlternative(offer) }
            return .accepted
        }
        if files[file]?.holding != nil {
            if tracker != own, files[file]?.heard(from: own) != nil { send(file, to: tracker, everything: false) }
            return .declined(.held)
        }
        if let objection = objection(to: offer.value, from: tracker) {
            let isOver = isVoid(posting) || !isInForce(posting)
            if isOver, tracker != own, !withdrawals[file].isEmpty { send(file, to: tracker, everything: true) }
            return .declined(objection)
        }
        guard pulls.count < limits.pulls, hasRoom(for: file, by: posting.publisher) else { return .declined(.busy) }
        if let objection = objection(toLength: posting.length) { return .declined(objection) }
        guard isWithinShare(posting) else {
            noteShareTaken(by: posting)
            return .declined(.publisherShare)
        }
        anchorUnasked(file)
        insert(offer.part(\.posting), into: file)
        begin(offer.value)
        guard pulls[file] != nil else { return .declined(.unable) }
        noteRoom(for: posting.publisher)
        return .accepted
    }

    /// Why this node would not hold the file as it is offered.
    private func objection(to offer: Offer, from tracker: NodeID) -> CatalogueAnswer.Refusal? {
        let posting = offer.posting
        guard posting.audience.vouches(for: own) else { return .notVouched }
        guard tracker == own || members.isNearTracker(tracker, of: posting.file) else { return .notTracker }
        guard leaving == nil else { return .unable }
        guard policy.allows(posting), !isDenied(posting), !isRefused(posting) else { return .policy }
        guard !isVoid(posting), isInForce(posting) else { return .policy }
        if let rest = undescribed[PostingKey(file: posting.file, publisher: posting.publisher)], now < rest.until {
            return .unable
        }
        guard offer.group.contains(own), !offer.holders.isEmpty else { return .malformed }
        return nil
    }

    private func objection(toLength length: ByteCount) -> CatalogueAnswer.Refusal? {
        let promised = promised
        guard length <= capacity.freeDisk - promised else { return .noDisk }
        guard length <= capacity.replication - promised else { return .noAllowance }
        return nil
    }

    /// The file is offered under another posting while it is being fetched: if the first one proves false, this one
    /// counts. Who stands behind it is asked what the file consists of at once, so that no holder that is silent delays
    /// that.
    private mutating func noteAlternative(_ offer: Verified<Offer>) {
        let (posting, file) = (offer.value.posting, offer.value.posting.file)
        insert(offer.part(\.posting), into: file)
        guard let pull = pulls[file], !pull.publishers.contains(posting.publisher),
            pull.publishers.count < limits.postings
        else { return }
        pulls[file]?.publishers.append(posting.publisher)
        let holders = offer.value.holders.filter { $0 != own }
        for holder in holders { pulls[file]?.swarm?.add(holder, isWhole: true, at: now) }
        guard case .describing = pull.stage, let first = holders.first else { return }
        // Nobody's share of the pieces is left to members that only one of the offers names.
        let group = pull.swarm?.group.filter { offer.value.group.contains($0) } ?? []
        let known = [first] + pull.holders.filter { $0 != first }
        pulls[file]?.holders = known
        let renewed = swarm(pull.swarm?.geometry ?? posting.geometry, group, known)
        pulls[file]?.swarm = renewed
        if members.isAlive(first) { askForManifest(file, at: first) }
    }

    private func swarm(_ geometry: PieceGeometry, _ group: [NodeID], _ holders: [NodeID]) -> Swarm {
        var swarm = Swarm(
            own: own, group: group, geometry: geometry, have: Bitfield(count: geometry.count), settings: settings.swarm,
            at: now)
        for holder in holders { swarm.add(holder, isWhole: true, at: now) }
        return swarm
    }

    /// Bytes of files accepted that are still to come.
    private var promised: ByteCount {
        pullOrder.reduce(.zero) { sum, file in
            guard let swarm = pulls[file]?.swarm else { return sum }
            let missing = swarm.geometry.pieceSize * Int64(swarm.have.count - swarm.have.setCount)
            return sum + min(missing, swarm.geometry.length)
        }
    }

    private mutating func begin(_ offer: Offer) {
        let swarm = swarm(offer.posting.geometry, offer.group, offer.holders)
        let file = offer.posting.file
        pulls[file] = Pull(stage: .describing, holders: offer.holders.filter { $0 != own }, swarm: swarm, at: now)
        pulls[file]?.publishers = [offer.posting.publisher]
        pullOrder.append(file)
        pump(file)
    }

    // MARK: The manifest

    mutating func askForManifest(_ file: FileID) {
        guard let pull = pulls[file], case .describing = pull.stage else { return }
        guard pull.askAt <= now else { return wake(file, at: pull.askAt) }
        let holders = pull.holders.filter { members.isAlive($0) }
        if pull.underWay > 0 {
            guard pull.underWay < limits.manifestQuestions else { return }
            guard pull.hedgeAt <= now else { return wake(file, at: pull.hedgeAt) }
        }
        guard !holders.isEmpty, now < pull.began + settings.manifestPatience else {
            noteUndescribed(file, by: pull.publishers)
            return abandon(file)
        }
        pulls[file]?.asked += 1
        askForManifest(file, at: holders[pull.asked % holders.count])
    }

    private mutating func askForManifest(_ file: FileID, at holder: NodeID) {
        pulls[file]?.underWay += 1
        pulls[file]?.hedgeAt = now + settings.manifestHedge
        wake(file, at: now + settings.manifestHedge)
        call(.manifest(file), .manifest(file), to: holder)
    }

    /// Agreed to again after a rest, which is the longer the more often nobody could say what the file consists of.
    private mutating func noteUndescribed(_ file: FileID, by publishers: [NodeID]) {
        for publisher in publishers {
            let key = PostingKey(file: file, publisher: publisher)
            let times = undescribed.removeValue(forKey: key)?.times ?? 0
            let rest = pause(settings.undescribedRest, afterFailures: times, longest: settings.declinedRest)
            undescribed[key] = Undescribed(times: times + 1, until: now + rest)
            if undescribed.count > limits.undescribed { undescribed.removeFirst() }
        }
    }

    mutating func manifestAnswered(_ file: FileID, _ answer: Verified<CatalogueAnswer>?) {
        guard let pull = pulls[file], case .describing = pull.stage else { return }
        pulls[file]?.underWay = max(0, pull.underWay - 1)
        guard let answer, case .manifest(let manifest) = answer.value, manifest.file == file, manifest.isConsistent,
            mayHold(manifest.posting), isInForce(manifest.posting), !isVoid(manifest.posting)
        else {
            guard pull.underWay <= 1 else { return }
            // A holder may be busy: once round without a pause, then slower.
            if pull.asked < pull.holders.count {
                askForManifest(file)
            } else {
                let rest = pause(
                    settings.firstPause, afterFailures: pull.asked - pull.holders.count, longest: settings.longestPause)
                pulls[file]?.askAt = now + rest
                wake(file, at: now + rest)
            }
            return
        }
        for publisher in pull.publishers { undescribed[PostingKey(file: file, publisher: publisher)] = nil }
        // The offer's posting was only a claim; the manifest proves the length.
        prove(manifest.geometry.length, of: file)
        if manifest.geometry != pull.swarm?.geometry, !adopt(manifest.geometry, for: file) { return abandon(file) }
        insert(answer.part { _ in manifest.posting }, into: file)
        // The holder may not have heard of a later posting yet.
        guard let entry = files[file],
            let basis = basis(entry, preferring: manifest.posting.publisher, if: isWithinShare)
        else { return abandon(file) }
        let verified = basis.part { Manifest(posting: $0, pieces: manifest.pieces) }
        let holding = Holding(
            manifest: verified, pieces: Bitfield(count: manifest.geometry.count), sha256: nil, isOwn: false)
        files[file]?.holding = holding
        pulls[file]?.stage = .preparing
        touch(file)
        turn.actions.append(.persist([.holding(holding)], then: [.prepare(verified.value)]))
    }

    /// What was agreed to is another file. False unless a posting that was offered besides is of this one, and there is
    /// room.
    private mutating func adopt(_ geometry: PieceGeometry, for file: FileID) -> Bool {
        guard let entry = files[file], let pull = pulls[file],
            let basis = basis(entry, preferring: nil, if: isWithinShare), policy.allows(basis.value)
        else { return false }
        // It takes its own place only.
        pulls[file]?.swarm = nil
        guard objection(toLength: geometry.length) == nil else { return false }
        var swarm = swarm(geometry, pull.swarm?.group ?? [own], pull.holders)
        for heard in entry.holders { swarm.add(heard.holder, isWhole: heard.isWhole, at: now) }
        pulls[file]?.swarm = swarm
        return true
    }

    /// Goes on with what was under way before a restart, or begins anew with what turned out damaged.
    mutating func resume(_ holding: Holding) {
        let file = holding.file
        var swarm = Swarm(
            own: own, group: [own], geometry: holding.manifest.value.geometry, have: holding.pieces,
            settings: settings.swarm, at: now)
        for heard in files[file]?.holders ?? [] { swarm.add(heard.holder, isWhole: heard.isWhole, at: now) }
        var pull = Pull(stage: .preparing, holders: [], swarm: swarm, at: now)
        pull.saved = holding.pieces.setCount
        pulls[file] = pull
        pullOrder.append(file)
        turn.actions.append(.prepare(holding.manifest.value))
    }

    mutating func prepared(_ file: FileID) {
        guard let pull = pulls[file], case .preparing = pull.stage else { return }
        // Who waited as long for the description as this node begins only now.
        if now >= pull.began + settings.manifestHedge { pulls[file]?.swarm?.restart(at: now) }
        pulls[file]?.stage = .fetching
        announce(file)
        pump(file)
    }

    // MARK: Ending

    /// Gives up what is not on disk yet. Nothing was said of it, and who else holds it may not even be known here:
    /// whoever wants it now had better ask.
    mutating func abandon(_ file: FileID) {
        guard pulls[file] != nil else { return }
        cancelPull(file)
        letGo(file, for: .zero)
    }

    mutating func cancelPull(_ file: FileID) {
        guard pulls.removeValue(forKey: file) != nil else { return }
        pullOrder.removeAll { $0 == file }
    }

    /// Holds the file no longer: there is no room, or the disk cannot keep it.
    mutating func giveUp(_ file: FileID) {
        cancelPull(file)
        guard files[file]?.holding != nil else { return letGo(file) }
        let isWanted = files[file]?.confirmation?.isWanted == true
        files[file]?.confirmation = nil
        files[file]?.holding = nil
        touch(file)
        turn.actions.append(.persist([.removed(file)], then: [.discard(file)]))
        announce(file)
        letGo(file)
        if isWanted { wanted(file) }
    }
}
