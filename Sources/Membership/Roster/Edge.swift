internal import Primitives

/// What this node keeps about its exchanges with one member.
struct Edge: Equatable, Sendable {
    /// How far the member has acknowledged this node's change log.
    var acknowledged: UInt64
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
    var catchUp: [ShortID] = []
    /// Digests of what the member has told, and need not be told back.
    private(set) var known: Set<UInt64> = []
    /// Comparisons of the quiet hash in a row that failed.
    var mismatches = 0
    /// When buckets were last sent.
    var compared: Instant?
    /// When the member was last told that it is held dead, or gone.
    var noticed: Instant?
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

    /// More than that is told back rather than remembered.
    private static let knownLimit = 1024

    init(acknowledged: UInt64) {
        self.acknowledged = acknowledged
    }

    mutating func knows(_ news: News) {
        if known.count >= Self.knownLimit { known = [] }
        known.insert(news.digest)
    }

    /// The member has taken in so much of the log.
    mutating func acknowledge(_ position: UInt64, of head: UInt64) {
        acknowledged = position
        if position == head { known = [] }
    }

    /// Nothing is under way, and nothing is left of what it may cause.
    func isIdle(at now: Instant) -> Bool {
        phase == .idle && catchUp.isEmpty
            && [answers, loads, probes, urgency].allSatisfy { $0.isFull(at: now) }
    }

    enum Phase: Equatable, Sendable {
        /// Not in the view: nothing is due.
        case idle
        case resting(until: Instant)
        case waiting(Silence)
    }
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
