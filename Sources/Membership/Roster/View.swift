internal import Primitives

/// The active view, and who else counts on being pulsed: the members this node exchanges pulses with.
struct View: Equatable, Sendable {
    /// Why a member was drawn.
    enum Role: Equatable, Sendable {
        case near
        case random
        case elsewhere
    }

    struct Seat: Equatable, Sendable {
        let id: NodeID
        let role: Role
    }

    /// Whom this node chose.
    private(set) var seats: [Seat] = []
    /// Who chose this node, in order of their ids.
    private(set) var guests: [NodeID] = []
    /// All of them, in order of their ids.
    private(set) var members: [NodeID] = []

    func contains(_ id: NodeID) -> Bool { Self.contains(members, id) }

    func isSeated(_ id: NodeID) -> Bool { seats.contains { $0.id == id } }

    func isGuest(_ id: NodeID) -> Bool { Self.contains(guests, id) }

    func count(of role: Role) -> Int { seats.count { $0.role == role } }

    mutating func seat(_ id: NodeID, _ role: Role) {
        seats.removeAll { $0.id == id }
        seats.append(Seat(id: id, role: role))
        gather()
    }

    mutating func unseat(_ id: NodeID) {
        seats.removeAll { $0.id == id }
        gather()
    }

    mutating func welcome(_ guest: NodeID) {
        guests.insert(guest, at: guests.partitioningIndex { $0 >= guest })
        gather()
    }

    mutating func dismiss(_ guest: NodeID) {
        guests.removeAll { $0 == guest }
        gather()
    }

    /// Only those remain.
    mutating func keep(_ isPresent: (NodeID) -> Bool) {
        seats.removeAll { !isPresent($0.id) }
        guests.removeAll { !isPresent($0) }
        gather()
    }

    private mutating func gather() {
        members = guests
        for seat in seats where !isGuest(seat.id) {
            members.insert(seat.id, at: members.partitioningIndex { $0 >= seat.id })
        }
    }

    private static func contains(_ sorted: [NodeID], _ id: NodeID) -> Bool {
        let index = sorted.partitioningIndex { $0 >= id }
        return index < sorted.count && sorted[index] == id
    }
}

extension RandomAccessCollection where Index == Int {
    /// Where the elements that satisfy `isSecond` begin, when they all stand behind those that do not.
    func partitioningIndex(where isSecond: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
