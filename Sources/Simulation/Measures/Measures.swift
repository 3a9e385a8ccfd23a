internal import Allowance
internal import Membership
internal import Primitives

/// What is observed of a run, from outside: no node knows of it, it draws no random numbers and changes nothing, so that
/// a world goes its way whether it is watched or not.
///
/// Constant work for each datagram, each change of a table and each request; what needs a look at all nodes happens
/// once in a while.
struct Measures: Sendable {
    struct Settings: Equatable, Sendable {
        /// By then the network has started up, and knows where everybody is: what a month is extrapolated from begins
        /// here.
        var settled = Duration.seconds(6 * 3_600)
        /// How long a statement is followed on its way.
        var patience = Duration.seconds(3600)
        /// Members whose every status is followed.
        var watched = 64

        /// For a run of this length: of a short one, a quarter is its start.
        init(length: Duration = .seconds(86_400)) { settled = min(settled, length / 4) }

        init(settled: Duration, patience: Duration) { (self.settled, self.patience) = (settled, patience) }
    }

    let settings: Settings
    var traffic: OverlayTraffic
    var spreading: Spreading
    var agreement = Agreement()
    var judging = Judging()
    var pulsing = Pulsing()
    var serving = Serving()
    var copying = Copying()
    var coordinates = CoordinateSamples()
    var history = History()
    /// What each node sent, in all periods.
    private(set) var spent: [ClassTotals] = []
    /// Statuses signed since the network had settled, and how long nodes have run since.
    private(set) var statuses = 0
    private(set) var isSettled = false
    private var indices: [ShortID: Int] = [:]
    /// What each node's last status said of what remains.
    private var wasExhausted: [Bool?] = []

    init(_ settings: Settings = Settings()) {
        self.settings = settings
        traffic = OverlayTraffic(settled: .zero + settings.settled)
        spreading = Spreading(patience: settings.patience)
    }

    func index(of id: ShortID) -> Int? { indices[id] }

    // MARK: Nodes

    mutating func began(_ node: Int, _ id: NodeID, at now: Instant) {
        while spent.count <= node {
            spent.append(.zero)
            wasExhausted.append(nil)
        }
        indices[id.short] = node
        traffic.began(node, at: now)
        spreading.began(node, at: now)
        agreement.began(node, at: now)
        if !isSettled { agreement.expect(since: now, isSameStory: true) }
        judging.began(node)
    }

    mutating func ended(_ node: Int, byFarewell: Bool, at now: Instant) {
        traffic.ended(node, at: now)
        spreading.ended(node, at: now)
        agreement.ended(node, at: now)
        judging.ended(node, at: now, byFarewell: byFarewell)
        noteBurials(at: now)
    }

    // MARK: What they send

    mutating func sent(_ envelope: Envelope, _ size: Int, from sender: Int, to receiver: Int, at now: Instant) {
        let news = envelope.newsSize
        traffic.sent(size - news, OverlayUse(envelope.message), by: sender)
        traffic.sent(news, .news, by: sender)
        if isSettled { pulsing.sent(envelope.message, size, from: sender, to: receiver, at: now) }
    }

    mutating func received(_ envelope: Envelope, _ size: Int, by receiver: Int) {
        let news = envelope.newsSize
        traffic.received(size - news, OverlayUse(envelope.message), by: receiver)
        traffic.received(news, .news, by: receiver)
    }

    mutating func paid(_ size: ByteCount, _ kind: TrafficClass, by node: Int) { spent[node][kind] += size }

    // MARK: What they say and learn

    mutating func said(_ status: Status, at now: Instant) {
        guard let node = index(of: status.node) else { return }
        if isSettled { statuses += 1 }
        let before = wasExhausted[node]
        wasExhausted[node] = status.isExhausted
        judging.acquitted(node)
        if let before, before != status.isExhausted {
            let kind = status.isExhausted ? Spread.Kind.exhausted : .refilled
            spreading.said(kind, of: node, version: status.version, at: now)
        } else if isSettled, isWatched(node) {
            spreading.said(.level, of: node, version: status.version, at: now)
        }
    }

    /// Spread evenly over all.
    private func isWatched(_ node: Int) -> Bool {
        spent.count <= settings.watched
            || node * settings.watched / spent.count != (node + 1) * settings.watched / spent.count
    }

    /// - Parameter isLive: the subject runs, and the issuer and it could reach each other.
    mutating func accused(_ verdict: Verdict, isLive: Bool, at now: Instant) {
        guard let subject = index(of: verdict.subject), let issuer = index(of: verdict.issuer) else { return }
        let voters = agreement.running - (isLive ? 1 : 0)
        let isEnough = judging.accused(
            subject, by: issuer, isLive: isLive, quorum: min(Self.quorum, max(1, voters)), at: now)
        if isEnough { spreading.said(.death, of: subject, version: verdict.version, at: now) }
    }

    /// As members count (DESIGN, *Liveness*).
    private static let quorum = Roster.Settings().quorum

    /// A node's table says something else of a member now.
    /// - Parameter isWrong: it takes for silent who runs, and whom it could reach.
    mutating func learnt(
        _ observer: Int, _ subject: Int, version: UInt64, isAlive: Bool, isPresent: Bool, isWrong: Bool, at now: Instant
    ) {
        guard observer != subject else { return }
        agreement.holds(observer, subject, isPresent: isPresent, at: now)
        spreading.learnt(observer, of: subject, version: version, at: now)
        judging.regards(observer, subject, isAlive: isAlive, isWrong: isWrong, at: now)
    }

    mutating func forgot(_ observer: Int, _ subject: Int, at now: Instant) {
        agreement.holds(observer, subject, isPresent: false, at: now)
    }

    mutating func buried(_ observer: Int, _ subject: Int, at now: Instant) {
        spreading.buried(observer, subject: subject, at: now)
        noteBurials(at: now)
    }

    private mutating func noteBurials(at now: Instant) {
        for subject in spreading.takeKnownDeaths() { judging.buried(subject, at: now) }
    }

    // MARK: Now and then

    /// When `look` is due.
    var due: Instant {
        let regular = min(history.due, coordinates.due)
        return isSettled ? regular : min(regular, .zero + settings.settled)
    }

    /// - Parameter spent: which part of its share each node has spent in this period; nothing of those not running.
    mutating func look(spent: [Double?], at now: Instant) {
        if !isSettled, now >= .zero + settings.settled {
            isSettled = true
            traffic.settle()
        }
        agreement.confirm(at: now)
        spreading.close(at: now)
        guard history.due <= now else { return }
        history.add(agreement: agreement.share, entries: agreement.entryShare, spent: spent, at: now)
    }

    /// Node-days since the network had settled.
    func days(at now: Instant) -> Double {
        traffic.nodes.indices.reduce(0) { $0 + traffic.upTime(of: $1, at: now).inSeconds } / 86_400
    }
}

extension Envelope {
    /// What the statements in it take.
    fileprivate var newsSize: Int { news.isEmpty ? 0 : news.reduce(0) { $0 + $1.wireCount } }
}
