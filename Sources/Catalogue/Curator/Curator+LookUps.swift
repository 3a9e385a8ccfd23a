internal import OrderedCollections
internal import Primitives

/// A file is wanted that this node does not know: its trackers are asked, the first one first.
extension Curator {
    struct LookUp: Sendable {
        /// Trackers not asked yet, the first one last.
        var waiting: [NodeID]
        var underWay = 0
        /// Trackers that did not know it.
        var ignorant: [NodeID] = []
        /// A client waits.
        var isWanted: Bool
    }

    mutating func wanted(_ file: FileID) {
        if files[file] != nil {
            touch(file)
            turn.resolved.append(file)
        } else if let until = negatives[file], until > now {
            turn.resolved.append(file)
        } else if lookUps[file] != nil {
            lookUps[file]?.isWanted = true
        } else if lookUps.count < limits.lookUps {
            lookUp(file, isWanted: true)
        } else {
            turn.resolved.append(file)
        }
    }

    /// Asks the trackers, unless that is under way.
    mutating func lookUp(_ file: FileID, isWanted: Bool) {
        guard lookUps[file] == nil else { return }
        let trackers = members.trackers(of: file).filter { $0 != own }
        lookUps[file] = LookUp(waiting: trackers.reversed(), isWanted: isWanted)
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
        if let answer, case .found(let postings, let announcements, _) = answer.value,
            postings.contains(where: { $0.file == file })
        {
            for posting in postings where posting.file == file { cache(answer.part { _ in posting }) }
            for announcement in announcements where announcement.file == file {
                insert(answer.part { _ in announcement }, into: file)
            }
            believeForAWhile(file)
            // Read repair: the trackers before this one should have known.
            for forgetful in lookUps[file]?.ignorant ?? [] where files[file] != nil && members.isAlive(forgetful) {
                send(file, to: forgetful, everything: true)
            }
            endLookUp(file)
        } else {
            if case .unknown? = answer?.value { lookUps[file]?.ignorant.append(tracker) }
            askNextTracker(file)
        }
    }

    private mutating func endLookUp(_ file: FileID) {
        guard let lookUp = lookUps.removeValue(forKey: file) else { return }
        if lookUp.isWanted { turn.resolved.append(file) }
        if files[file] == nil {
            negatives[file] = nil
            negatives[file] = now + settings.negativeLifetime
            if negatives.count > limits.negatives { negatives.removeFirst() }
        } else if pulls[file] != nil {
            pump(file)
        }
    }

    /// Keeps a posting that was looked up, for a while.
    private mutating func cache(_ posting: Verified<Posting>) {
        let file = posting.value.file
        negatives[file] = nil
        if files[file] == nil {
            if cachedCount >= limits.cached || files.count >= limits.files {
                guard forgetStalest() else { return }
            }
            var entry = FileEntry(file: file)
            entry.freshUntil = now + settings.settledLifetime
            files[file] = entry
            cachedCount += 1
        }
        insert(posting, into: file)
    }

    /// How long a file that was looked up just now is believed: not long while its replicas are on the way.
    private mutating func believeForAWhile(_ file: FileID) {
        guard let entry = files[file], entry.freshUntil != nil, let posting = entry.leading?.value else { return }
        let whole = entry.holders.count { $0.state == .complete && !entry.isPublisher($0.holder) }
        let isSettled = whole >= Int(posting.replicas) && entry.holders.allSatisfy { $0.state == .complete }
        let until = now + (isSettled ? settings.settledLifetime : settings.unsettledLifetime)
        files[file]?.freshUntil = until
        agenda.add(.forget(file), at: until)
    }
}
