public import Primitives

/// Decides who serves a client, from the newest facts the driver has published. It lives behind one lock that all event
/// loops share: a decision neither waits nor asks anybody.
public struct Router: Sendable {
    private let own: NodeID
    private var generator: Generator
    private var nodes: [NodeID: Entry] = [:]
    private var files: [FileID: RoutingFile] = [:]
    private var absences: [FileID: Absence] = [:]
    private var landmarks = Landmarks()
    private var tally = Tally()

    /// Responses below this are served where they are asked, if they are here: a redirect costs about as much.
    public static let smallResponse = ByteCount.kibibytes(64)
    /// A client is redirected at most so often for one request.
    public static let mostRedirects = 2
    /// Holders this close to one another are in one place: a third of a millisecond, less than predictions are good
    /// for.
    public static let onePlaceKilometres = 20.0
    /// Scores within this part of the best one are as good as it.
    public static let nearTie = 0.02

    public init(own: NodeID, generator: Generator) {
        self.own = own
        self.generator = generator
    }

    public mutating func apply(_ change: RoutingChange) {
        switch change {
        case .node(let node):
            if let before = nodes[node.id]?.node { landmarks.remove(before) }
            landmarks.add(node)
            nodes[node.id] = Entry(node, after: nodes[node.id])
        case .nodeGone(let id):
            guard let before = nodes.removeValue(forKey: id) else { return }
            landmarks.remove(before.node)
        case .file(let file):
            files[file.id] = file
            absences[file.id] = nil
        case .fileEnded(let id, let absence):
            files[id] = nil
            absences[id] = absence
        case .fileGone(let id):
            files[id] = nil
            absences[id] = nil
        }
    }

    public subscript(file: FileID) -> RoutingFile? { files[file] }

    /// Why a file that was offered is not any more.
    public func absence(of file: FileID) -> Absence? { absences[file] }

    /// Chooses, and debits the chosen node in this router's own view until that node's next status or a minute later:
    /// so that what a status tells late does not send a crowd to one holder.
    public mutating func decide(_ query: Query, at now: Instant) -> Decision {
        let decision = decide(query, at: now, drawing: &generator)
        if case .redirect(let node) = decision.choice, let file = files[query.file] {
            let size = Self.size(of: query, in: file)
            nodes[node.id]?.debit(size, at: now)
            tally.count(size, to: node.id, at: now)
        }
        return decision
    }

    /// What `decide` would choose, without its consequences.
    public func explain(_ query: Query, at now: Instant) -> Decision {
        var generator = generator
        return decide(query, at: now, drawing: &generator)
    }

    /// Whom many clients were sent to, and for how much since this was last asked: whether they still answer is worth
    /// probing.
    public mutating func takeBusy(at now: Instant) -> [Redirected] { tally.take(at: now) }

    // MARK: -

    private func decide(_ query: Query, at now: Instant, drawing generator: inout Generator) -> Decision {
        guard let file = files[query.file] else {
            let choice = absences[query.file].map { Choice.gone($0) } ?? .unknown
            return Decision(choice: choice, candidates: [], exclusions: [])
        }
        var survey = Survey(
            query, at: query.client.flatMap { landmarks.stand(of: $0) }, size: Self.size(of: query, in: file),
            holders: file.holders.count + 1)
        considerOwn(of: file, for: query, at: now, in: &survey)
        for holder in file.holders where holder.id != own {
            consider(holder, of: file, for: query, at: now, in: &survey)
        }
        return survey.decision(own: own, drawing: &generator)
    }

    private func considerOwn(of file: RoutingFile, for query: Query, at now: Instant, in survey: inout Survey) {
        guard file.own != .none else { return }
        if let reason = reasonAgainstOwn(of: file, for: query, size: survey.size) {
            survey.exclude(own, reason)
        } else if let entry = nodes[own] {
            survey.admit(entry, remaining: entry.remaining(at: now))
        } else {
            survey.exclude(own, .notMember)
        }
    }

    private func reasonAgainstOwn(of file: RoutingFile, for query: Query, size: ByteCount) -> Exclusion.Reason? {
        if !file.isVouched(own) { return .notVouched }
        if !file.own.covers(Self.range(of: query, in: file)) { return .incomplete }
        if query.ownRemaining < size { return .cannotAfford(remaining: query.ownRemaining) }
        return nil
    }

    private func consider(
        _ holder: RoutingHolder, of file: RoutingFile, for query: Query, at now: Instant, in survey: inout Survey
    ) {
        guard let entry = nodes[holder.id] else { return survey.exclude(holder.id, .notMember) }
        let remaining = entry.remaining(at: now)
        if let reason = reason(
            against: entry.node, holder, of: file, for: query, size: survey.size, remaining: remaining)
        {
            survey.exclude(holder.id, reason)
        } else {
            survey.admit(entry, remaining: remaining)
        }
    }

    private func reason(
        against node: RoutingNode, _ holder: RoutingHolder, of file: RoutingFile, for query: Query, size: ByteCount,
        remaining: ByteCount
    ) -> Exclusion.Reason? {
        if !node.isAlive { return .dead }
        if node.isPassedOver { return .passedOver }
        if !file.isVouched(holder.id) { return .notVouched }
        if !holder.isComplete { return .incomplete }
        if !node.isProven { return .unproven }
        if node.families.isDisjoint(with: query.family) { return .wrongFamily }
        if query.tried.contains(holder.id.short) { return .alreadyTried }
        if remaining < size { return .cannotAfford(remaining: remaining) }
        if query.tried.count >= Self.mostRedirects { return .redirectedEnough }
        return nil
    }

    private static func range(of query: Query, in file: RoutingFile) -> Range<Int64> {
        let whole = 0..<max(0, file.length.bytes)
        return query.bytes.map { $0.clamped(to: whole) } ?? whole
    }

    private static func size(of query: Query, in file: RoutingFile) -> ByteCount {
        let range = range(of: query, in: file)
        return ByteCount(range.upperBound - range.lowerBound)
    }
}
