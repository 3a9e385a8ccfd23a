internal import OrderedCollections
internal import Primitives

/// What this node holds, told to the trackers of each file: on every change, when the trackers change, on start, and
/// now and then for trackers that forgot.
extension Curator {
    mutating func posted(_ manifest: Verified<Manifest>, sha256: Bytes32) {
        let file = manifest.value.file
        let holding = Holding(
            manifest: manifest, pieces: Bitfield(count: manifest.value.geometry.count, full: true), sha256: sha256,
            isOwn: true)
        let replaced = ownPosting(of: file)
        cancelPull(file)
        anchor(file)
        files[file]?.confirmation = nil
        files[file]?.holding = holding
        files[file]?.isUnreadable = false
        files[file]?.isUnsaved = true
        prove(manifest.value.geometry.length, of: file)
        refuseLies(about: file, sha256: sha256)
        let draft = replaced.flatMap { shortening($0, to: manifest.value.posting) }
        owed[file] = draft ?? owed[file]
        // In one transaction, or a crash would leave the longer one true elsewhere.
        keep([.holding(holding)] + (draft.map { [.withdrawalOwed($0)] } ?? []), of: file)
        insert(manifest.part(\.posting), into: file)
        review(file)
        if let draft { turn.actions.append(.signWithdrawal(draft)) }
    }

    /// What cannot be read is offered to nobody from here. It stays, since it may be the only copy, and it stays known
    /// that there is something of it here.
    mutating func readable(_ file: FileID, _ isReadable: Bool) {
        guard let entry = files[file], let holding = entry.holding, entry.isUnreadable == isReadable,
            isReadable || holding.isOwn
        else { return }
        files[file]?.isUnreadable = !isReadable
        touch(file)
        announce(file)
    }

    /// Others are told once it is durable. Routing here knows at once: routes overtake each other if some of them wait.
    mutating func keep(_ records: [HoldingRecord], of file: FileID) {
        touch(file)
        turn.actions.append(.persist(records, then: draft(file).map { [.sign($0)] } ?? []))
    }

    /// Asks for a signature on what this node holds of the file now.
    mutating func announce(_ file: FileID) {
        if let draft = draft(file) { turn.actions.append(.sign(draft)) }
    }

    /// The next announcement of this file. Versions follow the wall clock, so that they go on rising over restarts.
    mutating func draft(_ file: FileID) -> Announcement? {
        guard let clock, var entry = files[file] else { return nil }
        let state: Announcement.State
        switch entry.lendable {
        case .some(let holding) where holding.isComplete:
            switch leaving?.stage {
            case nil: state = .complete
            case .handingOver: state = .leaving
            case .sayingGoodbye, .gone: state = .gone
            }
        case .some: state = .filling
        case .none: state = .gone
        }
        let wall = clock.wall + (now - clock.at)
        entry.ownVersion = max(entry.ownVersion + 1, UInt64(clamping: wall.milliseconds))
        files[file] = entry
        return Announcement(file: file, holder: own, version: entry.ownVersion, state: state)
    }

    mutating func signed(_ announcement: Verified<Announcement>) {
        let file = announcement.value.file
        guard let entry = files[file], announcement.value.holder == own,
            announcement.value.version == entry.ownVersion
        else { return }
        // It was signed once what it tells was durable.
        files[file]?.isUnsaved = false
        let novelty = insert(announcement, into: file)
        tellTrackers(of: file, onlyNew: false)
        relay(file, from: own, novelty)
    }

    /// Sends the file's announcement to its trackers as they are now, or to those that were none before.
    mutating func tellTrackers(of file: FileID, onlyNew: Bool) {
        guard let before = files[file]?.trackers, files[file]?.heard(from: own) != nil else { return }
        let trackers = members.trackers(of: file)
        files[file]?.trackers = trackers
        for tracker in trackers where !onlyNew || !before.contains(tracker) {
            if tracker == own { track(file) } else { send(file, to: tracker, everything: false) }
        }
        if trackers.contains(own) { place(file) }
    }

    mutating func announceEverything() {
        agenda.add(.refresh, at: now + settings.refresh)
        for file in files.ids { tellTrackers(of: file, onlyNew: false) }
    }

    /// The first tracker passes on what it hears: a holder's change to the file's other holders, and to a holder that
    /// has begun anew all that is known; what it says itself, too, since it may have posted the file anew. So whoever
    /// holds a file knows who else does, and can send clients there.
    mutating func relay(_ file: FileID, from holder: NodeID, _ novelty: Novelty) {
        guard novelty != .stale, let entry = files[file], !inForce(entry).isEmpty,
            members.isFirstTracker(of: file)
        else { return }
        let others = entry.holders.map(\.holder).filter { $0 != own && members.isAlive($0) }
        for other in others.prefix(limits.relays) where novelty == .changed || other == holder || holder == own {
            send(file, to: other, everything: true)
        }
    }

    /// A publisher says something else of its file now: whom it may be held by, for how long, under which name.
    /// Whoever does so again and again is passed on to its holders now and then only, for each changes its disk for it.
    mutating func relayPosting(of file: FileID) {
        guard let entry = files[file], members.isFirstTracker(of: file) else { return }
        guard entry.relaysAt <= now else {
            guard !entry.isRelayDue else { return }
            files[file]?.isRelayDue = true
            return agenda.add(.relay(file), at: entry.relaysAt)
        }
        files[file]?.isRelayDue = false
        files[file]?.relaysAt = now + settings.relayPause
        let others = entry.holders.map(\.holder).filter { $0 != own && members.isAlive($0) }
        for other in others { send(file, to: other, everything: true) }
    }

    /// A holder was out of reach: it missed what was passed on meanwhile.
    mutating func relayMissed(_ file: FileID, to holder: NodeID) {
        guard let entry = files[file], entry.heard(from: holder).map({ $0.state != .gone }) ?? false,
            members.isFirstTracker(of: file)
        else { return }
        send(file, to: holder, everything: true)
    }

    // MARK: Delivery

    /// Sees to it that the tracker is told of the file.
    mutating func send(_ file: FileID, to tracker: NodeID, everything: Bool) {
        var outbox = outboxes[tracker] ?? Outbox(restsUntil: now)
        outbox.add(file, everything: everything)
        outboxes[tracker] = outbox
        deliver(to: tracker)
    }

    mutating func deliver(to tracker: NodeID) {
        guard var outbox = outboxes[tracker], !outbox.isUnderWay, outbox.restsUntil <= now else { return }
        var announcements: [Announcement] = []
        var postings: [Posting] = []
        var withdrawn: [Withdrawal] = []
        var sent: [(file: FileID, everything: Bool)] = []
        while sent.count < limits.announced, let (file, everything) = outbox.files.elements.first {
            let entry = files[file]
            let heard = everything ? entry?.heard ?? [] : entry?.heard(from: own).map { [$0] } ?? []
            // Of a file with very many holders a part goes; they tell the rest themselves.
            let told = heard.prefix(CatalogueRequest.announcementLimit / 4)
            let kept = withdrawals[file].map(\.statement.value)
            let posted = (entry.map { everything ? inForce($0) : leading($0).map { [$0] } ?? [] } ?? []).map(\.value)
            guard announcements.count + told.count <= CatalogueRequest.announcementLimit,
                postings.count + posted.count <= CatalogueRequest.postingLimit,
                withdrawn.count + kept.count <= CatalogueRequest.withdrawalLimit
            else { break }
            outbox.files.removeFirst()
            guard !told.isEmpty || !kept.isEmpty else { continue }
            sent.append((file, everything))
            announcements += told.map(\.announcement.value)
            postings += posted
            withdrawn += kept
        }
        outbox.isUnderWay = !sent.isEmpty
        outboxes[tracker] = outbox.isUnderWay ? outbox : nil
        guard outbox.isUnderWay else { return }
        call(.announce(announcements, postings, withdrawn), .announce(sent), to: tracker)
        if sent.contains(where: { files[$0.file]?.isUnsaved ?? false }) { awaitDisk() }
    }

    /// What was decided last reveals what is not durable yet.
    mutating func awaitDisk() {
        guard let action = turn.actions.popLast() else { return }
        turn.actions.append(.persist([], then: [action]))
    }

    mutating func delivered(_ items: [(file: FileID, everything: Bool)], to tracker: NodeID, isTaken: Bool) {
        guard var outbox = outboxes[tracker] else { return }
        outbox.isUnderWay = false
        if isTaken {
            outbox.failures = 0
        } else {
            outbox.put(back: items)
            let rest = pause(settings.firstPause, afterFailures: outbox.failures, longest: settings.longestDelivery)
            outbox.failures += 1
            outbox.restsUntil = now + rest
            agenda.add(.deliver(tracker), at: outbox.restsUntil)
        }
        outboxes[tracker] = outbox
        deliver(to: tracker)
    }

    /// The call has not been made yet: what it is about is told as it stands now.
    mutating func tellAnew(_ id: CallID) {
        guard case .announce(let items)? = calls[id]?.purpose, let tracker = calls.removeValue(forKey: id)?.to else {
            return
        }
        outboxes[tracker]?.isUnderWay = false
        outboxes[tracker]?.put(back: items)
        deliver(to: tracker)
    }
}
