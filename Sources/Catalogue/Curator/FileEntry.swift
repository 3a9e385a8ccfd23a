internal import Primitives

/// All that this node knows of one file.
struct FileEntry: Sendable {
    /// A holder's announcement and when it was heard.
    struct Heard: Sendable {
        let announcement: Verified<Announcement>
        let at: Instant

        var holder: NodeID { announcement.value.holder }
        var state: Announcement.State { announcement.value.state }
        /// Has all of it, though perhaps not for long.
        var isWhole: Bool { state == .complete || state == .leaving }
    }

    let file: FileID
    /// By publisher, ascending; none that was withdrawn. Some may have expired.
    var postings: [Verified<Posting>] = []
    /// What a look-up brought; those that are remembered stand in a table of their own.
    var withdrawals: [Verified<Withdrawal>] = []
    /// As its piece hashes prove.
    var provenLength: ByteCount?
    /// By holder, ascending; this node's own among them.
    var heard: [Heard] = []
    /// What is on this disk.
    var holding: Holding?
    /// It was posted here, and the disk does not give it back.
    var isUnreadable = false
    /// Whether it is still offered is being asked; not served until then.
    var confirmation: Confirmation?
    /// The highest version this node announced.
    var ownVersion: UInt64 = 0
    /// Whom this node's announcements went to.
    var trackers: [NodeID] = []
    /// Members that sent bad pieces of it, ascending.
    var liars: [NodeID] = []
    /// Holders told this node about it, as its tracker.
    var placement: Placement?
    /// Until when what was looked up is believed; nothing for what is held or tracked.
    var freshUntil: Instant?
    /// How often content that was whole turned out damaged.
    var damages = 0
    /// The digest of what was here when it was whole, if no publisher states that one: to be seen twice to be believed.
    var doubted: Bytes32?

    init(file: FileID) {
        self.file = file
    }

    func isPublisher(_ id: NodeID) -> Bool { postings.contains { $0.value.publisher == id } }

    func heard(from holder: NodeID) -> Heard? {
        let position = heard.firstPosition { $0.holder >= holder }
        return position < heard.count && heard[position].holder == holder ? heard[position] : nil
    }

    /// What others may have of it from here: nothing of what cannot be read, unless it is to be fetched again anyway.
    var lendable: Holding? {
        guard isUnreadable, var holding, holding.isOwn else { return holding }
        holding.pieces = Bitfield(count: holding.pieces.count)
        return holding
    }

    /// The holders that were not heard to have given it up, ascending.
    var holders: [Heard] { heard.filter { $0.state != .gone } }
}

/// What a tracker does about a file's replicas.
struct Placement: Sendable {
    struct Pending: Sendable {
        enum Stage: Sendable {
            case asked
            /// Accepted; to be announced until then.
            case accepted(until: Instant)
            /// Said no, or nothing; not to be asked again until then.
            case resting(until: Instant)
        }

        let member: NodeID
        var stage: Stage
    }

    /// By member, ascending.
    var pending: [Pending] = []
    /// No offers before.
    var notBefore: Instant
    /// When it is looked at again, if that is arranged.
    var lookAt: Instant?
    /// Fewer replicas than wanted when it was last looked at.
    var isShort = false
    /// When the first tracker is told what this one knows, if the shortage lasts.
    var nudgeAt: Instant?
    /// When this tracker places replicas though it is not the first, if the shortage lasts even so.
    var takeoverAt: Instant?
    /// When holders of a withdrawn file are told again.
    var recallAt: Instant?
    /// Postings that contradict each other: no holder is asked for a proof before, and how many were.
    var proofAt: Instant
    var proofs = 0
    /// When it ends, unless this node is a tracker again.
    var retiresAt: Instant?

    init(notBefore: Instant) {
        self.notBefore = notBefore
        proofAt = notBefore
    }

    mutating func set(_ member: NodeID, _ stage: Pending.Stage?) {
        let position = pending.firstPosition { $0.member >= member }
        let isThere = position < pending.count && pending[position].member == member
        switch (stage, isThere) {
        case (let stage?, true): pending[position].stage = stage
        case (let stage?, false): pending.insert(Pending(member: member, stage: stage), at: position)
        case (nil, true): pending.remove(at: position)
        case (nil, false): break
        }
    }

    func stage(of member: NodeID) -> Pending.Stage? {
        pending.first { $0.member == member }?.stage
    }

    /// The members that may still become holders. Who accepted and stayed silent rests; who has rested may be asked again.
    mutating func hopefuls(at now: Instant, rest: Duration) -> [NodeID] {
        var hopefuls: [NodeID] = []
        for index in pending.indices {
            switch pending[index].stage {
            case .accepted(let until) where until <= now: pending[index].stage = .resting(until: now + rest)
            case .asked, .accepted: hopefuls.append(pending[index].member)
            case .resting: break
            }
        }
        pending.removeAll { entry in
            if case .resting(let until) = entry.stage { return until <= now }
            return false
        }
        return hopefuls
    }
}
