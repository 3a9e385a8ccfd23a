internal import Primitives

/// The members as the catalogue sees them, in ascending order, this node among them.
struct MemberTable: Sendable {
    let own: NodeID
    private(set) var all: [MemberFacts] = []
    /// Those alive; this node always is.
    private var alive: Electorate

    init(own: NodeID) {
        self.own = own
        alive = Electorate([own])
    }

    subscript(id: NodeID) -> MemberFacts? {
        let position = position(of: id)
        return position < all.count && all[position].id == id ? all[position] : nil
    }

    /// What was known before.
    mutating func update(_ facts: MemberFacts) -> MemberFacts? {
        let position = position(of: facts.id)
        setAlive(facts.id, facts.isAlive)
        guard position < all.count, all[position].id == facts.id else {
            all.insert(facts, at: position)
            return nil
        }
        let before = all[position]
        all[position] = facts
        return before
    }

    mutating func remove(_ id: NodeID) -> MemberFacts? {
        let position = position(of: id)
        setAlive(id, false)
        guard position < all.count, all[position].id == id else { return nil }
        return all.remove(at: position)
    }

    func isAlive(_ id: NodeID) -> Bool {
        id == own || self[id]?.isAlive == true
    }

    func trackers(of file: FileID) -> [NodeID] {
        alive.trackers(of: file, count: Rendezvous.trackerCount)
    }

    /// Whether this node is the first tracker of the file.
    func isFirstTracker(of file: FileID) -> Bool { alive.isFirst(own, for: file) }

    /// Whether that member is a tracker of the file, or might be one to a member that sees the others a little
    /// differently.
    func isNearTracker(_ id: NodeID, of file: FileID) -> Bool {
        alive.trackers(of: file, count: Rendezvous.nearTrackerCount).contains(id)
    }

    private mutating func setAlive(_ id: NodeID, _ isAlive: Bool) {
        if id != own { alive.set(id, isMember: isAlive) }
    }

    private func position(of id: NodeID) -> Int {
        all.firstPosition { $0.id >= id }
    }
}

extension Array {
    /// The first position at which `predicate` holds, in an array where it holds from some position on; by bisection.
    func firstPosition(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
