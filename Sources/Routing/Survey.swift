import Primitives

/// The holders of a file as one client's request sees them, and the choice among them.
///
/// - A client that was sent here is served here if that is possible: another redirect costs more than it gains, and two
///   nodes with different views could send it to and fro.
/// - A small response is served here if that is possible.
/// - Where the client's place is known, the highest score wins; holders in one place (`Router.onePlaceKilometres`) with
///   scores as good (`Router.nearTie`) are near-equals.
/// - Where it is not, all candidates are near-equals: load and budget alone decide.
/// - Among near-equals in one place, the lowest load class; among what is then equal, a draw in proportion to what
///   remains, so that a crowd is spread and all are spent at the same rate.
struct Survey {
    let size: ByteCount
    private let isRedirected: Bool
    private let client: Direction?
    /// Where the client stands among the nodes, if members near it tell.
    private let stand: Coordinate?
    private var candidates: [Candidate] = []
    /// What is needed of each candidate to choose, beside the candidate.
    private var standings: [Standing] = []
    private var exclusions: [Exclusion] = []

    private struct Standing {
        let direction: Direction?
        let remaining: ByteCount
    }

    init(_ query: Query, at stand: Coordinate?, size: ByteCount, holders: Int) {
        self.stand = stand
        self.size = size
        isRedirected = !query.tried.isEmpty
        client = query.client.map { Direction($0) }
        candidates.reserveCapacity(holders)
        standings.reserveCapacity(holders)
    }

    mutating func exclude(_ node: NodeID, _ reason: Exclusion.Reason) {
        exclusions.append(Exclusion(node: node, reason: reason))
    }

    /// Keeps candidates by falling score, equals by rising id: there are a handful.
    mutating func admit(_ entry: Entry, remaining: ByteCount) {
        let pace = entry.pace(remaining: remaining)
        var kilometres: Double?
        var roundTrip: Double?
        if let client {
            kilometres = entry.direction.map { client.kilometres(to: $0) }
            roundTrip = predicted(kilometres: kilometres, of: entry)
        }
        let value = roundTrip.map { Score.value(roundTripMilliseconds: $0) } ?? 1
        let candidate = Candidate(
            node: entry.node, kilometres: kilometres, roundTripMilliseconds: roundTrip, spent: pace.spent,
            weight: pace.weight, score: value * pace.weight)
        var index = candidates.count
        while index > 0,
            candidates[index - 1].score < candidate.score
                || candidates[index - 1].score == candidate.score && candidate.node.id < candidates[index - 1].node.id
        {
            index -= 1
        }
        candidates.insert(candidate, at: index)
        standings.insert(Standing(direction: entry.direction, remaining: remaining), at: index)
    }

    /// By coordinates, where both have one; else by distance, and what is measured of the holder's own line.
    private func predicted(kilometres: Double?, of entry: Entry) -> Double {
        guard let kilometres else {
            guard let stand, let other = entry.stand else { return Score.unplacedMilliseconds }
            return stand.milliseconds(to: other)
        }
        // Light is never slower than it is: whoever says otherwise is not where it says.
        if let stand, let other = entry.stand {
            return max(stand.milliseconds(to: other), RoundTrip.least(kilometres: kilometres))
        }
        let line = entry.stand.map { Double($0.height) / 10 - RoundTrip.base / 2 } ?? 0
        return RoundTrip.predicted(kilometres: kilometres) + line
    }

    consuming func decision(own: NodeID, drawing generator: inout Generator) -> Decision {
        guard !candidates.isEmpty else {
            return Decision(choice: .nobody(shortage), candidates: [], exclusions: exclusions)
        }
        let chosen = preferred(own: own) ?? drawn(with: &generator)
        if chosen > 0 { candidates.insert(candidates.remove(at: chosen), at: 0) }
        let node = candidates[0].node
        return Decision(
            choice: node.id == own ? .here : .redirect(node), candidates: candidates, exclusions: exclusions)
    }

    /// This node, where the request should stay if it can.
    private func preferred(own: NodeID) -> Int? {
        guard isRedirected || size < Router.smallResponse else { return nil }
        return candidates.firstIndex { $0.node.id == own }
    }

    private func drawn(with generator: inout Generator) -> Int {
        var lowest = UInt8.max
        var count = 0
        for index in candidates.indices where isNearEqual(index) {
            count += 1
            lowest = min(lowest, candidates[index].node.load)
        }
        guard count > 1 else { return 0 }
        var sum = 0.0
        for index in candidates.indices where isNearEqual(index) { sum += tickets(of: index, lowest: lowest) }
        guard sum > 0 else { return 0 }
        var draw = sum * Double(generator.next() >> 11) * 0x1p-53
        var last = 0
        for index in candidates.indices where isNearEqual(index) {
            let tickets = tickets(of: index, lowest: lowest)
            guard tickets > 0 else { continue }
            if draw < tickets { return index }
            draw -= tickets
            last = index
        }
        return last
    }

    /// As good as the best, as far as anybody can tell.
    private func isNearEqual(_ index: Int) -> Bool {
        guard index > 0, client != nil else { return true }
        guard candidates[index].score >= candidates[0].score * (1 - Router.nearTie) else { return false }
        switch (standings[0].direction, standings[index].direction) {
        case (nil, nil): return true
        case (nil, _), (_, nil): return false
        case (let best?, let other?): return best.isNear(other, kilometres: Router.onePlaceKilometres)
        }
    }

    /// A candidate's part in the draw. Over one place the load class has the say before budgets; over the whole Earth,
    /// for clients nobody can place, it only takes its part, or one idle holder would get them all.
    private func tickets(of index: Int, lowest: UInt8) -> Double {
        let load = candidates[index].node.load
        let remaining = Double(standings[index].remaining.bytes)
        if client == nil { return remaining * Double(Survey.loadClasses - min(load, Survey.loadClasses - 1)) }
        return load == lowest ? remaining : 0
    }

    /// Load classes go from 0 to 7.
    private static let loadClasses: UInt8 = 8

    private var shortage: Shortage {
        var shortage = Shortage.unreachable
        for exclusion in exclusions {
            switch exclusion.reason {
            case .cannotAfford: return .exhausted
            case .incomplete: shortage = .filling
            case .unproven: if shortage == .unreachable { shortage = .unproven }
            case .notMember, .dead, .passedOver, .notVouched, .alreadyTried, .wrongFamily, .redirectedEnough: break
            }
        }
        return shortage
    }
}
