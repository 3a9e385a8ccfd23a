import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Runtime

@Suite struct BacklogTests {
    private func file(_ number: Int) -> FileID { FileID(Bytes32(UInt64(number), 0, 0, 0)) }

    private func pieces(_ number: Int, _ count: Int) -> Record {
        .holding(.pieces(file(number), Bitfield(count: count)))
    }

    @Test func ofRecordsThatReplaceEachOtherTheNewestIsKeptInItsPlace() {
        var backlog = Backlog()
        backlog.append(.init(records: [pieces(1, 1), pieces(2, 1)]))
        backlog.append(.init(records: [.holding(.complete(file(1), sha256: .zero))]))
        backlog.append(.init(records: [pieces(1, 2), .member(.ownVersion(3))], then: {}))
        backlog.append(.init(records: [.member(.ownVersion(4))]))
        backlog.compact()
        let expected: [Record] = [
            pieces(2, 1), .holding(.complete(file(1), sha256: .zero)), pieces(1, 2), .member(.ownVersion(4)),
        ]
        #expect(backlog.records == expected)
        #expect(backlog.entries.count == 4)
    }

    @Test func aMonthOfRefusalTakesNoMoreThanThereAreThings() {
        var backlog = Backlog()
        var most = 0
        for number in 0..<200_000 {
            backlog.append(.init(records: [pieces(number % 100, number % 7), .member(.ownVersion(UInt64(number)))]))
            backlog.append(.init(records: [], isReply: true, then: {}))
            most = max(most, backlog.entries.count)
        }
        #expect(most <= 2 * Backlog.tidy)
        backlog.compact()
        #expect(backlog.records.count == 101)
        #expect(backlog.entries.filter { $0.then != nil }.count == Backlog.replies)
    }

    @Test func whatIsNoAnswerIsNeverLetGo() {
        let done = Done()
        var backlog = Backlog()
        for _ in 0..<20_000 {
            backlog.append(.init(records: [pieces(1, 1)], then: { done.count.add(1, ordering: .relaxed) }))
        }
        backlog.compact()
        for entry in backlog.entries { entry.then?() }
        #expect(done.count.load(ordering: .relaxed) == 20_000)
        #expect(backlog.records == [pieces(1, 1)])
    }
}

private final class Done: Sendable {
    let count = Atomic(0)
}
