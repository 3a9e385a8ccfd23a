internal import Primitives

/// What other nodes ask.
extension Curator {
    mutating func answer(_ request: Verified<CatalogueRequest>, from asker: NodeID, _ id: RequestID) {
        switch request.value {
        case .announce(let announcements, let postings, let withdrawals):
            told(request, announcements, postings, withdrawals, from: asker, id)
        case .lookUp(let file):
            answer(id, found(file))
            if files[file]?.isUnsaved ?? false { awaitDisk() }
        case .offer(let offer):
            answer(id, consider(request.part { _ in offer }, from: asker))
        case .manifest(let file):
            answer(id, servable(file).map { .manifest($0.manifest.value) } ?? .unknown)
        case .pieces(let file):
            if let holding = servable(file) {
                answer(id, .pieces(holding.pieces))
            } else if let swarm = pulls[file]?.swarm {
                answer(id, .pieces(swarm.have))
            } else {
                answer(id, .unknown)
            }
        case .confirm(let files):
            answer(id, confirmation(of: files))
        }
    }

    /// What is here and not waiting for a tracker's word.
    private func servable(_ file: FileID) -> Holding? {
        files[file].flatMap { $0.confirmation == nil ? $0.lendable : nil }
    }

    private mutating func answer(_ id: RequestID, _ answer: CatalogueAnswer) {
        turn.actions.append(.answer(id, answer))
    }

    private mutating func told(
        _ request: Verified<CatalogueRequest>, _ announcements: [Announcement], _ postings: [Posting],
        _ withdrawals: [Withdrawal], from asker: NodeID, _ id: RequestID
    ) {
        // First what is still offered, by whomever, so that nothing is given up that one of two publishers took back, or
        // that one has posted anew; the others are void by then.
        func isVoided(_ posting: Posting) -> Bool { withdrawals.contains { $0.voids(posting) } }
        var isTaken = take(postings.filter { !isVoided($0) }, in: request)
        var isNews = false
        for withdrawal in withdrawals where isConcerned(with: withdrawal.file) {
            if keep(request.part { _ in withdrawal }) { isNews = true }
        }
        if !take(postings.filter { isVoided($0) }, in: request) { isTaken = false }
        note(announcements, in: request, from: asker)
        for posting in postings where isReplaced(posting) {
            // It holds what it was told to, and has not heard yet what the publisher says now.
            let isHolder = announcements.contains { $0.holder == asker && $0.file == posting.file }
            if isHolder { send(posting.file, to: asker, everything: true) }
        }
        for posting in postings where isCrowdedOut(posting) { learn(request.part { _ in posting }) }
        // Of some nobody may say that it holds them.
        let announced = Set(announcements.map(\.file))
        for posting in postings where !announced.contains(posting.file) && files[posting.file]?.placement != nil {
            place(posting.file)
        }
        let reply = Action.answer(id, isTaken ? .noted : .declined(.busy))
        // Who withdraws believes from now on that it is remembered: so it must be durable by then.
        turn.actions.append(isNews ? .persist([], then: [reply]) : reply)
    }

    private func isReplaced(_ posting: Posting) -> Bool {
        files[posting.file]?.postings.contains {
            $0.value.publisher == posting.publisher && $0.value.sequence > posting.sequence
        } ?? false
    }

    /// It found no place among too many publishers' postings; now that its publisher is known to hold the file it may.
    private func isCrowdedOut(_ posting: Posting) -> Bool {
        guard let entry = files[posting.file], entry.postings.count >= limits.postings, isInForce(posting) else {
            return false
        }
        return !entry.isPublisher(posting.publisher) && entry.heard(from: posting.publisher)?.isWhole ?? false
            && entry.provenLength.map { $0 == posting.length } ?? true && !isRefused(posting)
    }

    /// A holder, or another tracker, tells this node as a tracker. False when there is no room for all.
    private mutating func take(_ postings: [Posting], in request: Verified<CatalogueRequest>) -> Bool {
        var isTaken = true
        for posting in postings {
            let file = posting.file
            guard !isVoid(posting), !isRefused(posting) else { continue }
            guard files[file] != nil || isInForce(posting) else {
                // By a clock that nobody has confirmed: whoever tells it may try again.
                if !isOver(posting) { isTaken = false }
                continue
            }
            guard hasRoom(for: file, by: posting.publisher) else {
                isTaken = false
                continue
            }
            let isHeld = files[file]?.holding != nil
            anchorUnasked(file)
            learn(request.part { _ in posting })
            // Told as a holder, of the others; else as a tracker, even if this node does not think that it is one.
            if !isHeld || members.trackers(of: file).contains(own) { track(file) }
            // Nothing that this node believes.
            letGo(file)
        }
        return isTaken
    }

    private mutating func note(
        _ announcements: [Announcement], in request: Verified<CatalogueRequest>, from asker: NodeID
    ) {
        for announcement in announcements {
            if announcement.holder == asker, announcement.state != .gone, !withdrawals[announcement.file].isEmpty,
                files[announcement.file].map({ inForce($0).isEmpty }) ?? true
            {
                // It has not heard yet that the file is gone.
                send(announcement.file, to: asker, everything: true)
            }
            let novelty = insert(request.part { _ in announcement }, into: announcement.file)
            relay(announcement.file, from: announcement.holder, novelty)
            let known = files[announcement.file]?.heard(from: announcement.holder)?.announcement.value
            if announcement.holder == asker, let known, known.version > announcement.version {
                // Its clock was ahead once: shown what it said then, it will say more than that.
                send(announcement.file, to: asker, everything: true)
            }
        }
        for announcement in announcements where files[announcement.file]?.placement != nil { place(announcement.file) }
    }

    /// Holders hear of a publisher that says something else now.
    private mutating func learn(_ posting: Verified<Posting>) {
        let (file, publisher) = (posting.value.file, posting.value.publisher)
        let known = files[file]?.postings.first { $0.value.publisher == publisher }?.value.sequence
        insert(posting, into: file)
        let kept = files[file]?.postings.first { $0.value.publisher == publisher }?.value.sequence
        if let known, let kept, known < kept { relayPosting(of: file) }
    }

    /// Everything known of a file that is held or tracked here; what was only looked up is not passed on.
    private func found(_ file: FileID) -> CatalogueAnswer {
        let kept = withdrawals[file].prefix(CatalogueAnswer.withdrawalLimit).map(\.statement.value)
        let nothing = kept.isEmpty ? CatalogueAnswer.unknown : .withdrawn(kept)
        guard let entry = files[file], !entry.postings.isEmpty else { return nothing }
        // This node itself is asking whether it is still offered.
        guard entry.confirmation == nil else { return .declined(.busy) }
        // What is over is over, wherever that is known from; what others may still offer is not gone.
        guard entry.freshUntil == nil || inForce(entry).isEmpty else { return .unknown }
        let holders = entry.holders.filter { members.isAlive($0.holder) }
        let whole = holders.filter(\.isWhole)
        let filling = holders.filter { $0.state == .filling }
        let told = (whole + filling).prefix(CatalogueAnswer.announcementLimit).map(\.announcement.value)
        return .found(entry.postings.prefix(CatalogueAnswer.postingLimit).map(\.value), told, kept)
    }
}
