internal import Primitives

/// Rendezvous hashing (Thaler and Ravishankar, 1996): every node ranks the members for a file alike, and when one goes
/// only its own files move.
enum Rendezvous {
    static let trackerCount = 3
    /// Members see slightly different sets: who ranks so high may well be a tracker to another.
    static let nearTrackerCount = 2 * trackerCount

    /// A member's rank for a file: the higher, the earlier. Unweighted, so that a member that boasts of its allowance
    /// gains no say over files.
    static func weight(of member: NodeID, for file: FileID) -> UInt64 {
        Generator.mix(file.bytes.words.0 ^ Generator.mix(member.short.word))
    }

    /// Whether this member's coming or going changes a file's trackers, if these are they.
    static func isConcerned(_ trackers: [NodeID], by id: NodeID, for file: FileID) -> Bool {
        trackers.count < trackerCount || trackers.contains(id)
            || trackers.contains { weight(of: $0, for: file) < weight(of: id, for: file) }
    }

    /// A member's turn for a file: by weight, and of equals the one with the higher id first.
    struct Rank: Comparable {
        let weight: UInt64
        let id: NodeID

        init(of id: NodeID, for file: FileID) {
            self.id = id
            weight = Rendezvous.weight(of: id, for: file)
        }

        static func < (left: Self, right: Self) -> Bool { (left.weight, left.id) < (right.weight, right.id) }
    }

    /// The members that rank first, at most `count`. Where networks are larger than a few dozen, this is also the place
    /// to pass over newcomers and members in one address block.
    static func first(_ count: Int, of members: some Sequence<NodeID>, for file: FileID) -> [NodeID] {
        var best: [Rank] = []
        for member in members {
            let rank = Rank(of: member, for: file)
            guard best.count < count || rank > best[count - 1] else { continue }
            best.insert(rank, at: best.firstPosition { $0 < rank })
            if best.count > count { best.removeLast() }
        }
        return best.map(\.id)
    }
}
