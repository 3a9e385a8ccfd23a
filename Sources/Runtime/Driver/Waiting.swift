import Synchronization

/// Those who wait for a thing that the machine will name when it happens.
final class Waiting<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var waiters: [Key: [UInt64: CheckedContinuation<Value?, Never>]] = [:]
        var count: UInt64 = 0
    }

    private let state = Mutex(State())

    /// The value that `key` is fulfilled with, or nothing after `limit`. `start` is called once this wait is
    /// registered, so that an answer cannot come too early.
    func value(for key: Key, within limit: Duration, start: () -> Void) async -> Value? {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let timer = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            giveUp(key, number)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiters[key, default: [:]][number] = continuation }
                if Task.isCancelled { giveUp(key, number) }
                start()
            }
        } onCancel: {
            giveUp(key, number)
        }
    }

    /// All who wait for `key` get `value`.
    func fulfil(_ key: Key, with value: Value) {
        let waiters = state.withLock { $0.waiters.removeValue(forKey: key) }
        for waiter in (waiters ?? [:]).values { waiter.resume(returning: value) }
    }

    private func giveUp(_ key: Key, _ number: UInt64) {
        let waiter = state.withLock { state in
            let waiter = state.waiters[key]?.removeValue(forKey: number)
            if state.waiters[key]?.isEmpty == true { state.waiters[key] = nil }
            return waiter
        }
        waiter?.resume(returning: nil)
    }
}
