internal import Primitives

/// Something said by or about one member, on its way to all others.
struct Spread: Sendable {
    enum Kind: Sendable {
        /// A status: what remains, how busy, where it stands.
        case level
        /// A status that says that nothing remains, or something again.
        case exhausted
        case refilled
        /// The verdict that made it enough.
        case death
    }

    let kind: Kind
    /// The status's.
    let version: UInt64
    let since: Instant
    /// Nodes other than the subject that were up at the time and still are, and those of them that know.
    fileprivate(set) var audience: Int
    fileprivate(set) var informed = 0
    fileprivate(set) var ages = Distribution()
    private var marks: BitRow

    init(_ kind: Kind, version: UInt64, at now: Instant, audience: Int, nodes: Int) {
        self.kind = kind
        self.version = version
        self.since = now
        self.audience = audience
        marks = BitRow(count: nodes)
    }

    /// True when this made it 99 of a hundred.
    fileprivate mutating func informed(_ node: Int, at now: Instant) -> Bool {
        guard marks.insert(node) else { return false }
        let before = isKnown
        informed += 1
        ages.add((now - since).wholeNanoseconds)
        return !before && isKnown
    }

    /// A node of the audience is gone. True when the others make 99 of a hundred now.
    fileprivate mutating func lost(_ node: Int) -> Bool {
        let before = isKnown
        audience -= 1
        if marks.contains(node) { informed -= 1 }
        return !before && isKnown && audience > 0
    }

    private var isKnown: Bool { informed * 100 >= audience * 99 }
}

/// How fast what members say reaches the others, and how fast a death does: observed at the very moments when nodes'
/// tables take the statements in, for all urgent ones and for the statuses of some members.
struct Spreading: Sendable {
    /// Followed at a time; further ones are not, and counted.
    static let openLimit = 512

    /// Ages of statuses over (status, node) pairs.
    private(set) var ages = Distribution()
    /// Pairs that had not come together when the statement was given up.
    private(set) var missing = 0
    private(set) var statuses = 0
    private(set) var exhausted = Distribution()
    private(set) var refilled = Distribution()
    private(set) var deaths = Distribution()
    /// Urgent statements that never were known to 99 of a hundred.
    private(set) var unspread = 0
    /// Statements that came while as many as can be were being followed.
    private(set) var unfollowed = 0

    /// By the subject: most that is learnt is about members that are not followed.
    private var open: [[Spread]] = []
    private var openCount = 0
    /// Since when each node has been up.
    private var upSince: [Instant?] = []
    /// Subjects whose deaths have just become known to 99 of a hundred.
    private var knownDeaths: [Int] = []
    private let patience: Duration

    /// - Parameter patience: how long a statement is followed; who does not know it by then counts with this age.
    init(patience: Duration) { self.patience = patience }

    // MARK: What happens

    mutating func began(_ node: Int, at now: Instant) {
        while upSince.count <= node {
            upSince.append(nil)
            open.append([])
        }
        upSince[node] = now
    }

    mutating func ended(_ node: Int, at now: Instant) {
        guard let since = upSince[node] else { return }
        upSince[node] = nil
        for subject in open.indices where subject != node {
            for index in open[subject].indices where since <= open[subject][index].since {
                if open[subject][index].lost(node) { noteKnown(open[subject][index], of: subject, at: now) }
            }
        }
    }

    mutating func said(_ kind: Spread.Kind, of subject: Int, version: UInt64, at now: Instant) {
        guard openCount < Self.openLimit else {
            unfollowed += 1
            return
        }
        let audience = upSince.indices.count { $0 != subject && upSince[$0] != nil }
        guard audience > 0 else { return }
        open[subject].append(
            Spread(kind, version: version, at: now, audience: audience, nodes: upSince.count))
        openCount += 1
    }

    /// A node's table has this status of a member now, or a later one.
    mutating func learnt(_ node: Int, of subject: Int, version: UInt64, at now: Instant) {
        for index in open[subject].indices {
            let spread = open[subject][index]
            if spread.kind != .death, spread.version <= version { note(subject, index, node, at: now) }
        }
    }

    /// A node holds the member dead now.
    mutating func buried(_ node: Int, subject: Int, at now: Instant) {
        for index in open[subject].indices where open[subject][index].kind == .death {
            note(subject, index, node, at: now)
        }
    }

    private mutating func note(_ subject: Int, _ index: Int, _ node: Int, at now: Instant) {
        guard node != subject, let since = upSince[node], since <= open[subject][index].since else { return }
        if open[subject][index].informed(node, at: now) { noteKnown(open[subject][index], of: subject, at: now) }
    }

    private mutating func noteKnown(_ spread: Spread, of subject: Int, at now: Instant) {
        let age = (now - spread.since).wholeNanoseconds
        switch spread.kind {
        case .level: break
        case .exhausted: exhausted.add(age)
        case .refilled: refilled.add(age)
        case .death:
            deaths.add(age)
            knownDeaths.append(subject)
        }
    }

    /// Subjects whose deaths have become known to 99 of a hundred since this was last asked.
    mutating func takeKnownDeaths() -> [Int] {
        guard !knownDeaths.isEmpty else { return [] }
        defer { knownDeaths = [] }
        return knownDeaths
    }

    // MARK: Giving up

    /// Those that were followed long enough are counted. At the end of a run, what is younger counts for nothing: those
    /// who would have learnt it late cannot be told from those who never would.
    mutating func close(at now: Instant) {
        for subject in open.indices where !open[subject].isEmpty {
            for spread in open[subject] where now - spread.since >= patience { count(spread) }
            openCount -= open[subject].count
            open[subject].removeAll { now - $0.since >= patience }
            openCount += open[subject].count
        }
    }

    private mutating func count(_ spread: Spread) {
        let late = max(0, spread.audience - spread.informed)
        if spread.kind != .death {
            statuses += 1
            ages.add(spread.ages)
            if late > 0 { ages.add(patience.wholeNanoseconds, times: late) }
            missing += late
        }
        if spread.kind != .level, spread.informed * 100 < spread.audience * 99 { unspread += 1 }
    }
}

/// One bit for each node.
struct BitRow: Equatable, Sendable {
    private var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    func contains(_ index: Int) -> Bool {
        let word = index >> 6
        return word < words.count && words[word] >> UInt64(index & 63) & 1 == 1
    }

    /// False when it was there already.
    mutating func insert(_ index: Int) -> Bool {
        while index >> 6 >= words.count { words.append(0) }
        let bit = 1 << UInt64(index & 63) as UInt64
        guard words[index >> 6] & bit == 0 else { return false }
        words[index >> 6] |= bit
        return true
    }

    /// False when it was not there.
    mutating func remove(_ index: Int) -> Bool {
        guard contains(index) else { return false }
        words[index >> 6] &= ~(1 << UInt64(index & 63) as UInt64)
        return true
    }
}
