public import Primitives

/// Another node of the network, or this one, as this node knows it.
public struct Member: Equatable, Sendable {
    public internal(set) var card: Verified<Card>
    /// Absent until one was heard: statuses are not kept over a restart.
    public internal(set) var status: Verified<Status>?
    public internal(set) var condition: Condition
    /// Median of the last round trips of pulses between this node and it.
    public internal(set) var roundTrip: Duration?
    /// When something last came from it directly, or a helper reached it.
    public internal(set) var heard: Instant?
    /// Since when it has been up without a break, as far as this run knows: when it was first known, or began anew.
    public internal(set) var since: Instant
    /// When its condition last changed, in this run.
    public internal(set) var conditionSince: Instant
    /// Its farewell, while no later status takes it back.
    public internal(set) var departure: Verified<Departure>?
    /// What stands against it, in order of issuers: verdicts that no later status of it refutes.
    public internal(set) var verdicts: [Verified<Verdict>] = []

    init(
        card: Verified<Card>, status: Verified<Status>? = nil, condition: Condition = .alive,
        roundTrip: Duration? = nil, heard: Instant? = nil, since: Instant, conditionSince: Instant? = nil,
        departure: Verified<Departure>? = nil, verdicts: [Verified<Verdict>] = []
    ) {
        self.card = card
        self.status = status
        self.condition = condition
        self.roundTrip = roundTrip
        self.heard = heard
        self.since = since
        self.conditionSince = conditionSince ?? since
        self.departure = departure
        self.verdicts = verdicts
    }

    public var id: NodeID { card.value.nodeID }

    /// Not known to be dead, and not gone.
    public var isPresent: Bool { condition.isPresent }

    /// The version of the newest that it said of itself. A run's statuses are above its card: even where no status is
    /// known, after a restart, what was said against the member in an earlier run is seen to be old.
    var version: UInt64 { max(status?.value.version ?? 0, card.value.version) }

    /// The newest of its words that is known here, if only by what others say of it.
    var lastWord: UInt64 { verdicts.reduce(max(version, departure?.value.version ?? 0)) { max($0, $1.value.version) } }

    /// All that is known of it, the card first.
    var news: [Verified<News>] {
        var news = [card.part(News.card)]
        if let status { news.append(status.part(News.status)) }
        if let departure { news.append(departure.part(News.departure)) }
        return news + verdicts.map { $0.part(News.verdict) }
    }
}

public enum Condition: Hashable, Sendable {
    case alive
    /// It does not answer this node: this node's own opinion, told to nobody but the suspect.
    case suspect
    /// Enough members gave their verdict.
    case dead
    /// It said good-bye.
    case left

    var isPresent: Bool {
        switch self {
        case .alive, .suspect: true
        case .dead, .left: false
        }
    }
}

/// What is kept of the members over a restart.
public enum MemberRecord: Equatable, Sendable {
    /// Replaces what is kept under the same key: a card or departure by its member, a verdict by subject and issuer.
    case news(Verified<News>)
    /// Removes all news about this member.
    case forget(NodeID)
    /// This node's own version: the highest written is what `lastVersion` is after a restart.
    case ownVersion(UInt64)
}
