internal import OrderedCollections
public import Primitives

/// What a member can be caught at. Each is proven by the file's own hashes.
public enum Misdeed: Hashable, Sendable, CaseIterable {
    /// It sent a piece that is not the file's.
    case wrongPiece
    /// It posted a file with a digest that the content does not have.
    case falseDigest
    /// It posted a file with a length that the content does not have.
    case falseLength
}

/// How often a member was caught at what, since this node was started.
public struct Misdeeds: Equatable, Sendable {
    public var wrongPieces = 0
    public var falseDigests = 0
    public var falseLengths = 0
    /// When it was caught last.
    public var last: WallTime

    public init(
        wrongPieces: Int = 0, falseDigests: Int = 0, falseLengths: Int = 0, last: WallTime = WallTime(milliseconds: 0)
    ) {
        self.wrongPieces = wrongPieces
        self.falseDigests = falseDigests
        self.falseLengths = falseLengths
        self.last = last
    }

    /// Of all kinds.
    public var total: Int { Misdeed.allCases.reduce(0) { $0 &+ self[$1] } }

    public subscript(misdeed: Misdeed) -> Int {
        get {
            switch misdeed {
            case .wrongPiece: wrongPieces
            case .falseDigest: falseDigests
            case .falseLength: falseLengths
            }
        }
        set {
            switch misdeed {
            case .wrongPiece: wrongPieces = newValue
            case .falseDigest: falseDigests = newValue
            case .falseLength: falseLengths = newValue
            }
        }
    }
}

extension Curator {
    /// A member was caught. The operator is told the first time, and then as often as the number has doubled.
    mutating func note(_ misdeed: Misdeed, by member: NodeID, of file: FileID) {
        guard member != own else { return }
        var misdeeds = caught.removeValue(forKey: member) ?? Misdeeds()
        misdeeds[misdeed] &+= 1
        misdeeds.last = wall ?? misdeeds.last
        caught[member] = misdeeds
        if caught.count > limits.caught { caught.removeFirst() }
        let times = misdeeds[misdeed]
        if times > 0, times & (times - 1) == 0 {
            turn.actions.append(.caught(member, misdeed, file, times: times))
        }
        if misdeeds.total == limits.misdeeds { recount(member) }
    }

    /// Whether a copy counts that this member says it has. Not when it sent a wrong piece of that file; when it was
    /// caught more often than a disk that changes a bit explains; or when nobody can be sent to it, since it never
    /// proved its URL.
    func isBelieved(_ id: NodeID, of entry: FileEntry) -> Bool {
        !entry.liars.contains(id) && !isNotorious(id) && members[id]?.isUnproven != true
    }

    /// It was caught so often that nothing is entrusted to it.
    func isNotorious(_ id: NodeID) -> Bool { caught[id].map { $0.total >= limits.misdeeds } ?? false }

    /// What the member says it holds counts no longer, or counts again.
    mutating func recount(_ member: NodeID) {
        for file in files.ids {
            guard let entry = files[file], entry.placement != nil, let heard = entry.heard(from: member),
                heard.state != .gone
            else { continue }
            agenda.add(.place(file), at: now)
        }
    }

    /// Members that were caught lying since the start, whom that happened to last at the end; of very many the last.
    public var liars: [(member: NodeID, misdeeds: Misdeeds)] { caught.elements.map { ($0.key, $0.value) } }
}
