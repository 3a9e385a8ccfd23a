internal import Membership
internal import Primitives

/// Nobody's version goes down, in anybody's eyes, and nobody says two things under one version.
struct Versions: Checker {
    static let name = "versions"

    /// What one node has seen in its run, by the members' places in the world; nought where nothing.
    private struct Eyes {
        var run: Int
        var versions: [UInt64] = []
    }

    /// By node.
    private var seen: [Eyes] = []
    /// The last status that each node drafted.
    private var said: [Int: (version: UInt64, at: WallTime)] = [:]

    /// - Parameter time: by its own clock. Where that has gone back, it may repeat itself, and is put right by who
    ///   remembers.
    mutating func drafted(_ version: UInt64, by node: Int, at time: WallTime) -> String? {
        let last = said.updateValue((version, time), forKey: node)
        guard let last, version <= last.version, time >= last.at else { return nil }
        return "says something new under version \(version), having said something under \(last.version)"
    }

    /// What the observer saw last; nought where nothing.
    func seen(_ member: Int, by observer: Run) -> UInt64 {
        guard seen.indices.contains(observer.node), seen[observer.node].run == observer.number,
            seen[observer.node].versions.indices.contains(member)
        else { return 0 }
        return seen[observer.node].versions[member]
    }

    mutating func saw(_ member: Int, _ version: UInt64, by observer: Run) -> String? {
        while seen.count <= observer.node { seen.append(Eyes(run: 0)) }
        // Who begins anew may hear of it from the beginning.
        if seen[observer.node].run != observer.number { seen[observer.node] = Eyes(run: observer.number) }
        while seen[observer.node].versions.count <= member { seen[observer.node].versions.appendSparingly(0) }
        let last = seen[observer.node].versions[member]
        seen[observer.node].versions[member] = version
        return version < last ? "sees node \(member) go back from version \(last) to \(version)" : nil
    }

    /// So may who forgets a member.
    mutating func forgot(_ member: Int, by observer: Run) {
        guard seen.indices.contains(observer.node), seen[observer.node].versions.indices.contains(member) else {
            return
        }
        seen[observer.node].versions[member] = 0
    }
}

/// Who is dead or has left comes back by a newer word of its own, and by nothing else.
struct Graves: Checker {
    static let name = "graves"

    private struct Plot: Hashable {
        let observer: Run
        let member: ShortID
    }

    /// The last word that was known of who is gone.
    private var words: [Plot: UInt64] = [:]
    /// - Parameters:
    ///   - lastWord: the newest known of what it said itself.
    ///   - isPresent: it counts among the living.
    mutating func saw(_ member: ShortID, lastWord: UInt64, isPresent: Bool, by observer: Run) -> String? {
        let plot = Plot(observer: observer, member: member)
        guard isPresent else {
            words[plot] = max(words[plot] ?? 0, lastWord)
            return nil
        }
        guard !words.isEmpty, let last = words.removeValue(forKey: plot), lastWord <= last else { return nil }
        return "takes \(member) for alive again, of which it has heard nothing new"
    }

    /// Whether the observer has held the member gone before.
    func isBuried(_ member: ShortID, by observer: Run) -> Bool {
        words[Plot(observer: observer, member: member)] != nil
    }

    mutating func forgot(_ member: ShortID, by observer: Run) {
        words[Plot(observer: observer, member: member)] = nil
    }
}

/// Nobody is dead on one member's word.
enum Quorum: Checker {
    static let name = "quorum"
    /// DESIGN, *Liveness*: three, or all there are.
    static let enough = 3

    /// - Parameters:
    ///   - issuers: whose verdicts the observer knows.
    ///   - voters: how many could give one as far as the observer knows, itself among them.
    static func check(_ member: ShortID, issuers: Int, voters: Int) -> String? {
        guard issuers < min(enough, voters) else { return nil }
        return "takes \(member) for dead on the word of \(issuers), where \(voters) could speak"
    }
}

/// Tables that others fill stay within their bounds.
enum TableBounds: Checker {
    static let name = "table-bounds"

    /// A table, how full it is, and how full it may be.
    static func check(_ table: String, _ count: Int, limit: Int) -> String? {
        count > limit ? "has \(count) \(table), of which there may be \(limit)" : nil
    }
}
