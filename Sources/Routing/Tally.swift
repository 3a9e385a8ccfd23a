public import Primitives

/// A holder that clients are sent to.
public struct Redirected: Equatable, Sendable {
    public let node: NodeID
    /// What they were sent there for since the last time this was told.
    public let size: ByteCount
    /// What they are sent there for in a second, over the last ten or so.
    public let perSecond: ByteCount

    public init(node: NodeID, size: ByteCount, perSecond: ByteCount) {
        self.node = node
        self.size = size
        self.perSecond = perSecond
    }
}

/// What clients are sent to each holder for, lately.
struct Tally: Sendable {
    /// 2 Mbit/s: below that, a holder that dies is found by pulses early enough.
    static let busy = ByteCount(250_000)
    /// The rate is over two of these, the older with the part of it that is not over yet.
    static let window = Duration.seconds(10)

    private struct Count {
        var began: Instant
        var current: Int64 = 0
        var previous: Int64 = 0
        var untold: Int64 = 0

        mutating func turn(at now: Instant) {
            let windows = (now.nanoseconds - began.nanoseconds) / Tally.windowNanoseconds
            guard windows > 0 else { return }
            previous = windows == 1 ? current : 0
            current = 0
            began = began + Tally.window * Int(clamping: windows)
        }

        func perSecond(at now: Instant) -> Int64 {
            let gone = Double(max(0, now.nanoseconds - began.nanoseconds)) / Double(Tally.windowNanoseconds)
            return Int64((Double(current) + Double(previous) * max(0, 1 - gone)) * Tally.perWindow)
        }
    }

    /// Of holders that clients were sent to within two windows.
    private var counts: [NodeID: Count] = [:]

    private static let windowNanoseconds = window.wholeNanoseconds
    private static let perWindow = 1e9 / Double(windowNanoseconds)
    /// More than anybody sends in a window; sums of it do not overflow.
    private static let most: Int64 = 1 << 60

    mutating func count(_ size: ByteCount, to node: NodeID, at now: Instant) {
        let bytes = min(max(0, size.bytes), Self.most)
        var count = counts[node] ?? Count(began: now)
        count.turn(at: now)
        count.current = min(count.current + bytes, Self.most)
        count.untold = min(count.untold + bytes, Self.most)
        counts[node] = count
    }

    /// The busy ones, the busiest first.
    mutating func take(at now: Instant) -> [Redirected] {
        guard !counts.isEmpty else { return [] }
        var busy: [Redirected] = []
        counts = counts.compactMapValues { count in
            var count = count
            count.turn(at: now)
            return count.current == 0 && count.previous == 0 ? nil : count
        }
        for (node, count) in counts {
            let rate = count.perSecond(at: now)
            guard rate >= Self.busy.bytes else { continue }
            busy.append(Redirected(node: node, size: ByteCount(count.untold), perSecond: ByteCount(rate)))
            counts[node]?.untold = 0
        }
        return busy.sorted { ($1.perSecond, $0.node) < ($0.perSecond, $1.node) }
    }
}
