import Allowance
import Foundation
import Logging
import Membership
import Overlay
import Primitives
import Storage
import Synchronization
import Testing

@testable import Runtime

@Suite struct ScribeTests {
    private let period = Period(starts: WallTime(milliseconds: 0), ends: WallTime(milliseconds: 1_000))

    private func ledger(_ bytes: Int) -> Record {
        let leased = ClassTotals(serving: ByteCount(bytes), replication: .zero, overlay: .zero, answers: .zero)
        return .ledger(LedgerState(period: period, leased: leased))
    }

    private func withScribe(_ body: (Scribe, Storage.Database) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "scribe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let database = try Database(at: directory.path + "/potluck.sqlite")
        try await body(Scribe(database: database, troubles: Troubles(logger: Logger(label: "test"))), database)
    }

    @Test func whatWaitedIsLetGoInOrderOnceItsRecordsAreDurable() async throws {
        try await withScribe { scribe, database in
            let seen = SeenTotals()
            for bytes in 1...50 {
                scribe.persist([ledger(bytes)]) { seen.note(bytes, durable: try? database.load().ledger?.leased.sum) }
            }
            await scribe.settled()
            #expect(seen.order == Array(1...50))
            // Later records of the same transaction may be there too, earlier ones must be.
            #expect(seen.allDurable)
            let last = try database.load().ledger?.leased.sum
            #expect(last == ByteCount(50))
        }
    }

    @Test func leasesAreKeptThoughTheDatabaseTakesNothing() async throws {
        try await withScribe { scribe, database in
            // Refused by the schema: as good as a database that cannot be written, and a state that nothing else reads.
            scribe.persist([.member(.ownVersion(3)), ledger(-1)]) {}
            await withCheckedContinuation { continuation in
                scribe.persist([ledger(70)]) { continuation.resume() }
            }
            let kept = try database.load().ledger?.leased.sum
            #expect(kept == ByteCount(70))
        }
    }

    @Test func aDatabaseThatRefusesIsToldAndTakesWhatIsLeftInTheEnd() async throws {
        try await withScribe { scribe, database in
            scribe.persist([ledger(-1)], then: nil)
            for version in 1...10_000 as ClosedRange<UInt64> {
                scribe.persist([.member(.ownVersion(version))], then: nil)
            }
            await scribe.flush()
            #expect(scribe.isRefused)
            #expect(scribe.waiting <= Backlog.tidy)
            scribe.persist([ledger(70)], then: nil)
            await scribe.settled()
            #expect(!scribe.isRefused)
            #expect(scribe.waiting == 0)
            let restored = try database.load()
            #expect(restored.lastVersion == 10_000)
            #expect(restored.ledger?.leased.sum == ByteCount(70))
        }
    }

    @Test func whoWaitsForADiskThatTakesNothingIsToldSoInTime() async throws {
        try await withScribe { scribe, _ in
            #expect(await scribe.settled(within: .seconds(20)))
            scribe.persist([ledger(-1)]) {}
            #expect(await !scribe.settled(within: .milliseconds(300)))
            // Nor is whoever is told to stop waiting told that all is well.
            let waiter = Task { await scribe.settled(within: .milliseconds(300)) }
            waiter.cancel()
            #expect(await !waiter.value)
        }
    }

    @Test func whoUsesTheDatabaseGetsItsAnswerOrItsError() async throws {
        struct Refused: Error {}
        try await withScribe { scribe, _ in
            let answer = try await scribe.perform { 7 }
            #expect(answer == 7)
            await #expect(throws: Refused.self) { try await scribe.perform { throw Refused() } }
        }
    }
}

/// What was let go, and what was on disk at that moment.
private final class SeenTotals: Sendable {
    private let state = Mutex((order: [Int](), allDurable: true))

    var order: [Int] { state.withLock(\.order) }
    var allDurable: Bool { state.withLock(\.allDurable) }

    func note(_ bytes: Int, durable: ByteCount?) {
        state.withLock { state in
            state.order.append(bytes)
            state.allDurable = state.allDurable && (durable ?? .zero) >= ByteCount(bytes)
        }
    }
}
