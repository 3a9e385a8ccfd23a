import Allowance
import Dispatch
import Overlay
import Storage
import Synchronization

/// Writes what must be kept, in order, and lets go what waited for it.
///
/// While one transaction is being written the next ones gather, and are then written as one: a slow disk makes
/// transactions larger, not more. A disk that fails is tried again until it takes the records; until then nothing that
/// depends on them is said or done, and no files are taken in (`isRefused`).
final class Scribe: Sendable {
    private struct State {
        var waiting = Backlog()
        var isWriting = false
        var isRefused = false
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

    /// The database did not take what it was given last.
    var isRefused: Bool { state.withLock(\.isRefused) }

    /// How much waits: calls of `persist`, without those that later ones replaced.
    var waiting: Int { state.withLock(\.waiting.entries.count) }

    /// `then` is called on the scribe's queue once the records are durable.
    /// - Parameter isReply: it gives answers to other nodes only, and may be left out when very many wait.
    func persist(_ records: [Record], isReply: Bool = false, then: (@Sendable () -> Void)?) {
        let mustStart = state.withLock { state in
            state.waiting.append(Backlog.Entry(records: records, isReply: isReply, then: then))
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
                state.withLock { $0.isRefused = false }
                for entry in batch.entries { entry.then?() }
            } catch {
                troubles.raise(error)
                let rest = keepAccount(of: batch)
                state.withLock { state in
                    state.isRefused = true
                    state.waiting.putBack(rest)
                }
                queue.asyncAfter(deadline: .now() + Self.retryDelay) { self.write() }
                return
            }
        }
    }

    /// Leases go ahead of everything else: with the account file they can be durable though the database takes nothing.
    private func keepAccount(of batch: Backlog) -> Backlog {
        let states = batch.records.compactMap(\.ledgerState)
        guard let newest = states.last else { return batch }
        do throws(StorageError) {
            try database.writeAside(newest)
        } catch {
            onStuck(true)
            return batch
        }
        onStuck(false)
        var rest = Backlog()
        for entry in batch.entries {
            if !entry.records.isEmpty, entry.records.allSatisfy({ $0.ledgerState != nil }) {
                entry.then?()
            } else {
                rest.append(entry)
            }
        }
        // The database is to have it too, in the end.
        rest.append(Backlog.Entry(records: [.ledger(newest)]))
        return rest
    }

    private func next() -> Backlog? {
        state.withLock { state in
            guard !state.waiting.entries.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = Backlog() }
            return state.waiting
        }
    }
}

extension Record {
    fileprivate var ledgerState: LedgerState? {
        if case .ledger(let state) = self { state } else { nil }
    }
}
