internal import Primitives

/// Time passes: nobody wakes itself for ever at one moment, which would stop a node as surely as a crash, and keep its
/// machine busy for nothing.
struct Livelock: Checker {
    static let name = "livelock"
    /// Several things may be due at once, and lead to others that are.
    static let limit = 100

    private struct Wakes: Sendable {
        var at = Instant(nanoseconds: .min)
        var count = 0
    }

    /// Of each node: when it woke last, and how often at that moment.
    private var wakes: [Wakes] = []

    mutating func woke(_ node: Int, at now: Instant) -> String? {
        while wakes.count <= node { wakes.append(Wakes()) }
        guard wakes[node].at == now else {
            wakes[node] = Wakes(at: now, count: 1)
            return nil
        }
        wakes[node].count += 1
        return wakes[node].count > Self.limit ? "wakes itself again and again at one moment" : nil
    }
}
