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
        weight(of: word(of: member), for: file)
    }

    /// What a member brings to its rank for every file.
    static func word(of member: NodeID) -> UInt64 { Generator.mix(member.short.word) }

    static func weight(of word: UInt64, for file: FileID) -> UInt64 { Generator.mix(file.bytes.words.0 ^ word) }

    /// Whether this member's coming or going changes a file's trackers, if these are they.
    static func isConcerned(_ trackers: [NodeID], by id: NodeID, for file: FileID) -> Bool {
        trackers.count < trackerCount || trackers.contains(id)
            || trackers.contains { weight(of: $0, for: file) < weight(of: id, for: file) }
    }
}

/// The members that files are shared out among, in ascending order. Ranking ten thousand for each of a thousand files
/// is what a start with many of both takes, so what a member brings to all its ranks is kept.
struct Electorate: Sendable {
    private(set) var ids: [NodeID]
    /// By member.
    private var words: [UInt64]

    init(_ members: [NodeID]) {
        ids = members.sorted()
        words = ids.map { Rendezvous.word(of: $0) }
    }

    mutating func set(_ id: NodeID, isMember: Bool) {
        let position = ids.firstPosition { $0 >= id }
        let isThere = position < ids.count && ids[position] == id
        if isMember, !isThere {
            ids.insert(id, at: position)
            words.insert(Rendezvous.word(of: id), at: position)
        }
        if !isMember, isThere {
            ids.remove(at: position)
            words.remove(at: position)
        }
    }

    /// The first members by rank, at most `count`; of equals the one with the higher id. Where networks are larger than
    /// a few dozen, this is also the place to pass over newcomers and members in one address block.
    func trackers(of file: FileID, count: Int) -> [NodeID] {
        var best: [(weight: UInt64, index: Int)] = []
        // The lowest rank that is good enough.
        var least: UInt64 = 0
        var index = 0
        while index < words.count {
            let weight = Rendezvous.weight(of: words[index], for: file)
            if weight >= least {
                let position = best.firstIndex { $0 < (weight, index) } ?? best.count
                best.insert((weight, index), at: position)
                if best.count > count { best.removeLast() }
                if best.count == count { least = best.last?.weight ?? .max }
            }
            index += 1
        }
        return best.map { ids[$0.index] }
    }

    /// Whether nobody ranks before this member; mostly told by the first few.
    func isFirst(_ id: NodeID, for file: FileID) -> Bool {
        let own = Rendezvous.weight(of: id, for: file)
        return !words.indices.contains { index in
            let weight = Rendezvous.weight(of: words[index], for: file)
            return weight > own || weight == own && ids[index] > id
        }
    }
}
