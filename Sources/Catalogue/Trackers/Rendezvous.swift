internal import Primitives

/// Rendezvous hashing (Thaler and Ravishankar, 1996): every node ranks the members for a file alike, and when one goes only
/// its own files move.
enum Rendezvous {
    static let trackerCount = 3
    /// Members see slightly different sets: who ranks so high may well be a tracker to another.
    static let nearTrackerCount = 2 * trackerCount

    /// A member's rank for a file: the higher, the earlier. Unweighted, so that a member that boasts of its allowance gains
    /// no say over files.
    static func weight(of member: NodeID, for file: FileID) -> UInt64 {
        Generator.mix(file.bytes.words.0 ^ Generator.mix(member.short.word))
    }

    /// The first members by rank, at most `count`. Where networks are larger than a few dozen, this is also the place
    /// to pass over newcomers and members in one address block.
    static func trackers(
        of file: FileID, among members: some Sequence<NodeID>, count: Int = trackerCount
    ) -> [NodeID] {
        var best: [(weight: UInt64, id: NodeID)] = []
        for id in members {
            let entry = (weight: weight(of: id, for: file), id: id)
            let position = best.firstIndex { $0 < entry } ?? best.count
            guard position < count else { continue }
            best.insert(entry, at: position)
            if best.count > count { best.removeLast() }
        }
        return best.map(\.id)
    }

    /// Whether this member's coming or going changes a file's trackers, if these are they.
    static func isConcerned(_ trackers: [NodeID], by id: NodeID, for file: FileID) -> Bool {
        trackers.count < trackerCount || trackers.contains(id)
            || trackers.contains { weight(of: $0, for: file) < weight(of: id, for: file) }
    }
}
