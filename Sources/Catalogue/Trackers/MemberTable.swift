internal import Primitives

/// The members as the catalogue sees them, in ascending order, this node among them. A world of ten thousand nodes holds
/// a hundred million rows, so they are kept column by column.
struct MemberTable: Sendable {
    /// What is true of a member or not.
    private struct Marks: OptionSet {
        let rawValue: UInt8
        static let isAlive = Marks(rawValue: 1)
        static let isUnproven = Marks(rawValue: 2)
        static let hasPlace = Marks(rawValue: 4)

        init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        init(_ facts: MemberFacts) {
            self = facts.isAlive ? .isAlive : []
            if facts.isUnproven { insert(.isUnproven) }
            if facts.place != nil { insert(.hasPlace) }
        }
    }

    let own: NodeID
    private(set) var ids: [NodeID] = []
    private var marks: [Marks] = []
    private var places: [Place] = []
    // No finer than statuses tell them.
    private var remaining: [QuarterPower] = []
    private var freeDisk: [QuarterPower] = []
    private var since: [Instant] = []

    /// Stands where no place is known.
    private static let nowhere: Place = {
        guard let place = Place(latitudeHundredths: 0, longitudeHundredths: 0) else { preconditionFailure("a place") }
        return place
    }()

    init(own: NodeID) {
        self.own = own
        // Nothing is known of itself yet but that it is there.
        _ = update(
            MemberFacts(id: own, isAlive: true, place: nil, remaining: .zero, freeDisk: .zero, since: .zero))
    }

    /// So many are to be expected: lists that grow as they like take up to twice their room.
    mutating func reserve(_ count: Int) {
        ids.reserveCapacity(count)
        marks.reserveCapacity(count)
        places.reserveCapacity(count)
        remaining.reserveCapacity(count)
        freeDisk.reserveCapacity(count)
        since.reserveCapacity(count)
    }

    subscript(id: NodeID) -> MemberFacts? { index(of: id).map { self[$0] } }

    /// What was known before.
    mutating func update(_ facts: MemberFacts) -> MemberFacts? {
        let index = position(of: facts.id)
        guard index < ids.count, ids[index] == facts.id else {
            ids.insert(facts.id, at: index)
            marks.insert(Marks(facts), at: index)
            places.insert(facts.place ?? Self.nowhere, at: index)
            remaining.insert(QuarterPower(facts.remaining), at: index)
            freeDisk.insert(QuarterPower(facts.freeDisk), at: index)
            since.insert(facts.since, at: index)
            return nil
        }
        let before = self[index]
        marks[index] = Marks(facts)
        places[index] = facts.place ?? Self.nowhere
        remaining[index] = QuarterPower(facts.remaining)
        freeDisk[index] = QuarterPower(facts.freeDisk)
        since[index] = facts.since
        return before
    }

    mutating func remove(_ id: NodeID) -> MemberFacts? {
        guard let index = index(of: id) else { return nil }
        let before = self[index]
        ids.remove(at: index)
        marks.remove(at: index)
        places.remove(at: index)
        remaining.remove(at: index)
        freeDisk.remove(at: index)
        since.remove(at: index)
        return before
    }

    func isAlive(_ id: NodeID) -> Bool {
        id == own || index(of: id).map { marks[$0].contains(.isAlive) } ?? false
    }

    private func index(of id: NodeID) -> Int? {
        let index = position(of: id)
        return index < ids.count && ids[index] == id ? index : nil
    }

    /// Where it stands, or would.
    private func position(of id: NodeID) -> Int {
        var index = ids.place(of: id.short.word) { $0.short.word }
        while index < ids.count, ids[index] < id { index += 1 }
        return index
    }

    // MARK: Trackers

    /// Those alive; this node always is.
    private var electorate: some Sequence<NodeID> {
        ids.indices.lazy.filter { marks[$0].contains(.isAlive) || ids[$0] == own }.map { ids[$0] }
    }

    func trackers(of file: FileID) -> [NodeID] {
        Rendezvous.first(Rendezvous.trackerCount, of: electorate, for: file)
    }

    /// Whether this node is the first tracker of the file that can be told anything; mostly told by the first few that
    /// are looked at.
    func isFirstTracker(of file: FileID) -> Bool {
        let rank = Rendezvous.Rank(of: own, for: file)
        return !ids.indices.contains { index in
            marks[index].contains(.isAlive) && !marks[index].contains(.isUnproven)
                && Rendezvous.Rank(of: ids[index], for: file) > rank
        }
    }

    /// Whether that member is a tracker of the file, or might be one to a member that sees the others a little
    /// differently.
    func isNearTracker(_ id: NodeID, of file: FileID) -> Bool {
        Rendezvous.first(Rendezvous.nearTrackerCount, of: electorate, for: file).contains(id)
    }
}

extension MemberTable: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { ids.count }

    subscript(index: Int) -> MemberFacts {
        let marks = marks[index]
        return MemberFacts(
            id: ids[index], isAlive: marks.contains(.isAlive), place: marks.contains(.hasPlace) ? places[index] : nil,
            remaining: remaining[index].byteCount, freeDisk: freeDisk[index].byteCount, since: since[index],
            isUnproven: marks.contains(.isUnproven))
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
