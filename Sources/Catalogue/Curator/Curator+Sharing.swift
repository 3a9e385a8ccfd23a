internal import OrderedCollections
internal import Primitives

/// No publisher takes more of this node's disk than the operator gives to one (DESIGN, "Fairness"), and none is offered
/// again and again to a member on whose disk its share is taken.
extension Curator {
    /// What one publisher's files may occupy here: a part of what there is for the files of others, as it was last
    /// measured.
    var publisherShare: ByteCount { capacity.forOthers.percent(policy.publisherPercent) }

    mutating func measured(replication: ByteCount, freeDisk: ByteCount) {
        let (forOthers, isBeyond) = freeDisk.bytes.addingReportingOverflow(files.heldForOthers.bytes)
        capacity = (replication, freeDisk, isBeyond ? .max : ByteCount(forOthers))
    }

    /// Whether this node may hold the file for its publisher beside what it holds, or has agreed to hold, for it
    /// already. Where that is nothing, the file may be larger than the share: else a node with a small disk would hold
    /// no large file, whoever posts it.
    func isWithinShare(_ posting: Posting) -> Bool {
        let (files, size) = taken(by: posting.publisher, beside: posting.file)
        return files == 0 || posting.length <= publisherShare - size
    }

    /// What a publisher's files occupy or will, but for one of them.
    private func taken(by publisher: NodeID, beside file: FileID) -> (files: Int, size: ByteCount) {
        let occupied = files.occupied[publisher] ?? KnownFiles.Occupied()
        var taken = (files: occupied.files, size: occupied.size)
        if let holding = files[file]?.holding, !holding.isOwn, holding.manifest.value.posting.publisher == publisher {
            taken.files -= 1
            taken.size -= holding.manifest.value.posting.length
        }
        for other in pullOrder where other != file && files[other]?.holding == nil {
            guard let pull = pulls[other], pull.publishers.first == publisher, let swarm = pull.swarm else { continue }
            taken.files += 1
            taken.size += swarm.geometry.length
        }
        return taken
    }

    /// The operator is told once, and again after there was room.
    mutating func noteShareTaken(by posting: Posting) {
        guard greedy.append(posting.publisher).inserted else { return }
        if greedy.count > limits.greedy { greedy.removeFirst() }
        let size = taken(by: posting.publisher, beside: posting.file).size
        turn.actions.append(.shareTaken(posting.publisher, size))
    }

    mutating func noteRoom(for publisher: NodeID) { greedy.remove(publisher) }

    // MARK: As a tracker

    /// A member whose disk has no room left for one publisher's files of this length or longer, until then.
    struct Sated: Sendable {
        var length: ByteCount
        let until: Instant

        struct Pair: Hashable {
            let member: NodeID
            let publisher: NodeID
        }
    }

    /// The member declined the file since its publisher has its share there.
    mutating func noteSated(_ member: NodeID, with file: FileID, of publisher: NodeID) {
        guard member != own, let posting = files[file]?.postings.first(where: { $0.value.publisher == publisher })
        else { return }
        let pair = Sated.Pair(member: member, publisher: publisher)
        var length = posting.value.length
        if let known = sated.removeValue(forKey: pair), now < known.until { length = min(length, known.length) }
        sated[pair] = Sated(length: length, until: now + settings.satedRest)
        if sated.count > limits.sated { sated.removeFirst() }
    }

    /// Whether offering the posting to the member is known to be in vain.
    func isSated(_ member: NodeID, with posting: Posting) -> Bool {
        guard member != own else { return !isWithinShare(posting) }
        guard let known = sated[Sated.Pair(member: member, publisher: posting.publisher)] else { return false }
        return now < known.until && posting.length >= known.length
    }
}
