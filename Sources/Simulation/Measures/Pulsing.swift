internal import Membership
internal import Primitives

/// How often the edges pulse, and what a pulse costs.
struct Pulsing: Sendable {
    /// Time from one exchange on an edge to the next.
    private(set) var intervals = Distribution()
    /// Bytes of pulses and replies, with all headers.
    private(set) var sizes = Distribution()

    private struct Edge: Hashable, Sendable {
        let low: Int
        let high: Int
    }

    private var last: [Edge: Instant] = [:]
    /// Edges known at a time: when there are more, all are forgotten, which costs one interval each.
    private static let edgeLimit = 200_000

    mutating func sent(_ message: Message, _ size: Int, from sender: Int, to receiver: Int, at now: Instant) {
        if case .pulseReply = message { return sizes.add(Int64(size)) }
        guard case .pulse = message else { return }
        sizes.add(Int64(size))
        if last.count >= Self.edgeLimit { last.removeAll(keepingCapacity: true) }
        let edge = Edge(low: min(sender, receiver), high: max(sender, receiver))
        if let before = last.updateValue(now, forKey: edge) { intervals.add((now - before).wholeNanoseconds) }
    }
}
