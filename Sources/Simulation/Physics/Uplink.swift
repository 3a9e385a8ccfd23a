internal import Primitives

/// What leaves a node at once: the transfers share its line fairly. Each gets as much as the others, but for those that
/// can take no more than their own path carries, which leave the rest to the others (max-min fairness).
struct Uplink {
    private struct Flow {
        let id: TransferID
        /// Bytes a nanosecond that its path carries.
        let cap: Double
        var rate = 0.0
        /// Of the slice under way, in bytes.
        var left: Double
    }

    /// Bytes a nanosecond.
    private let capacity: Double
    /// In the order they began.
    private var flows: [Flow] = []
    private var reckoned = Instant.zero
    var isStopped = false
    /// Changes whenever the line is shared anew: what was foreseen before does not come.
    private(set) var version = 0

    /// Less than half a byte is none: sums of rates are not exact.
    private static let nothing = 0.5

    /// - Parameter capacity: bytes a second.
    init(capacity: ByteCount) {
        self.capacity = Double(max(1, capacity.bytes)) / 1e9
    }

    var ids: [TransferID] { flows.map(\.id) }

    /// - Parameter cap: bytes a second that the path carries.
    mutating func begin(_ id: TransferID, _ size: ByteCount, cap: ByteCount?, at now: Instant) {
        reckon(at: now)
        flows.append(
            Flow(id: id, cap: cap.map { Double(max(1, $0.bytes)) / 1e9 } ?? .infinity, left: Double(size.bytes)))
        share()
    }

    /// What has not left yet of a slice that ends early.
    mutating func end(_ id: TransferID, at now: Instant) -> ByteCount {
        reckon(at: now)
        guard let place = flows.firstIndex(where: { $0.id == id }) else { return .zero }
        let flow = flows.remove(at: place)
        share()
        return ByteCount(Int64(flow.left.rounded(.down)))
    }

    /// Slices that have left by now, in the order in which their transfers began.
    mutating func takeDone(at now: Instant) -> [TransferID] {
        reckon(at: now)
        let done = flows.filter { $0.left < Self.nothing }.map(\.id)
        flows.removeAll { $0.left < Self.nothing }
        share()
        return done
    }

    /// Stops the line, or lets it go on.
    mutating func stop(_ isStopped: Bool, at now: Instant) {
        reckon(at: now)
        self.isStopped = isStopped
        share()
    }

    /// When the next slice will have left, if nothing changes.
    var next: Instant? {
        var least = Double.infinity
        for flow in flows where flow.rate > 0 { least = min(least, flow.left / flow.rate) }
        return least < 1e18 ? reckoned + .nanoseconds(Int64(max(0, least).rounded(.up))) : nil
    }

    private mutating func reckon(at now: Instant) {
        let passed = Double(now.nanoseconds - reckoned.nanoseconds)
        reckoned = now
        guard passed > 0 else { return }
        for index in flows.indices { flows[index].left = max(0, flows[index].left - flows[index].rate * passed) }
    }

    private mutating func share() {
        version += 1
        guard !flows.isEmpty else { return }
        guard !isStopped else {
            for index in flows.indices { flows[index].rate = 0 }
            return
        }
        let even = capacity / Double(flows.count)
        guard flows.contains(where: { $0.cap < even }) else {
            for index in flows.indices { flows[index].rate = even }
            return
        }
        // Those that take the least first: what they leave is for the others.
        var rest = capacity
        var open = flows.count
        for index in flows.indices.sorted(by: { (flows[$0].cap, $0) < (flows[$1].cap, $1) }) {
            flows[index].rate = min(flows[index].cap, rest / Double(open))
            rest -= flows[index].rate
            open -= 1
        }
    }
}
