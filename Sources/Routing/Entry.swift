import Primitives

/// A node in the table, with what is worked out once for many decisions.
struct Entry: Sendable {
    let node: RoutingNode
    let direction: Direction?
    /// Where it stands among the others, if it is sure of that.
    let stand: Coordinate?
    /// Of what the node itself said, without this router's debits.
    let spent: Double
    let weight: Double
    private var debt = Debt()

    /// What this router has sent to the node since its last status. Not every redirect is followed, and a client that
    /// follows none shall not make a holder look spent for longer than it takes: so it fades within `lifetime`.
    private struct Debt {
        var size: ByteCount = .zero
        var since = Instant.zero
    }

    /// By then a holder has reserved what was sent to it, and its status says so.
    static let debtLifetime = Duration.seconds(60)

    /// Keeps the debits on the older entry, unless this one comes with a newer status that has them.
    init(_ node: RoutingNode, after older: Entry?) {
        self.node = node
        direction = node.place.map { Direction($0) }
        stand = node.coordinate.flatMap { $0.isSure ? $0 : nil }
        spent = Score.spent(remaining: node.remaining, of: node.share)
        weight = Score.weight(spent: spent)
        if let older, older.node.statusVersion >= node.statusVersion { debt = older.debt }
    }

    mutating func debit(_ size: ByteCount, at now: Instant) {
        // No more than the node has: what is beyond says nothing, and could overflow.
        debt.size = min(outstanding(at: now) + min(size, node.remaining), node.remaining)
        debt.since = now
    }

    /// What the node can be expected to afford now.
    func remaining(at now: Instant) -> ByteCount {
        node.remaining - outstanding(at: now)
    }

    /// x and its weight when this much remains.
    func pace(remaining: ByteCount) -> (spent: Double, weight: Double) {
        guard remaining < node.remaining else { return (spent, weight) }
        let spent = Score.spent(remaining: remaining, of: node.share)
        return (spent, Score.weight(spent: spent))
    }

    private func outstanding(at now: Instant) -> ByteCount {
        guard debt.size > .zero else { return .zero }
        let age = max(0, now.nanoseconds - debt.since.nanoseconds)
        let left = Self.debtLifetimeNanoseconds - age
        guard left > 0 else { return .zero }
        return ByteCount(Int64(Double(debt.size.bytes) * (Double(left) / Double(Self.debtLifetimeNanoseconds))))
    }

    private static let debtLifetimeNanoseconds = debtLifetime.wholeNanoseconds
}
