internal import Primitives

/// A table of files that is full is shared fairly by those who post: whoever has fewer tracked files takes places from
/// who has more, until all have the same or have what they want.
///
/// A file of several publishers belongs to the one that has fewest, so that nobody can have another's files forgotten
/// by posting them too, and two that post the same files are two who have many. What is held, fetched or posted here
/// stays.
extension Curator {
    /// Who has how much, as it was counted a moment ago.
    struct Crowd: Sendable {
        let until: Instant
        /// Files of each publisher.
        var counts: [NodeID: Int]
        /// Tracked files, the one to be forgotten first last.
        var displaceable: [FileID]

        /// How many files the least of these publishers has; a file of nobody goes first.
        func standing(of entry: FileEntry) -> Int {
            entry.postings.map { counts[$0.value.publisher, default: 0] }.min() ?? .max
        }
    }

    /// Makes room for one more file, of that publisher. False when everything is held, or tracked for who has no more.
    mutating func hasRoom(for file: FileID, by publisher: NodeID?) -> Bool {
        if files[file] != nil || files.count < limits.files { return true }
        if forgetStalest() { return true }
        return publisher.map { displace(for: $0) } ?? false
    }

    private mutating func displace(for publisher: NodeID) -> Bool {
        var counted = crowd.flatMap { $0.until > now ? $0 : nil } ?? count()
        crowd = nil
        defer { crowd = counted }
        let wanted = counted.counts[publisher, default: 0] + 1
        while let file = counted.displaceable.last {
            guard let entry = files[file], isDisplaceable(entry) else {
                counted.displaceable.removeLast()
                continue
            }
            // At least one more than the newcomer will have, else the two would take each other's place in turn.
            guard counted.standing(of: entry) > wanted else { return false }
            counted.displaceable.removeLast()
            for posting in entry.postings { counted.counts[posting.value.publisher, default: 1] -= 1 }
            counted.counts[publisher] = wanted
            files[file] = nil
            touch(file)
            return true
        }
        return false
    }

    private func isDisplaceable(_ entry: FileEntry) -> Bool {
        entry.placement != nil && entry.holding == nil && pulls[entry.file] == nil
    }

    /// Goes through the whole table.
    private func count() -> Crowd {
        var crowd = Crowd(until: now + settings.crowdLifetime, counts: [:], displaceable: [])
        let entries = files.ids.compactMap { files[$0] }
        for entry in entries {
            for posting in entry.postings { crowd.counts[posting.value.publisher, default: 0] += 1 }
        }
        // Of the greediest's files those go first that came last.
        crowd.displaceable = entries.filter { isDisplaceable($0) }
            .map { (standing: crowd.standing(of: $0), number: $0.placement?.number ?? 0, file: $0.file) }
            .sorted { ($0.standing, $0.number) < ($1.standing, $1.number) }
            .map(\.file)
        return crowd
    }
}
