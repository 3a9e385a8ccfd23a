internal import Primitives

/// Members come and go: trackers change, holdings stop counting.
extension Curator {
    /// So many members are about to be told of.
    public mutating func expect(members count: Int) { members.reserve(count) }

    mutating func learn(_ facts: MemberFacts) {
        let before = members.update(facts)
        guard facts.id != own else { return }
        if let before, before.isUnproven != facts.isUnproven { recount(facts.id) }
        if facts.isAlive != (before?.isAlive ?? false) {
            livenessChanged(of: facts.id, isAlive: facts.isAlive)
        } else if facts.isAlive, let before, facts.since > before.since {
            // It was away so briefly that nobody missed it, but it may have forgotten what it was told.
            for file in files.ids where files[file]?.trackers.contains(facts.id) == true {
                send(file, to: facts.id, everything: false)
            }
        }
    }

    mutating func forget(_ id: NodeID) {
        guard let before = members.remove(id), id != own, before.isAlive else { return }
        livenessChanged(of: id, isAlive: false)
    }

    private mutating func livenessChanged(of id: NodeID, isAlive: Bool) {
        if !isAlive { outboxes[id] = nil }
        guard clock != nil else { return }
        followWithdrawals(id)
        for file in files.ids {
            guard let entry = files[file] else { continue }
            // First what the dead leave behind, with its delay; then who must be told.
            if entry.placement != nil { reconsider(file, id, isAlive: isAlive) }
            if !isAlive, entry.freshUntil != nil { holderLost(file, id) }
            // One of those that were lost, before the trackers were asked: it can serve as before.
            if isAlive, entry.freshUntil != nil, entry.heard(from: id)?.isWhole ?? false, isServed(entry) {
                relyOnWhatIsKnown(of: file)
            }
            if isAlive { relayMissed(file, to: id) }
            if entry.holding != nil { followTrackers(of: file, id) }
            if pulls[file] != nil, isAlive { pump(file) }
        }
    }

    /// Whether this member's coming or going changes who the file's trackers are.
    private mutating func followTrackers(of file: FileID, _ id: NodeID) {
        guard let known = files[file]?.trackers else { return }
        if Rendezvous.isConcerned(known, by: id, for: file) { tellTrackers(of: file, onlyNew: true) }
    }

    /// The last member that could serve what was looked up is gone: by now the trackers may know of others.
    private mutating func holderLost(_ file: FileID, _ id: NodeID) {
        guard let entry = files[file], entry.heard(from: id)?.isWhole ?? false, !inForce(entry).isEmpty,
            !isServed(entry)
        else { return }
        files[file]?.awaitsTrackers = true
        touch(file)
    }

    /// Whether this member's coming or going changes how many replicas there are, or whose duty they are.
    private mutating func reconsider(_ file: FileID, _ id: NodeID, isAlive: Bool) {
        guard var placement = files[file]?.placement, let entry = files[file] else { return }
        let isHolder = entry.heard(from: id).map { $0.state != .gone } ?? false
        let ranksHigher = Rendezvous.weight(of: id, for: file) > Rendezvous.weight(of: own, for: file)
        guard isHolder || ranksHigher || placement.isShort || placement.concerns(id) else { return }
        if !isAlive {
            placement.remove(id)
            if isHolder || ranksHigher {
                placement.notBefore = max(placement.notBefore, now + settings.repairDelay)
            }
        }
        files[file]?.placement = placement
        place(file)
    }
}
