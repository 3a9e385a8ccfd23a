import Dispatch

/// Work in sequence on a thread of its own, with state that nothing else touches.
///
/// Unchecked: `state` is read and written by closures on the serial `queue` alone, which also orders them in memory.
final class Lane<State>: @unchecked Sendable {
    private let queue: DispatchQueue
    private var state: State

    init(_ label: String, _ state: sending State) {
        queue = DispatchQueue(label: label)
        self.state = state
    }

    /// Does the work after all that was given before.
    func enqueue(_ work: @escaping @Sendable (inout State) -> Void) {
        queue.async { work(&self.state) }
    }

    /// Waits until all that was given before is done, and what this makes of it.
    func result<Value: Sendable>(_ work: @escaping @Sendable (inout State) -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            enqueue { continuation.resume(returning: work(&$0)) }
        }
    }
}
