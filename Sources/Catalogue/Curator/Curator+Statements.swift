internal import OrderedCollections
internal import Primitives

/// Postings and announcements find their place, within the bounds.
extension Curator {
    /// Keeps the posting if it is newer than what is known from its publisher. Whether the file is known afterwards.
    @discardableResult
    mutating func insert(_ posting: Verified<Posting>, into file: FileID) -> Bool {
        guard posting.value.file == file, var entry = files[file] else { return files[file] != nil }
        guard !isVoid(posting.value), !isRefused(posting.value) else { return true }
        if let proven = entry.provenLength, proven != posting.value.length {
            note(.falseLength, by: posting.value.publisher, of: file)
            return true
        }
        if let known = entry.holding?.sha256, known != posting.value.sha256, posting.value.publisher != own {
            refuse(posting.value)
            return true
        }
        if let index = entry.postings.firstIndex(where: { $0.value.publisher == posting.value.publisher }) {
            guard entry.postings[index].value.sequence < posting.value.sequence else { return true }
            entry.postings[index] = posting
        } else {
            if entry.postings.count >= limits.postings {
                guard let index = displaceable(for: posting.value, in: entry) else { return true }
                entry.postings.remove(at: index)
            }
            entry.postings.append(posting)
        }
        entry.goneUntil = nil
        files[file] = entry
        noteEnd(posting.value.expires)
        if entry.holding != nil || pulls[file] != nil { review(file) } else { touch(file) }
        return true
    }

    /// The posting that gives way where there are as many as may be: one that is over; for this node's own, or a
    /// holder's, that of somebody who does not have the file, the last one heard of; for this node's own any other.
    private func displaceable(for posting: Posting, in entry: FileEntry) -> Int? {
        if let over = entry.postings.firstIndex(where: { isOver($0.value) }) { return over }
        func isHolder(_ id: NodeID) -> Bool { id == own || entry.heard(from: id)?.isWhole ?? false }
        guard isHolder(posting.publisher) else { return nil }
        let absent = entry.postings.lastIndex { !isHolder($0.value.publisher) }
        return absent ?? (posting.publisher == own ? entry.postings.indices.last : nil)
    }

    /// What an announcement was to who heard it.
    enum Novelty: Hashable, Sendable {
        /// Known, older than what is known, or without a place.
        case stale
        /// The same state in a later version: its holder has begun anew, or lost count.
        case renewed
        case changed
    }

    /// Keeps the announcement if it is newer than what is known from its holder.
    @discardableResult
    mutating func insert(_ announcement: Verified<Announcement>, into file: FileID) -> Novelty {
        let holder = announcement.value.holder
        guard announcement.value.file == file, var entry = files[file] else { return .stale }
        if holder == own, announcement.value.version > entry.ownVersion {
            // Said before a restart, under a clock that was ahead: outbid it.
            files[file]?.ownVersion = announcement.value.version
            announce(file)
            return .stale
        }
        let position = entry.heard.firstPosition { $0.holder >= holder }
        if position < entry.heard.count, entry.heard[position].holder == holder {
            let known = entry.heard[position].announcement.value
            guard known.version < announcement.value.version else { return .stale }
            entry.heard[position] = FileEntry.Heard(announcement: announcement, at: now)
            files[file] = entry
            guard known.state != announcement.value.state else { return .renewed }
        } else {
            guard entry.heard.count < limits.holders || dropUseless(from: &entry) else { return .stale }
            let place = entry.heard.firstPosition { $0.holder >= holder }
            entry.heard.insert(FileEntry.Heard(announcement: announcement, at: now), at: place)
            files[file] = entry
        }
        touch(file)
        holderChanged(file, holder, announcement.value.state)
        return .changed
    }

    /// Lets the placement and the pull of a file know what became of a holder.
    private mutating func holderChanged(_ file: FileID, _ holder: NodeID, _ state: Announcement.State) {
        files[file]?.placement?.remove(holder)
        guard pulls[file]?.swarm != nil else { return }
        switch state {
        case .filling: pulls[file]?.swarm?.add(holder, isWhole: false, at: now)
        case .complete, .leaving: pulls[file]?.swarm?.add(holder, isWhole: true, at: now)
        case .gone: pulls[file]?.swarm?.remove(holder)
        }
        pump(file)
    }

    private func dropUseless(from entry: inout FileEntry) -> Bool {
        guard
            let index = entry.heard.firstIndex(where: {
                $0.holder != own && ($0.state == .gone || !members.isAlive($0.holder))
            })
        else { return false }
        entry.heard.remove(at: index)
        return true
    }

    // MARK: Forgetting

    mutating func forgetIfStale(_ file: FileID) {
        guard let until = files[file]?.freshUntil, until <= now, pulls[file] == nil else { return touch(file) }
        drop(file)
    }

    /// Forgets the looked-up file that would be forgotten first anyway.
    mutating func forgetStalest() -> Bool {
        guard cachedCount > 0 else { return false }
        var stalest: (until: Instant, file: FileID)?
        for file in files.ids {
            guard let until = files[file]?.freshUntil, pulls[file] == nil else { continue }
            if let stalest, stalest.until <= until { continue }
            stalest = (until, file)
        }
        guard let stalest else { return false }
        drop(stalest.file)
        return true
    }

    /// What is neither held, nor tracked, nor being fetched any more is kept like something looked up: by default long
    /// enough for the trackers to hear the end of it.
    mutating func letGo(_ file: FileID, for lifetime: Duration? = nil) {
        guard let entry = files[file], entry.holding == nil, entry.placement == nil, entry.freshUntil == nil,
            pulls[file] == nil
        else { return }
        cachedCount += 1
        let hasEnded = !entry.postings.isEmpty && inForce(entry).isEmpty && members.isNearTracker(own, of: file)
        // That it is gone is told for as long as that was believed.
        let until = max(
            now + (hasEnded ? settings.endedLifetime : lifetime ?? settings.settledLifetime), entry.goneUntil ?? now)
        files[file]?.freshUntil = until
        agenda.add(.forget(file), at: until)
        touch(file)
    }

    /// Makes a file more than looked up.
    mutating func anchor(_ file: FileID) {
        negatives[file] = nil
        if files[file] == nil { files[file] = FileEntry(file: file) }
        guard files[file]?.freshUntil != nil else { return }
        cachedCount -= 1
        files[file]?.freshUntil = nil
    }

    /// The same for what this node was told unasked. Where it is no tracker of the file, and knew nothing of it, that
    /// is what one member says: clients are told what the trackers know.
    mutating func anchorUnasked(_ file: FileID) {
        let isNews = files[file].map { inForce($0).isEmpty } ?? true
        anchor(file)
        if isNews, !members.trackers(of: file).contains(own) { files[file]?.awaitsTrackers = true }
    }

    mutating func drop(_ file: FileID) {
        cachedCount -= 1
        files[file] = nil
        touch(file)
    }
}
