internal import Primitives

/// What this node keeps about its exchanges with one member.
struct Edge: Equatable, Sendable {
    /// How far the member has acknowledged this node's change log. To begin with, all that is young is mentioned to it:
    /// it may have been elsewhere when that was told.
    var acknowledged: UInt64 = 0
    /// How far this node has taken in the member's.
    var received = Cursor.none
    /// What the member wants; the edge runs at the slower end's interval.
    var interval = Duration.zero
    /// What its last pulse in this run said of the time.
    var told: Told?
    var roundTrips = RoundTrips()
    var phase = Phase.idle
    /// When the last exchange began, at either end.
    var exchanged: Instant?
    /// Members about whom everything is to be sent, after a comparison of buckets. Not acknowledged: what gets lost is
    /// found by the next comparison.
    var catchUp: [CatchUp] = []
    /// What of this node's log the member has told, or mentioned, as far as that is seen, and need not be told back.
    private(set) var known = Positions()
    /// What the member mentioned, and this node lacks.
    private(set) var wants: [Want] = []
    /// What it asked for, to go with what is sent to it next.
    var ordered: [UInt32] = []
    /// Comparisons of the quiet hash in a row that failed.
    var mismatches = 0
    /// When buckets were last sent, and when rows were.
    var compared: Instant?
    var questioned: Instant?
    /// The ends were out of touch, or never in touch: what differs is looked for at once.
    var isDoubtful = true
    /// When the member was last told that it is held dead, or gone.
    var noticed: Instant?
    /// Since when it was asked, in vain, whether it is: another told its last word, and of no death.
    var visited: Instant?
    /// The last pulse that was sent to it, until its reply comes.
    var asked: UInt32?
    /// What the member may still cause this node to send.
    var answers = Budget()
    var loads = Budget()
    var probes = Budget()
    /// What its word may still cause in the network.
    var urgency = Budget()
    /// It was asked over HTTP to learn this node's card, since it was last heard.
    var isIntroduced = false

    /// The member suspects this node.
    var suspicion: Suspicion?

    /// Where nothing was exchanged yet.
    static let fresh = Edge()

    struct Want: Equatable, Sendable {
        let digest: UInt32
        var tries = 0
    }

    /// Asked for so often in vain: it has been said anew meanwhile, or comparing what is quiet finds it.
    private static let triesLimit = 3

    /// The member has what stands there in the log.
    mutating func knows(_ position: UInt64) {
        if position > acknowledged { known.insert(position) }
    }

    mutating func want(_ digest: UInt32) {
        guard wants.count < Pulse.digestLimit, !wants.contains(where: { $0.digest == digest }) else { return }
        wants.append(Want(digest: digest))
    }

    /// It was told by the member, and stands there in the log if it was news.
    mutating func told(_ digest: UInt32, at position: UInt64?) {
        wants.removeAll { $0.digest == digest }
        if let position { knows(position) }
    }

    /// What is still lacking, to be asked for now.
    mutating func ask() -> [UInt32] {
        guard !wants.isEmpty else { return [] }
        wants.removeAll { $0.tries == Self.triesLimit }
        for index in wants.indices { wants[index].tries += 1 }
        return wants.map(\.digest)
    }

    /// The member has taken in so much of the log.
    mutating func acknowledge(_ position: UInt64) {
        // Replies overtake each other.
        guard position > acknowledged else { return }
        acknowledged = position
        known.forget(through: position)
    }

    /// Nothing is under way, and nothing is left of what it may cause.
    func isIdle(at now: Instant) -> Bool {
        phase == .idle && catchUp.isEmpty && visited == nil
            && [answers, loads, probes, urgency].allSatisfy { $0.isFull(at: now) }
    }

    enum Phase: Equatable, Sendable {
        /// Not in the view: nothing is due.
        case idle
        case resting(until: Instant)
        case waiting(Silence)

        var deadline: Instant? {
            switch self {
            case .idle: nil
            case .resting(let due): due
            case .waiting(let silence): silence.deadline
            }
        }
    }
}

/// The edges to some members, in order of their ids.
struct Edges: Equatable, Sendable {
    private var ids: [ShortID] = []
    private var edges: [Edge] = []

    func place(of id: ShortID) -> Int? {
        let place = ids.partitioningIndex { $0 >= id }
        return place < ids.count && ids[place] == id ? place : nil
    }

    /// Where the edge stands; where there was none, a fresh one.
    mutating func place(of id: ShortID, fresh: @autoclosure () -> Edge) -> Int {
        let place = ids.partitioningIndex { $0 >= id }
        if place == ids.count || ids[place] != id {
            ids.insert(id, at: place)
            edges.insert(fresh(), at: place)
        }
        return place
    }

    subscript(place: Int) -> Edge {
        _read { yield edges[place] }
        _modify { yield &edges[place] }
    }

    func phase(_ place: Int) -> Edge.Phase { edges[place].phase }

    func acknowledged(_ place: Int) -> UInt64 { edges[place].acknowledged }

    func known(_ place: Int) -> Positions { edges[place].known }

    mutating func remove(where isUnneeded: (ShortID, Edge) -> Bool) {
        for place in ids.indices.reversed() where isUnneeded(ids[place], edges[place]) {
            ids.remove(at: place)
            edges.remove(at: place)
        }
    }

    func compactMap<Value>(_ transform: (ShortID, Edge) -> Value?) -> [Value] {
        ids.indices.compactMap { transform(ids[$0], edges[$0]) }
    }

    var nextDeadline: Instant? {
        var next: Instant?
        for place in edges.indices {
            guard let due = edges[place].phase.deadline else { continue }
            next = min(next ?? due, due)
        }
        return next
    }
}

/// Suspicions by one member, without a pulse of it in between.
struct Suspicion: Equatable, Sendable {
    let since: Instant
    let last: Instant
}

/// The time since a member was sent something that it should have answered.
struct Silence: Equatable, Sendable {
    enum Stage: Equatable, Sendable {
        /// A pulse was sent; it is sent again.
        case direct
        /// Others were asked to reach it.
        case indirect
        /// It was told that it is suspected.
        case suspected
        /// This node gave its verdict.
        case condemned
    }

    /// A pulse whose reply tells the round trip, or a request whose answer tells that the member lives.
    struct Sending: Equatable, Sendable {
        let number: UInt32
        let at: Instant
    }

    var stage = Stage.direct
    var since: Instant
    /// Datagrams to the member that nothing came back for in time.
    var unanswered = 0
    var deadline: Instant
    /// The last few.
    private(set) var sendings: [Sending] = []
    /// How many of the edge's `catchUp` the pulse in flight carries.
    var catchUpCount = 0
    /// It carries less than there was for it.
    var isCutShort = false
    /// Helpers that have said nothing, not even that they did not reach the member either; one where there was none to
    /// ask.
    var helpersUnheard = 0

    private static let sendingsKept = 8

    init(since: Instant, deadline: Instant) {
        self.since = since
        self.deadline = deadline
    }

    mutating func sent(_ number: UInt32, at now: Instant) {
        if sendings.count == Self.sendingsKept { sendings.removeFirst() }
        sendings.append(Sending(number: number, at: now))
    }

    func sending(_ number: UInt32) -> Sending? { sendings.first { $0.number == number } }
}
