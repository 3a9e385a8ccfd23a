import Console
import Dispatch
import Overlay
import Storage
import Synchronization

/// Writes what must be kept, in order, and lets go what waited for it.
///
/// While one transaction is being written the next ones gather, and are then written as one: a slow disk makes
/// transactions larger, not more. A disk that fails is tried again until it takes the records; until then nothing that
/// depends on them is said or done.
final class Scribe: Sendable {
    private struct Batch {
        var records: [Record] = []
        var then: [@Sendable () -> Void] = []
    }

    private struct State {
        var waiting = Batch()
        var isWriting = false
        /// What kept the disk from taking the last batch.
        var trouble: Trouble.Kind?
    }

    /// How long a disk that refused is left alone.
    static let retryDelay = DispatchTimeInterval.seconds(1)

    private let database: Database
    private let troubles: Troubles
    private let queue = DispatchQueue(label: "potluck.scribe")
    private let state = Mutex(State())

    init(database: Database, troubles: Troubles) {
        self.database = database
        self.troubles = troubles
    }

    /// `then` is called on the scribe's queue once the records are durable.
    func persist(_ records: [Record], then: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.records += records
            state.waiting.then.append(then)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.write() } }
    }

    /// Uses the database on the scribe's queue: whoever asks waits, the threads that everything else runs on do not.
    func perform<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }

    /// Returns when everything handed over so far is durable, however long the disk takes.
    func settled() async {
        await withCheckedContinuation { continuation in
            persist([]) { continuation.resume() }
        }
    }

    /// Returns when everything handed over so far is on disk, or was refused by it once.
    func flush() async {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }

    private func write() {
        while let batch = next() {
            do {
                try database.write(batch.records)
                recovered()
                for then in batch.then { then() }
            } catch {
                refused(error)
                putBack(batch)
                queue.asyncAfter(deadline: .now() + Self.retryDelay) { self.write() }
                return
            }
        }
    }

    private func refused(_ error: StorageError) {
        let kind = Trouble.Kind(error) ?? .diskFailing
        let last = state.withLock { state in
            defer { state.trouble = kind }
            return state.trouble
        }
        if let last, last != kind { troubles.clear(last) }
        troubles.raise(kind, "\(error)")
    }

    private func recovered() {
        if let trouble = state.withLock({ $0.trouble.take() }) { troubles.clear(trouble) }
    }

    private func next() -> Batch? {
        state.withLock { state in
            guard !state.waiting.records.isEmpty || !state.waiting.then.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = Batch() }
            return state.waiting
        }
    }

    private func putBack(_ batch: Batch) {
        state.withLock { state in
            state.waiting.records.insert(contentsOf: batch.records, at: 0)
            state.waiting.then.insert(contentsOf: batch.then, at: 0)
        }
    }
}
