internal import Primitives

/// What the nodes thought of each other's lives, against the truth.
struct Judging: Sendable {
    /// Live members that enough verdicts made dead.
    private(set) var falseDeaths = 0
    /// Moments at which a node began to take a live member, which it can reach, for silent.
    private(set) var wrongSuspicions = 0
    /// How long each of these went on.
    private(set) var wrongSpells = Distribution()
    /// How long after a member stopped its first neighbour gave a verdict, the third did, and 99 of a hundred held it
    /// dead.
    private(set) var firstVerdicts = Distribution()
    private(set) var convictions = Distribution()
    private(set) var burials = Distribution()
    private(set) var stopped = 0
    /// Busy holders that a node passes over: how long after they stopped; and live ones, how often and for how long.
    private(set) var passedOver = Distribution()
    private(set) var wrongPasses = 0
    private(set) var wrongPassSpells = Distribution()
    /// Seconds in which a node watched over a holder, summed over such pairs.
    private(set) var busySeconds = 0

    /// What is known of one member's case.
    private struct Case: Sendable {
        var stoppedAt: Instant?
        var issuers: [Int] = []
        var openedAt: Instant?
        var isConvicted = false
    }

    private var cases: [Case] = []
    /// Who passes whom over, since when; only the live ones.
    private var passes: [Pair: Instant] = [:]
    /// Who passes over whom.
    private var passing: Set<Pair> = []
    /// Who wrongly takes whom for silent, since when.
    private var spells: [Pair: Instant] = [:]
    /// Further spells are counted, but not how long they are.
    private static let spellLimit = 100_000

    struct Pair: Hashable, Sendable {
        let observer: Int
        let member: Int
    }

    mutating func began(_ node: Int) {
        while cases.count <= node { cases.append(Case()) }
        cases[node] = Case()
    }

    mutating func ended(_ node: Int, at now: Instant, byFarewell: Bool) {
        cases[node] = Case(stoppedAt: byFarewell ? nil : now)
        if !byFarewell { stopped += 1 }
    }

    /// True when this is the one that makes it enough.
    /// - Parameter quorum: three, or as many as there are others.
    mutating func accused(_ member: Int, by issuer: Int, isLive: Bool, quorum: Int, at now: Instant) -> Bool {
        guard !cases[member].issuers.contains(issuer), !cases[member].isConvicted else { return false }
        if cases[member].issuers.isEmpty {
            cases[member].openedAt = now
            if let stopped = cases[member].stoppedAt { firstVerdicts.add((now - stopped).wholeNanoseconds) }
        }
        cases[member].issuers.append(issuer)
        guard cases[member].issuers.count >= quorum else { return false }
        cases[member].isConvicted = true
        if let stopped = cases[member].stoppedAt { convictions.add((now - stopped).wholeNanoseconds) }
        if isLive { falseDeaths += 1 }
        return true
    }

    /// A status of its own clears a member.
    mutating func acquitted(_ member: Int) {
        guard cases[member].stoppedAt == nil else { return }
        cases[member].issuers = []
        cases[member].openedAt = nil
        cases[member].isConvicted = false
    }

    /// Known to 99 of a hundred.
    mutating func buried(_ member: Int, at now: Instant) {
        if let stopped = cases[member].stoppedAt { burials.add((now - stopped).wholeNanoseconds) }
    }

    /// A node tells in each second how many holders it sends many clients to.
    mutating func watched(_ holders: Int) { busySeconds += holders }

    /// A node sends no clients to a member for now, or does again.
    /// - Parameter isWrong: the member runs, and they could reach each other.
    mutating func passes(_ observer: Int, _ member: Int, _ isPassing: Bool, isWrong: Bool, at now: Instant) {
        let pair = Pair(observer: observer, member: member)
        guard isPassing else {
            guard !passing.isEmpty, passing.remove(pair) != nil else { return }
            if let since = passes.removeValue(forKey: pair) { wrongPassSpells.add((now - since).wholeNanoseconds) }
            return
        }
        guard passing.count < Self.spellLimit, passing.insert(pair).inserted else { return }
        if isWrong {
            wrongPasses += 1
            passes[pair] = now
        } else if let stopped = cases[member].stoppedAt {
            passedOver.add((now - stopped).wholeNanoseconds)
        }
    }

    /// A node takes a member for silent, or for alive.
    mutating func regards(_ observer: Int, _ member: Int, isAlive: Bool, isWrong: Bool, at now: Instant) {
        guard !isAlive else {
            if !spells.isEmpty, let since = spells.removeValue(forKey: Pair(observer: observer, member: member)) {
                wrongSpells.add((now - since).wholeNanoseconds)
            }
            return
        }
        guard isWrong, spells[Pair(observer: observer, member: member)] == nil else { return }
        wrongSuspicions += 1
        if spells.count < Self.spellLimit { spells[Pair(observer: observer, member: member)] = now }
    }
}
