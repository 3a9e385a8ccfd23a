internal import Allowance
internal import Primitives

/// Nobody sends more than its share in a period, whatever happens (DESIGN, the first promise).
enum Overspending: Checker {
    static let name = "overspending"

    /// - Parameters:
    ///   - sent: what left the node in the period, by the world's own books.
    ///   - kind: what the last bytes were for.
    static func check(sent: ClassTotals, share: ByteCount, kind: TrafficClass) -> String? {
        if sent.sum > share { return "sent \(sent.sum), more than its share of \(share)" }
        let ceiling = Terms(share: share).ceiling(kind)
        return sent[kind] > ceiling ? "sent \(sent[kind]) of \(kind), whose part of the share is \(ceiling)" : nil
    }
}

/// What leaves a node was leased on its disk before.
enum UnleasedBytes: Checker {
    static let name = "unleased-bytes"

    static func check(sent: ClassTotals, leased: ClassTotals?, kind: TrafficClass) -> String? {
        guard let leased else { return "sends bytes in a period that is not on its disk" }
        guard sent[kind] > leased[kind] else { return nil }
        return "sent \(sent[kind]) of \(kind), and its disk has leased \(leased[kind])"
    }
}

/// After a crash at least what was sent counts as spent.
enum ForgottenSpending: Checker {
    static let name = "forgotten-spending"

    static func check(sent: ClassTotals, restored: ClassTotals) -> String? {
        let kind = TrafficClass.allCases.first { sent[$0] > restored[$0] }
        return kind.map { "restarts with \(restored[$0]) of \($0) spent, having sent \(sent[$0])" }
    }
}

/// A period begins once, after all before it, on disk first, and not before its time.
enum PeriodOrder: Checker {
    static let name = "period-order"
    /// What a clock may be wrong without anybody's fault.
    static let tolerance = Duration.seconds(2)

    /// - Parameters:
    ///   - last: the latest period that ever began at this node.
    ///   - onDisk: what its disk says.
    ///   - time: the true time, however wrong the node's clock is.
    static func check(_ period: Period?, after last: Period?, onDisk: Period?, at time: WallTime) -> String? {
        guard let period, period == onDisk else { return "begins a period that is not on its disk" }
        if let last, period.starts < last.ends { return "begins a period when a later one has begun before" }
        let early = period.starts - time
        return early > tolerance ? "begins a period \(early) before its time" : nil
    }
}
