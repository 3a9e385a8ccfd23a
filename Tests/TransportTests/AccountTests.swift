import Allowance
import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite struct AccountTests {
    @Test func aLowLeaseIsReportedOnceOutsideTheLock() {
        let reports = Mutex<[Usage]>([])
        let box = Box()
        let terms = Terms(share: .gigabytes(1))
        let account = Account(Leases(terms: terms, spent: .zero, durable: .zero)) { usage in
            // Reading the account from here would hang, were the lock still held.
            _ = box.account.withLock { $0?.usage }
            reports.withLock { $0.append(usage) }
        }
        box.account.withLock { $0 = account }
        for _ in 0..<5 { #expect(!account.spend(.kibibytes(1), for: .overlay)) }
        #expect(reports.withLock(\.count) == 1)
        box.account.withLock { $0 = nil }
    }

    @Test func waitersAreCalledAfterTheExtensionInTheirOrder() {
        let account = account(leased: false)
        let calls = Mutex<[Int]>([])
        #expect(account.reserve(.kibibytes(8), for: .serving))
        for number in 0..<3 {
            #expect(!account.debit(.kibibytes(1), from: .serving) { calls.withLock { $0.append(number) } })
        }
        #expect(calls.withLock { $0 } == [])
        var durable = ClassTotals.zero
        durable[.serving] = .kibibytes(8)
        account.extend(to: durable)
        #expect(calls.withLock { $0 } == [0, 1, 2])
        #expect(account.debit(.kibibytes(8), from: .serving))
        account.extend(to: durable)
        #expect(calls.withLock { $0 } == [0, 1, 2])
    }

    @Test func whileSuspendedClientsGetNothingAndAllElseGoesOn() {
        let account = account(leased: true)
        let calls = Mutex(0)
        #expect(account.reserve(.kibibytes(8), for: .serving))
        account.suspend(.twin, true)
        #expect(account.remaining == .zero)
        #expect(!account.reserve(.kibibytes(1), for: .serving) && !account.spend(.kibibytes(1), for: .serving))
        #expect(!account.debit(.kibibytes(1), from: .serving) { calls.withLock { $0 += 1 } })
        for traffic in [TrafficClass.replication, .overlay, .answers] {
            #expect(account.spend(.kibibytes(1), for: traffic))
        }
        #expect(calls.withLock { $0 } == 0 && account.usage.spent.serving == .zero)
        account.suspend(.twin, true)
        #expect(calls.withLock { $0 } == 0)
        account.suspend(.twin, false)
        #expect(calls.withLock { $0 } == 1)
        #expect(account.debit(.kibibytes(8), from: .serving) && account.remaining > .zero)
    }

    @Test func theLedgerHearsOfASuspensionAtOnceAndOfItsEnd() {
        let reports = Mutex<[Bool]>([])
        let terms = Terms(share: .gigabytes(1))
        let account = Account(Leases(terms: terms, spent: .zero, durable: .zero)) { usage in
            #expect((usage.promise == .zero) == usage.isSuspended)
            reports.withLock { $0.append(usage.isSuspended) }
        }
        account.renew()
        account.extend(to: account.usage.durable)
        account.suspend(.twin, true)
        #expect(reports.withLock { $0 } == [false, true])
        // Another reason is no news, and what ends during a renewal is told after it.
        account.suspend(.clock, true)
        account.suspend(.twin, false)
        account.suspend(.clock, false)
        #expect(reports.withLock { $0 } == [false, true])
        account.extend(to: account.usage.durable)
        #expect(reports.withLock { $0 } == [false, true, false])
    }

    @Test(.timeLimit(.minutes(1))) func payingWaitsForTheLease() async {
        let account = account(leased: false)
        async let paid = account.pay(.kibibytes(4), for: .replication)
        while account.usage.reserved[.replication] == .zero { await Task.yield() }
        #expect(account.usage.spent[.replication] == .zero)
        var durable = ClassTotals.zero
        durable[.replication] = .kibibytes(4)
        account.extend(to: durable)
        #expect(await paid)
        #expect(account.usage.spent[.replication] == .kibibytes(4))
        #expect(account.usage.reserved[.replication] == .zero)
    }

    @Test(.timeLimit(.minutes(1))) func payingEndsWithItsTaskAndGivesBack() async {
        let account = account(leased: false)
        let task = Task { await account.pay(.kibibytes(4), for: .replication) }
        while account.usage.reserved[.replication] == .zero { await Task.yield() }
        task.cancel()
        #expect(await task.value == false)
        #expect(account.usage.reserved[.replication] == .zero)
    }

    @Test(.timeLimit(.minutes(1))) func closingEndsThoseWhoWait() async {
        let account = account(leased: false)
        async let paid = account.pay(.kibibytes(4), for: .replication)
        while account.usage.reserved[.replication] == .zero { await Task.yield() }
        _ = account.close()
        #expect(await paid == false)
        #expect(!account.spend(.kibibytes(1), for: .overlay))
    }

    @Test func whatDoesNotFitIsNotPaid() async {
        let account = account(share: .megabytes(10))
        #expect(await account.pay(.megabytes(11), for: .replication) == false)
        #expect(account.usage.spent == .zero)
    }

    @Test func whoWaitsIsCalledWhenTheDiskTakesNoLeasesAndWhenItDoesAgain() {
        let account = account(leased: false)
        let calls = Atomic(0)
        #expect(account.reserve(.kibibytes(8), for: .serving))
        for isStuck in [true, true, false] {
            #expect(!account.debit(.kibibytes(1), from: .serving) { calls.wrappingAdd(1, ordering: .relaxed) })
            account.setStuck(isStuck)
        }
        #expect(calls.load(ordering: .relaxed) == 3)
    }

    @Test func afterThePeriodsEndNothingIsSpentUntilTheNextBeginsHoweverLateItsLedgerHears() {
        let account = account(leased: true)
        let isOver = Atomic(false)
        account.end { isOver.load(ordering: .relaxed) }
        #expect(account.spend(.kibibytes(1), for: .overlay))
        isOver.store(true, ordering: .relaxed)
        #expect(!account.spend(.kibibytes(1), for: .overlay))
        #expect(account.reserve(.kibibytes(8), for: .serving))
        let calls = Atomic(0)
        #expect(!account.debit(.kibibytes(1), from: .serving) { calls.wrappingAdd(1, ordering: .relaxed) })
        let all = account.usage.durable
        account.extend(to: all)
        #expect(!account.spend(.kibibytes(1), for: .overlay), "a lease of the old period opens nothing")
        // Killed here, the old period's account is the truth, and the new one's is nothing.
        #expect(account.usage.spent.sum == .kibibytes(1))
        account.end()
        account.begin(terms: account.usage.terms, durable: .zero)
        account.extend(to: all)
        #expect(account.spend(.kibibytes(1), for: .overlay))
        #expect(calls.load(ordering: .relaxed) > 0)
        #expect(account.debit(.kibibytes(8), from: .serving))
    }

    @Test func aClockThatIsSetBackOpensThePeriodAgain() {
        let account = account(leased: true)
        account.end { true }
        #expect(!account.spend(.kibibytes(1), for: .overlay))
        account.end { false }
        #expect(account.spend(.kibibytes(1), for: .overlay))
        account.end { true }
        account.end(when: nil)
        #expect(account.spend(.kibibytes(1), for: .overlay))
    }

    @Test func questionsHaveHalfOfTheOverlayWhateverDatagramsTake() {
        let account = account(share: .gigabytes(1))
        let whole = Terms(share: .gigabytes(1)).guaranteed(.overlay)
        #expect(account.spendOnDatagram(ByteCount(whole.bytes * 3 / 4)))
        #expect(account.takesQuestions)
        #expect(account.spend(ByteCount(whole.bytes / 8), for: .overlay))
        #expect(account.takesQuestions)
        #expect(account.spendOnDatagram(ByteCount(whole.bytes / 8)))
        #expect(!account.takesQuestions)
        let era = account.era
        account.creditDatagram(ByteCount(whole.bytes / 8), debitedIn: era)
        #expect(account.takesQuestions)
    }

    @Test func questionsLeaveHalfOfTheOverlayToDatagrams() {
        let account = account(share: .gigabytes(1))
        let half = ByteCount(Terms(share: .gigabytes(1)).guaranteed(.overlay).bytes / 2)
        #expect(account.spend(half, for: .overlay))
        #expect(!account.takesQuestions)
        #expect(account.spendOnDatagram(half))
    }

    private final class Box: Sendable {
        let account = Mutex<Account?>(nil)
    }
}
