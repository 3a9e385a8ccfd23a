internal import Primitives

/// How far the tables of those who run agree with who does run: for each of them, how many entries are wrong, kept up
/// to date with every change of a table, so that asking costs nothing.
struct Agreement: Sendable {
    /// Who holds whom present: a row for each member, a bit for each observer.
    private var rows: [BitRow] = []
    private var isUp: [Bool] = []
    /// Of each observer.
    private var wrong: [Int] = []
    private(set) var running = 0
    /// Of those who run, how many are right about everybody.
    private(set) var agreeing = 0
    /// Wrong entries of all who run.
    private(set) var wrongEntries = 0

    /// A fault ended, or the network began, and when all agreed for the first time after.
    struct Recovery: Equatable, Sendable {
        let since: Instant
        var took: Duration?
    }

    private(set) var recoveries: [Recovery] = []
    /// Since when all agree.
    private var completeSince: Instant?
    /// Agreement for a moment is none yet: the first of a thousand to start agrees with itself.
    private static let hold = Duration.seconds(1)
    /// More are not kept.
    private static let recoveryLimit = 1000

    var isComplete: Bool { running > 0 && agreeing == running }

    /// Part of the running nodes that are right about everybody; 1 when nobody runs.
    var share: Double { running == 0 ? 1 : Double(agreeing) / Double(running) }

    /// Part of the entries that are right.
    var entryShare: Double {
        running == 0 || isUp.count < 2 ? 1 : 1 - Double(wrongEntries) / Double(running * (isUp.count - 1))
    }

    // MARK: Who runs

    mutating func began(_ node: Int, at now: Instant) {
        while isUp.count <= node { addNode() }
        guard !isUp[node] else { return }
        // It knows nobody yet: wrong about all who run.
        for member in rows.indices where rows[member].remove(node) { if member != node { noteView(node, of: member) } }
        flip(node, to: true)
        running += 1
        if wrong[node] == 0 { agreeing += 1 }
        wrongEntries += wrong[node]
        note(at: now)
    }

    mutating func ended(_ node: Int, at now: Instant) {
        guard isUp[node] else { return }
        running -= 1
        if wrong[node] == 0 { agreeing -= 1 }
        wrongEntries -= wrong[node]
        flip(node, to: false)
        note(at: now)
    }

    /// A fault ended, or another node of the start-up began: from now on, all should come to agree.
    mutating func expect(since now: Instant, isSameStory: Bool = false) {
        confirm(at: now)
        if isSameStory, !recoveries.isEmpty { recoveries.removeLast() }
        if recoveries.count < Self.recoveryLimit { recoveries.append(Recovery(since: now)) }
    }

    /// Notes that all have agreed for long enough; to be called now and then.
    mutating func confirm(at now: Instant) {
        guard let since = completeSince, now - since >= Self.hold else { return }
        // Those that wait for it are the last ones.
        for index in recoveries.indices.reversed() {
            guard recoveries[index].took == nil else { return }
            recoveries[index].took = max(.zero, since - recoveries[index].since)
        }
    }

    private mutating func addNode() {
        rows.append(BitRow(count: max(64, rows.count + 1)))
        isUp.append(false)
        // Who is not known, and is not up, is no mistake.
        wrong.append(isUp.count { $0 })
    }

    // MARK: What tables say

    mutating func holds(_ observer: Int, _ member: Int, isPresent: Bool, at now: Instant) {
        guard observer != member, isUp[observer] else { return }
        let isChanged = isPresent ? rows[member].insert(observer) : rows[member].remove(observer)
        guard isChanged else { return }
        let before = wrong[observer]
        noteView(observer, of: member)
        wrongEntries += wrong[observer] - before
        if before == 0 { agreeing -= 1 }
        if wrong[observer] == 0 { agreeing += 1 }
        note(at: now)
    }

    /// The observer has just changed its mind about the member.
    private mutating func noteView(_ observer: Int, of member: Int) {
        wrong[observer] += rows[member].contains(observer) == isUp[member] ? -1 : 1
    }

    /// What all others hold of it is right where it was wrong.
    private mutating func flip(_ node: Int, to isUp: Bool) {
        self.isUp[node] = isUp
        for observer in wrong.indices where observer != node {
            let before = wrong[observer]
            wrong[observer] += rows[node].contains(observer) == isUp ? -1 : 1
            guard self.isUp[observer] else { continue }
            wrongEntries += wrong[observer] - before
            if before == 0 { agreeing -= 1 }
            if wrong[observer] == 0 { agreeing += 1 }
        }
    }

    private mutating func note(at now: Instant) {
        guard isComplete else {
            if completeSince != nil { confirm(at: now) }
            return completeSince = nil
        }
        if completeSince == nil { completeSince = now }
    }
}
