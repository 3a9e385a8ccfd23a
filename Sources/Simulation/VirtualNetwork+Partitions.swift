/// Who reaches whom.
extension VirtualNetwork {
    /// These nodes and the others do not reach each other any more.
    mutating func part(_ group: Set<Int>) { part([group]) }

    /// Nor do these groups. Where there is a passage from one side to another, datagrams get through that way only; the
    /// sides are numbered from 1, and those in no group are on side 0.
    mutating func part(_ groups: [Set<Int>], passages: Set<Passage> = []) {
        for index in nodes.indices { nodes[index].side = (groups.firstIndex { $0.contains(index) } ?? -1) + 1 }
        self.passages = passages
    }

    /// What the other sends arrives.
    func hears(_ index: Int, from other: Int) -> Bool {
        let (here, there) = (nodes[index].side, nodes[other].side)
        guard here == there || passages.contains(Passage(from: there, to: here)) else { return false }
        return faults.cuts.allSatisfy { $0.passes(from: other, to: index) }
    }

    /// Both ways, as questions and transfers need it.
    func canReach(_ index: Int, from other: Int) -> Bool { hears(index, from: other) && hears(other, from: index) }
}

/// From one side of a partition to another.
struct Passage: Hashable {
    let from: Int
    let to: Int
}
