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
    /// One of each publisher, in the order in which they were first heard of, so that nobody who comes later speaks for
    /// the file; none that was withdrawn. Some may have expired.
    var postings: [Verified<Posting>] = []
    /// What a look-up brought; those that are remembered stand in a table of their own.
    var withdrawals: [Verified<Withdrawal>] = []
    /// As its piece hashes prove.
    var provenLength: ByteCount?
    /// By holder, ascending; this node's own among them.
    var heard: [Heard] = []
    /// What is on this disk.
    var holding: Holding?
    /// What was posted here last may not be on disk yet: others are told of it when it is.
    var isUnsaved = false
    /// It was posted here, and the disk does not give it back.
    var isUnreadable = false
    /// Whether it is still offered is being asked; not served until then.
    var confirmation: Confirmation?
    /// The highest version this node announced.
    var ownVersion: UInt64 = 0
    /// Whom this node's announcements went to.
    var trackers: [NodeID] = []
    /// The publishers' changes are passed on to the holders not before, and whether there is one to pass on then.
    var relaysAt = Instant.zero
    var isRelayDue = false
    /// Members that sent bad pieces of it, ascending.
    var liars: [NodeID] = []
    /// Holders told this node about it, as its tracker.
    var placement: Placement?
    /// Whoever offered it took it back, and no tracker knew of anybody else: until when that is told.
    var goneUntil: Instant?
    /// Until when what was looked up is believed; nothing for what is held or tracked.
    var freshUntil: Instant?
    /// The trackers have yet to be asked: this node is none of them and heard of it unasked, or nobody is left of those
    /// who could serve it.
    var awaitsTrackers = false
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

    /// Clients are not told of it before its trackers were asked. Who holds it is told by the first one anyway.
    var isUnsure: Bool { awaitsTrackers && holding == nil }

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
        /// Under whose posting it was offered.
        let publisher: NodeID
        var stage: Stage

        var isHopeful: Bool {
            switch stage {
            case .asked, .accepted: true
            case .resting: false
            }
        }
    }

    /// Offers, one for each member and publisher, in the order they were made: so that what one publisher's posting
    /// leads to keeps no other's from being offered.
    var pending: [Pending] = []
    /// Where it stands among the files that are tracked, by when that began.
    let number: UInt64
    /// No offers before.
    var notBefore: Instant
    /// When it is looked at again, if that is arranged.
    var lookAt: Instant?
    /// Fewer replicas than wanted when it was last looked at.
    var isShort = false
    /// Since when there have been too few to offer it to; since when nobody that it is to be offered to was asked.
    var shortSince: Instant?
    var untriedSince: Instant?
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

    init(notBefore: Instant, number: UInt64) {
        self.notBefore = notBefore
        self.number = number
        proofAt = notBefore
    }

    mutating func ask(_ member: NodeID, under posting: Posting) {
        remove(member, posting.publisher)
        pending.append(Pending(member: member, publisher: posting.publisher, stage: .asked))
    }

    mutating func set(_ member: NodeID, _ publisher: NodeID, _ stage: Pending.Stage) {
        for index in pending.indices where pending[index].member == member && pending[index].publisher == publisher {
            pending[index].stage = stage
        }
    }

    private mutating func remove(_ member: NodeID, _ publisher: NodeID) {
        pending.removeAll { $0.member == member && $0.publisher == publisher }
    }

    /// The member is a holder, or gone.
    mutating func remove(_ member: NodeID) { pending.removeAll { $0.member == member } }

    func isAsked(_ member: NodeID, _ publisher: NodeID) -> Bool {
        pending.contains { entry in
            guard entry.member == member, entry.publisher == publisher, case .asked = entry.stage else { return false }
            return true
        }
    }

    func concerns(_ member: NodeID) -> Bool { pending.contains { $0.member == member } }

    /// Who accepted and stayed silent rests; who has rested may be asked again.
    mutating func age(at now: Instant, rest: Duration) {
        for index in pending.indices {
            if case .accepted(let until) = pending[index].stage, until <= now {
                pending[index].stage = .resting(until: now + rest)
            }
        }
        pending.removeAll { entry in
            if case .resting(let until) = entry.stage { return until <= now }
            return false
        }
    }

    /// The members that may still become holders as the posting wants them. Who agreed under another publisher's is not
    /// among them: that one may lead nowhere. The choice falls on the same members then, who fetch the file once.
    func hopefuls(for posting: Posting) -> [NodeID] {
        pending.filter { $0.isHopeful && $0.publisher == posting.publisher }.map(\.member)
    }
}

/// What a posting says of the content. Of two that differ at most one is true.
struct Claim: Hashable, Sendable {
    let length: ByteCount
    let sha256: Bytes32

    init(_ posting: Posting) {
        length = posting.length
        sha256 = posting.sha256
    }
}
