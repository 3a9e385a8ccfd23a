internal import Primitives

/// Where datagrams wait behind each other: a node's line, or a path that carries little. They go ahead of files, as
/// queues that are fair to flows let those through that ask for little.
struct DatagramQueue: Equatable {
    /// When the last of them will have left.
    private(set) var free = Instant.zero

    /// No longer than this: who comes when so much waits is dropped. As much as routers usually keep.
    static let longest = Duration.milliseconds(250)

    /// Until it has left; nothing where it is dropped.
    /// - Parameter rate: bytes a second.
    mutating func enter(_ size: ByteCount, rate: ByteCount, at now: Instant) -> Duration? {
        let begins = max(now, free)
        guard begins - now <= Self.longest else { return nil }
        free = begins + .nanoseconds(Int64(Double(size.bytes) * 1e9 / Double(max(1, rate.bytes))))
        return free - now
    }
}

/// The queues of all paths that anything waits in, where paths are narrow.
struct PathQueues {
    private struct Path: Hashable {
        let from: Int32
        let to: Int32
    }

    private var queues: [Path: DatagramQueue] = [:]
    private var tidyAt = 1024

    mutating func enter(_ size: ByteCount, from: Int, to: Int, rate: ByteCount, at now: Instant) -> Duration? {
        if queues.count >= tidyAt {
            queues = queues.filter { $0.value.free > now }
            tidyAt = max(1024, queues.count * 2)
        }
        return queues[Path(from: Int32(from), to: Int32(to)), default: DatagramQueue()].enter(size, rate: rate, at: now)
    }
}
