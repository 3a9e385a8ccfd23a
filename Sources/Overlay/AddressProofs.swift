import Membership
import Primitives

/// Which members have shown that the URLs on their cards are their own, and what waits for those that have not.
///
/// A member is asked the first time its URL matters here: when it is to be called or fetched from, or holds a file that
/// is offered here. Until then, and where it fails, nobody is sent there and nothing is asked there but for proof, with
/// growing pauses: a card may name the URL of somebody who never heard of Potluck. A proof holds for a URL: a card with
/// another one begins anew.
struct AddressProofs: Sendable {
    /// Questions under way at once; the others wait their turn. A guess: a question takes a round trip or two.
    static let underWayLimit = 16
    /// After a failure; doubled with each further one.
    static let firstPause = Duration.seconds(5)
    static let longestPause = Duration.seconds(900)
    /// So often a member is asked within a minute at most, however many cards it signs …
    static let askedPerMinute = 4
    /// … and not sooner after a failure than this.
    static let leastPause = Duration.seconds(1)
    /// How long a proof holds: who keeps its word does not mind being asked once a day, at some 3 kB, and a name that
    /// comes to stand for another's address does not go unnoticed for longer.
    static let lifetime = Duration.seconds(86_400)
    /// How long one holds while nobody there has time to give another.
    static let longestLifetime = lifetime * 2
    /// After a question that was not asked, or to which nobody had time to answer.
    static let patientPause = Duration.seconds(60)
    /// What was proven once is not given up over fewer failures.
    static let patience = 3
    /// Questions that are not answered by the shell count as failed after this.
    static let answerLimit = Duration.seconds(60)
    /// Calls and fetches that wait for one member; one more fails.
    static let heldLimit = 64
    /// Holders that are away; as many as there are members.
    static let expectedLimit = 10_000

    private struct Entry: Sendable {
        var url: String
        var version: UInt64
        var proven: Instant?
        var failures = 0
        /// The URL that was asked last, and when.
        var asked: (url: String, at: Instant)?
        /// How often it was asked in the minute that began with the first of these questions.
        var minute: (from: Instant, count: Int)?
        var isUnderWay = false
        var isQueued = false
        var notBefore = Instant(nanoseconds: .min)
        /// It mattered since it was last proven.
        var isWanted = true
        /// Calls and fetches that wait.
        var held: [Action] = []

        init(_ card: Card) {
            url = card.url
            version = card.version
        }

        /// When it may be asked again, whatever its card says.
        func earliest(at now: Instant) -> Instant {
            guard let asked, let minute else { return now }
            let end = minute.from + .seconds(60)
            let isFull = minute.count >= AddressProofs.askedPerMinute && now < end
            return max(asked.at + AddressProofs.leastPause, isFull ? end : now)
        }
    }

    enum Outcome: Equatable {
        /// It is proven now, and was not before; what waited may be done.
        case proven([Action])
        /// It is not; what waited has failed.
        case unproven([Action])
        /// Nothing changed.
        case same
    }

    /// Of members that mattered, so as many as there are members.
    private var entries: [NodeID: Entry] = [:]
    /// Holders that were away when their URLs came to matter.
    private var expected: Set<NodeID> = []
    private var queue: [NodeID] = []
    private var underWay = 0
    /// Whom to ask now.
    private var asked: [NodeID] = []
    /// When time alone changes something, or a little earlier.
    private(set) var nextDeadline: Instant?

    func isProven(_ id: NodeID) -> Bool { entries[id]?.proven != nil }

    /// Whether it was asked as often as patience lasts, and proved nothing.
    func isGivenUp(_ id: NodeID) -> Bool {
        entries[id].map { $0.proven == nil && $0.failures >= Self.patience } ?? false
    }

    /// Whether an answer is still to come.
    func isAwaited(_ id: NodeID) -> Bool { entries[id].map { $0.isUnderWay || $0.isQueued } ?? false }

    /// The member's URL matters now.
    mutating func want(_ card: Card, at now: Instant) {
        let id = card.nodeID
        if entries[id] == nil { entries[id] = Entry(card) }
        entries[id]?.isWanted = true
        guard entries[id]?.proven == nil else { return }
        enqueue(id, at: now)
    }

    /// The member's URL will matter once it is there.
    mutating func expect(_ id: NodeID) {
        if expected.count < Self.expectedLimit { expected.insert(id) }
    }

    /// Whether the member was expected; from now on it is not.
    mutating func endExpectation(of id: NodeID) -> Bool { expected.remove(id) != nil }

    /// Keeps what is to be done once the member is proven; false where no answer is to come, or too much waits.
    mutating func hold(_ action: Action, for id: NodeID) -> Bool {
        guard isAwaited(id), entries[id]?.held.count ?? 0 < Self.heldLimit else { return false }
        entries[id]?.held.append(action)
        return true
    }

    /// The member has a newer card.
    mutating func changed(_ card: Card, at now: Instant) {
        guard var entry = entries[card.nodeID], entry.version < card.version else { return }
        entry.version = card.version
        if entry.failures > 0 { entry.notBefore = entry.earliest(at: now) }
        entry.failures = 0
        if entry.url != card.url {
            entry.url = card.url
            entry.proven = nil
        }
        entries[card.nodeID] = entry
        if entry.proven == nil { remind(at: max(now, entry.notBefore)) }
    }

    /// What `.prove` came to.
    mutating func ended(_ id: NodeID, _ answer: Reached.Outcome, at now: Instant) -> Outcome {
        guard var entry = entries[id], entry.isUnderWay else { return .same }
        underWay -= 1
        entry.isUnderWay = false
        defer { pump(at: now) }
        if entry.asked?.url != entry.url {
            // The card changed meanwhile: the answer says nothing about the new URL.
            entry.notBefore = entry.earliest(at: now)
            entries[id] = entry
            remind(at: entry.notBefore)
            return .unproven(release(id))
        }
        switch answer {
        case .answered: return succeeded(id, entry, at: now)
        case .untried: return postponed(id, entry, at: now)
        case .busy where entry.proven.map { now - $0 < Self.longestLifetime } ?? false:
            return postponed(id, entry, at: now)
        case .busy, .silent, .someoneElse: return failed(id, entry, at: now)
        }
    }

    private mutating func succeeded(_ id: NodeID, _ before: Entry, at now: Instant) -> Outcome {
        var entry = before
        let isNew = entry.proven == nil
        entry.proven = now
        entry.failures = 0
        entry.isWanted = false
        entries[id] = entry
        remind(at: now + Self.lifetime)
        let held = release(id)
        return isNew ? .proven(held) : .same
    }

    /// Nobody can say whether the member answers there: what was known of it stays.
    private mutating func postponed(_ id: NodeID, _ before: Entry, at now: Instant) -> Outcome {
        var entry = before
        entry.notBefore = max(now + Self.patientPause, entry.earliest(at: now))
        entries[id] = entry
        remind(at: entry.notBefore)
        return entry.proven != nil ? .same : .unproven(release(id))
    }

    private mutating func failed(_ id: NodeID, _ before: Entry, at now: Instant) -> Outcome {
        var entry = before
        let wasProven = entry.proven != nil
        entry.failures += 1
        let pause = Self.firstPause * (1 << min(entry.failures - 1, 12))
        entry.notBefore = max(now + min(pause, Self.longestPause), entry.earliest(at: now))
        if entry.failures >= Self.patience { entry.proven = nil }
        entries[id] = entry
        remind(at: entry.notBefore)
        return wasProven && entry.proven != nil ? .same : .unproven(release(id))
    }

    /// Nothing is known of the member any more.
    mutating func forget(_ id: NodeID, at now: Instant) -> [Action] {
        guard let entry = entries.removeValue(forKey: id) else { return [] }
        if entry.isUnderWay { underWay -= 1 }
        if entry.isQueued { queue.removeAll { $0 == id } }
        pump(at: now)
        return entry.held
    }

    /// What time alone has ended.
    struct Overdue {
        /// Members about whom the shell left a question without an answer.
        var lost: [NodeID] = []
        /// Members whose proof is too old, and that nobody needs any more.
        var lapsed: [NodeID] = []
    }

    /// Asks again whom it is time to ask, as far as they still matter.
    mutating func wake(holders: Set<NodeID>, present: Set<NodeID>, at now: Instant) -> Overdue {
        var overdue = Overdue()
        guard let due = nextDeadline, due <= now else { return overdue }
        nextDeadline = nil
        for id in entries.keys.sorted() {
            guard let entry = entries[id] else { continue }
            if entry.isUnderWay {
                let end = (entry.asked?.at ?? now) + Self.answerLimit
                if end <= now { overdue.lost.append(id) } else { remind(at: end) }
            } else if !entry.isQueued {
                review(id, entry, holders: holders, present: present, at: now)
                if entry.proven != nil, entries[id] == nil { overdue.lapsed.append(id) }
            }
        }
        return overdue
    }

    private mutating func review(
        _ id: NodeID, _ entry: Entry, holders: Set<NodeID>, present: Set<NodeID>, at now: Instant
    ) {
        let next = max(entry.notBefore, entry.proven.map { $0 + Self.lifetime } ?? entry.notBefore)
        guard next <= now else { return remind(at: next) }
        if holders.contains(id), !present.contains(id) { expect(id) }
        if present.contains(id) || (entry.proven != nil && entry.isWanted) {
            enqueue(id, at: now)
        } else if entry.proven != nil || next + Self.longestPause <= now {
            entries[id] = nil
        } else {
            // Remembered for a while, so that who is called now and then is not asked as often.
            remind(at: next + Self.longestPause)
        }
    }

    /// Whom to ask now, each once.
    mutating func takeAsked() -> [NodeID] {
        defer { asked = [] }
        return asked
    }

    private mutating func release(_ id: NodeID) -> [Action] {
        defer { entries[id]?.held = [] }
        return entries[id]?.held ?? []
    }

    private mutating func enqueue(_ id: NodeID, at now: Instant) {
        guard let entry = entries[id], !entry.isUnderWay, !entry.isQueued else { return }
        guard entry.notBefore <= now else { return remind(at: entry.notBefore) }
        entries[id]?.isQueued = true
        queue.append(id)
        pump(at: now)
    }

    private mutating func pump(at now: Instant) {
        while underWay < Self.underWayLimit, !queue.isEmpty {
            let id = queue.removeFirst()
            guard let entry = entries[id] else { continue }
            entries[id]?.isQueued = false
            entries[id]?.isUnderWay = true
            entries[id]?.asked = (entry.url, now)
            if let minute = entry.minute, now - minute.from < .seconds(60) {
                entries[id]?.minute = (minute.from, minute.count + 1)
            } else {
                entries[id]?.minute = (now, 1)
            }
            underWay += 1
            asked.append(id)
            remind(at: now + Self.answerLimit)
        }
    }

    private mutating func remind(at moment: Instant) {
        nextDeadline = nextDeadline.map { min($0, moment) } ?? moment
    }
}
