import ServiceLifecycle
import Synchronization

/// How long what is under way may go on after the node was told to stop: one span for all services, from the first that
/// asks.
final class Grace: Sendable {
    static let limit = Duration.seconds(10)

    private let ends = Mutex<ContinuousClock.Instant?>(nil)

    /// What is left of it.
    var rest: Duration {
        let now = ContinuousClock.now
        return ends.withLock { ends in
            if ends == nil { ends = now + Self.limit }
            return max(.zero, (ends ?? now) - now)
        }
    }
}

/// A service that does not know how long it may take to stop.
struct Bounded<Kind: Service>: Service {
    let service: Kind
    let grace: Grace

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: grace.rest)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
