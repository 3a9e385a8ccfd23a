internal import Primitives

/// A tracker offers a file: this node agrees or says why not, and gets ready.
extension Curator {
    mutating func consider(_ offer: Verified<Offer>, from tracker: NodeID) -> CatalogueAnswer {
        let posting = offer.value.posting
        let file = posting.file
        if pulls[file] != nil {
            return .accepted
        }
        if files[file]?.holding != nil {
            if tracker != own, files[file]?.heard(from: own) != nil { send(file, to: tracker, everything: false) }
            return .declined(.held)
        }
        guard posting.audience.vouches(for: own) else { return .declined(.notVouched) }
        guard tracker == own || members.isNearTracker(tracker, of: file) else { return .declined(.notTracker) }
        guard leaving == nil else { return .declined(.unable) }
        guard policy.allows(posting), !isDenied(posting), !isRefused(posting) else { return .declined(.policy) }
        guard !isVoid(posting), isInForce(posting) else {
            if tracker != own, !withdrawals[file].isEmpty { send(file, to: tracker, everything: true) }
            return .declined(.policy)
        }
        guard offer.value.group.contains(own), !offer.value.holders.isEmpty else { return .declined(.malformed) }
        guard pulls.count < limits.pulls, hasRoom(for: file) else { return .declined(.busy) }
        let promised = promised
        guard posting.length <= capacity.freeDisk - promised else { return .declined(.noDisk) }
        guard posting.length <= capacity.replication - promised else { return .declined(.noAllowance) }
        anchor(file)
        insert(offer.part(\.posting), into: file)
        begin(offer.value)
        return pulls[file] == nil ? .declined(.unable) : .accepted
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
        let geometry = offer.posting.geometry
        var swarm = Swarm(
            own: own, group: offer.group, geometry: geometry, have: Bitfield(count: geometry.count),
            settings: settings.swarm, at: now)
        for holder in offer.holders { swarm.add(holder, isWhole: true, at: now) }
        let file = offer.posting.file
        pulls[file] = Pull(stage: .describing, holders: offer.holders.filter { $0 != own }, swarm: swarm, at: now)
        pullOrder.append(file)
        pump(file)
    }

    // MARK: The manifest

    mutating func askForManifest(_ file: FileID) {
        guard let pull = pulls[file], case .describing = pull.stage, !pull.isAsking, pull.askAt <= now else { return }
        let holders = pull.holders.filter { members.isAlive($0) }
        guard !holders.isEmpty, now < pull.began + settings.manifestPatience else { return abandon(file) }
        pulls[file]?.asked += 1
        pulls[file]?.isAsking = true
        call(.manifest(file), .manifest(file), to: holders[pull.asked % holders.count])
    }

    mutating func manifestAnswered(_ file: FileID, _ answer: Verified<CatalogueAnswer>?) {
        pulls[file]?.isAsking = false
        guard let pull = pulls[file], case .describing = pull.stage else { return }
        guard let answer, case .manifest(let manifest) = answer.value, manifest.file == file, manifest.isConsistent,
            mayHold(manifest.posting), isInForce(manifest.posting), !isVoid(manifest.posting)
        else {
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
        // The offer's posting was only a claim; the manifest proves the length. What was agreed to is another file.
        guard manifest.geometry == pull.swarm?.geometry else { return abandon(file) }
        prove(manifest.geometry.length, of: file)
        insert(answer.part { _ in manifest.posting }, into: file)
        // The holder may not have heard of a later posting yet.
        guard let entry = files[file], let basis = basis(entry, preferring: manifest.posting.publisher) else {
            return abandon(file)
        }
        let verified = basis.part { Manifest(posting: $0, pieces: manifest.pieces) }
        let holding = Holding(
            manifest: verified, pieces: Bitfield(count: manifest.geometry.count), sha256: nil, isOwn: false)
        files[file]?.holding = holding
        pulls[file]?.stage = .preparing
        touch(file)
        turn.actions.append(.persist([.holding(holding)], then: [.prepare(verified.value)]))
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
        pulls[file]?.stage = .fetching
        announce(file)
        pump(file)
    }

    // MARK: Ending

    /// Gives up what is not on disk yet. Nothing was said of it, and who else holds it may not even be known here: whoever
    /// wants it now had better ask.
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
        if files[file]?.confirmation?.isWanted == true { turn.resolved.append(file) }
        files[file]?.confirmation = nil
        files[file]?.holding = nil
        touch(file)
        turn.actions.append(.persist([.removed(file)], then: [.discard(file)]))
        announce(file)
        letGo(file)
    }
}
