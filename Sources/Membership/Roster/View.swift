internal import Primitives

/// The active view: the members this node exchanges pulses with.
///
/// Everybody present, up to a limit. Beyond it those already in the view stay while they are present, and the rest is
/// drawn at random.
struct View: Equatable, Sendable {
    /// In order of their ids.
    private(set) var members: [NodeID] = []

    mutating func draw(from present: [NodeID], limit: Int, using generator: inout Generator) {
        guard present.count > limit else {
            members = present
            return
        }
        var drawn = members.filter { Self.contains(present, $0) }
        var others = present.filter { !Self.contains(members, $0) }
        while drawn.count < limit, !others.isEmpty {
            drawn.append(others.remove(at: Int.random(in: others.indices, using: &generator)))
        }
        members = drawn.sorted()
    }

    func contains(_ id: NodeID) -> Bool { Self.contains(members, id) }

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
