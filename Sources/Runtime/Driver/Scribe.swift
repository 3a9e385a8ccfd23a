import Allowance
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
        var entries: [(records: [Record], then: @Sendable () -> Void)] = []
        var records: [Record] { entries.flatMap(\.records) }
    }

    private struct State {
        var waiting = Batch()
        var isWriting = false
    }

    /// How long a disk that refused is left alone.
    static let retryDelay = DispatchTimeInterval.seconds(1)

    private let database: Database
    private let troubles: Troubles
    /// Told whether leases cannot be made durable at all.
    private let onStuck: @Sendable (Bool) -> Void
    private let queue = DispatchQueue(label: "potluck.scribe")
    private let state = Mutex(State())
    private let settling = Waiting<UInt64, Void>()
    private let marks = Atomic<UInt64>(0)

    init(database: Database, troubles: Troubles, onStuck: @escaping @Sendable (Bool) -> Void = { _ in }) {
        self.database = database
        self.troubles = troubles
        self.onStuck = onStuck
    }

    /// `then` is called on the scribe's queue once the records are durable.
    func persist(_ records: [Record], then: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.entries.append((records, then))
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

    /// Whether everything handed over so far is durable within a time. Not cut short by a cancellation.
    func settled(within limit: Duration) async -> Bool {
        let number = marks.wrappingAdd(1, ordering: .relaxed).newValue
        return await Task {
            await settling.value(for: number, within: limit) {
                persist([]) { [settling] in settling.fulfil(number, with: ()) }
            } != nil
        }.value
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
                let records = batch.records
                try database.write(records)
                if records.contains(where: { $0.ledgerState != nil }) { onStuck(false) }
                for (_, then) in batch.entries { then() }
            } catch {
                troubles.raise(error)
                putBack(keepAccount(of: batch))
                queue.asyncAfter(deadline: .now() + Self.retryDelay) { self.write() }
                return
            }
        }
    }

    /// Leases go ahead of everything else: with the account file they can be durable though the database takes nothing.
    private func keepAccount(of batch: Batch) -> Batch {
        let states = batch.records.compactMap(\.ledgerState)
        guard let newest = states.last else { return batch }
        do throws(StorageError) {
            try database.writeAside(newest)
        } catch {
            onStuck(true)
            return batch
        }
        onStuck(false)
        var rest = Batch()
        for (records, then) in batch.entries {
            if !records.isEmpty, records.allSatisfy({ $0.ledgerState != nil }) {
                then()
            } else {
                rest.entries.append((records, then))
            }
        }
        // The database is to have it too, in the end.
        rest.entries.append(([.ledger(newest)], {}))
        return rest
    }

    private func next() -> Batch? {
        state.withLock { state in
            guard !state.waiting.entries.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = Batch() }
            return state.waiting
        }
    }

    private func putBack(_ batch: Batch) {
        state.withLock { state in
            state.waiting.entries.insert(contentsOf: batch.entries, at: 0)
        }
    }
}

extension Record {
    fileprivate var ledgerState: LedgerState? {
        if case .ledger(let state) = self { state } else { nil }
    }
}
