internal import OrderedCollections
internal import Primitives

/// A file is wanted that this node does not know: its trackers are asked, the first one first.
extension Curator {
    struct LookUp: Sendable {
        /// Trackers not asked yet, the first one last.
        var waiting: [NodeID]
        var underWay = 0
        /// Trackers that are there and did not answer.
        var silent = 0
        /// Trackers that did not know it.
        var ignorant: [NodeID] = []
        /// Somebody has answered, so that something is known of the file, if only that there is none.
        var wasAnswered: Bool
        /// What trackers said was withdrawn.
        var withdrawals: [Verified<Withdrawal>] = []
        /// Few look-ups are left: one tracker that does not know it must do.
        var isFrugal = false
        /// A client waits.
        var isWanted: Bool
        /// A tracker knew it.
        var isFound = false
    }

    /// The file was looked for in vain: until when that is believed, and how often in a row it was so.
    struct Negative: Sendable {
        let until: Instant
        let times: Int
        /// Some tracker said that there is none, or there was none to ask; else they were silent.
        let wasAnswered: Bool
        /// How often in a row it was remembered as withdrawn, while some tracker was silent.
        var doubts = 0
    }

    mutating func wanted(_ file: FileID) {
        guard clock != nil else {
            // The doors may be open a moment sooner than this node knows whom to ask.
            guard early.count < limits.lookUps else { return resolve(file, .postponed(settings.lookUpPause)) }
            return early.append(file)
        }
        if files[file]?.confirmation != nil {
            files[file]?.confirmation?.isWanted = true
        } else if picture(of: file) != nil {
            touch(file)
            resolve(file)
        } else if let negative = negatives[file], negative.until > now {
            resolve(file, negative.wasAnswered ? .settled : .postponed(negative.until - now))
        } else if lookUps[file] != nil {
            lookUps[file]?.isWanted = true
        } else if lookUps.count >= limits.lookUps {
            resolve(file, .postponed(settings.lookUpPause))
        } else if unknowns.spend(settings.unknowns, at: now) {
            lookUp(file, isWanted: true)
        } else {
            resolve(file, .postponed(unknowns.untilNext(of: settings.unknowns, at: now)))
        }
    }

    /// Asks the trackers, unless that is under way.
    mutating func lookUp(_ file: FileID, isWanted: Bool) {
        guard lookUps[file] == nil else { return }
        let trackers = members.trackers(of: file).filter { $0 != own }
        lookUps[file] = LookUp(
            waiting: trackers.reversed(), wasAnswered: trackers.isEmpty,
            isFrugal: isWanted && unknowns.isLow(settings.unknowns, at: now), isWanted: isWanted)
        askNextTracker(file)
    }

    mutating func askNextTracker(_ file: FileID) {
        guard let tracker = lookUps[file]?.waiting.popLast() else {
            if lookUps[file]?.underWay == 0 { endLookUp(file) }
            return
        }
        lookUps[file]?.underWay += 1
        call(.lookUp(file), .lookUp(file), to: tracker)
        agenda.add(.hedge(file), at: now + settings.hedgeDelay)
    }

    mutating func lookedUp(_ file: FileID, at tracker: NodeID, _ answer: Verified<CatalogueAnswer>?) {
        guard lookUps[file] != nil else { return }
        lookUps[file]?.underWay -= 1
        if answer == nil { lookUps[file]?.silent += 1 }
        noteWithdrawals(in: answer, of: file)
        let withdrawals = lookUps[file]?.withdrawals ?? []
        if let answer, case .found(let postings, let announcements, _) = answer.value,
            postings.contains(where: { posting in
                posting.file == file && !withdrawals.contains { $0.value.voids(posting) } && !isVoid(posting)
            })
        {
            let isNew = files[file] == nil
            guard cacheEntry(file, by: postings.first { $0.file == file }?.publisher) else {
                lookUps[file]?.wasAnswered = false
                return endLookUp(file)
            }
            // First what is still offered, or a copy here would be given up for what one of two publishers took back.
            if files[file]?.holding != nil {
                let standing = postings.filter { posting in !withdrawals.contains { $0.value.voids(posting) } }
                for posting in standing { insert(answer.part { _ in posting }, into: file) }
            }
            self.noteWithdrawals(withdrawals, of: file)
            take(postings.map { posting in answer.part { _ in posting } }, of: file)
            lookUps[file]?.wasAnswered = true
            if let entry = files[file], picture(entry) == nil, entry.freshUntil != nil, pulls[file] == nil {
                // Nothing that this node believes.
                if isNew { drop(file) }
                return askNextTracker(file)
            }
            for announcement in announcements where announcement.file == file {
                insert(answer.part { _ in announcement }, into: file)
            }
            lookUps[file]?.isFound = true
            relyOnWhatIsKnown(of: file)
            if files[file]?.placement != nil { place(file) }
            believeForAWhile(file)
            // Read repair: the trackers before this one should have known.
            for forgetful in lookUps[file]?.ignorant ?? [] where files[file] != nil && members.isAlive(forgetful) {
                send(file, to: forgetful, everything: true)
            }
            endLookUp(file)
        } else {
            switch answer?.value {
            case .unknown:
                lookUps[file]?.wasAnswered = true
                lookUps[file]?.ignorant.append(tracker)
                if lookUps[file]?.isFrugal == true, !isTakenBack(file) { lookUps[file]?.waiting = [] }
            case .withdrawn, .found: lookUps[file]?.wasAnswered = true
            case .noted, .accepted, .declined, .manifest, .pieces, .confirmed, nil: break
            }
            askNextTracker(file)
        }
    }

    /// What a tracker knows counts before what was told here unasked, and finds room first.
    private mutating func take(_ postings: [Verified<Posting>], of file: FileID) {
        let publishers = OrderedSet(postings.filter { $0.value.file == file }.map(\.value.publisher))
        if let entry = files[file], entry.isUnsure {
            let others = entry.postings.filter { !publishers.contains($0.value.publisher) }
            let dropped = others.dropFirst(limits.postings - min(publishers.count, limits.postings))
                .map(\.value.publisher)
            files[file]?.postings.removeAll { dropped.contains($0.value.publisher) }
        }
        for posting in postings { insert(posting, into: file) }
        guard let entry = files[file], entry.isUnsure else { return }
        let known = publishers.compactMap { id in entry.postings.first { $0.value.publisher == id } }
        files[file]?.postings = known + entry.postings.filter { !publishers.contains($0.value.publisher) }
    }

    private mutating func noteWithdrawals(in answer: Verified<CatalogueAnswer>?, of file: FileID) {
        guard let answer else { return }
        switch answer.value {
        case .withdrawn(let withdrawals), .found(_, _, let withdrawals):
            for withdrawal in withdrawals where withdrawal.file == file {
                lookUps[file]?.withdrawals.append(answer.part { _ in withdrawal })
            }
        case .noted, .unknown, .accepted, .declined, .manifest, .pieces, .confirmed: break
        }
    }

    private mutating func endLookUp(_ file: FileID) {
        let isTakenBack = isTakenBack(file)
        guard let lookUp = lookUps.removeValue(forKey: file) else { return }
        if files[file]?.isUnsure == true { noteWithdrawals(lookUp.withdrawals, of: file) }
        relyOnWhatIsKnown(of: file)
        let doubts = negatives[file]?.doubts ?? 0
        let isDoubtful = isTakenBack && lookUp.silent > 0 && doubts < settings.doubts
        let isNothing = files[file]?.postings.isEmpty ?? true
        let isGone = isNothing && isTakenBack && !isDoubtful && end(file, lookUp.withdrawals)
        if isNothing, !isGone {
            let isKnown = lookUp.wasAnswered && !isDoubtful
            let until = noteNegative(file, wasAnswered: isKnown)
            if isDoubtful { negatives[file]?.doubts = doubts + 1 }
            if lookUp.isWanted { resolve(file, isKnown ? .settled : .postponed(until - now)) }
            return
        }
        if lookUp.isWanted {
            resolve(file)
            if lookUp.isFound || isGone { unknowns.giveBack(settings.unknowns) }
        }
        if pulls[file] != nil { pump(file) }
    }

    /// The trackers were asked, or this node is one of them.
    mutating func relyOnWhatIsKnown(of file: FileID) {
        guard files[file]?.awaitsTrackers == true else { return }
        files[file]?.awaitsTrackers = false
        touch(file)
    }

    /// Whether there is somebody to whom clients can be sent, as far as is known here.
    func isServed(_ entry: FileEntry) -> Bool {
        entry.holders.contains { heard in
            heard.isWhole && members.isAlive(heard.holder) && isVouched(heard.holder, entry)
                && isBelieved(heard.holder, of: entry)
        }
    }

    /// Somebody took the file back, as far as is remembered here or by a tracker that was asked. That says nothing of
    /// other publishers: withdrawals outlive a restart and postings do not, so that whoever remembers the one may have
    /// forgotten the other, or never heard of it. Only when no tracker that is there knows of a posting is it gone.
    func isTakenBack(_ file: FileID) -> Bool {
        !withdrawals[file].isEmpty || !(files[file]?.withdrawals.isEmpty ?? true)
            || !(lookUps[file]?.withdrawals.isEmpty ?? true)
    }

    /// The file is not offered: until when that is believed. It may be posted at any moment, perhaps again, and longer
    /// the more often it was not.
    @discardableResult
    private mutating func noteNegative(_ file: FileID, wasAnswered: Bool = true) -> Instant {
        let times = negatives.removeValue(forKey: file)?.times ?? 0
        // Who was silent may answer in a moment: that doubles nothing.
        let doublings = wasAnswered ? min(times, 20) : 0
        let lifetime = min(settings.negativeLifetime * (1 << doublings), settings.longestNegativeLifetime)
        negatives[file] = Negative(
            until: now + lifetime, times: wasAnswered ? times + 1 : times, wasAnswered: wasAnswered)
        if negatives.count > limits.negatives { negatives.removeFirst() }
        return now + lifetime
    }

    /// Every tracker that is there was asked just now, and the file given up.
    mutating func believeGone(_ file: FileID) {
        if files[file]?.postings.isEmpty == true, isTakenBack(file) { _ = end(file, []) }
    }

    /// The file was offered once: so it is told for a while. False when there is no place for that.
    private mutating func end(_ file: FileID, _ heard: [Verified<Withdrawal>]) -> Bool {
        let until = noteNegative(file)
        let isNew = files[file] == nil
        guard cacheEntry(file, by: nil) else { return false }
        noteWithdrawals(heard, of: file)
        files[file]?.goneUntil = until
        if let known = files[file]?.freshUntil { files[file]?.freshUntil = isNew ? until : max(known, until) }
        agenda.add(.forget(file), at: until)
        touch(file)
        return true
    }

    /// Makes a place for what was looked up, for a while. False when there is none.
    private mutating func cacheEntry(_ file: FileID, by publisher: NodeID?) -> Bool {
        guard files[file] == nil else { return true }
        if cachedCount >= limits.cached { guard forgetStalest() else { return false } }
        guard hasRoom(for: file, by: publisher) else { return false }
        var entry = FileEntry(file: file)
        entry.freshUntil = now + settings.settledLifetime
        files[file] = entry
        cachedCount += 1
        return true
    }

    /// How long a file that was looked up just now is believed: not long while its replicas are on the way.
    private mutating func believeForAWhile(_ file: FileID) {
        guard let entry = files[file], entry.freshUntil != nil else { return }
        let whole = entry.holders.count { $0.state == .complete && !entry.isPublisher($0.holder) }
        let wanted = Int(leading(entry)?.value.replicas ?? 0)
        let isSettled =
            whole >= wanted && !entry.holders.isEmpty && entry.holders.allSatisfy { $0.state == .complete }
        let until: Instant
        if inForce(entry).isEmpty {
            until = noteNegative(file)
        } else {
            negatives[file] = nil
            until = now + (isSettled ? settings.settledLifetime : settings.unsettledLifetime)
        }
        files[file]?.freshUntil = until
        agenda.add(.forget(file), at: until)
    }
}
