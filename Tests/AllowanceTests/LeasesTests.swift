import Allowance
import Primitives
import Testing

struct LeasesTests {
    private let terms = Terms(share: .megabytes(40))

    /// An account with a lease of so much in every class.
    private func account(leased: ByteCount, share: ByteCount = .megabytes(40)) -> Account {
        let leases = Account(Leases(terms: Terms(share: share), spent: .zero, durable: .zero))
        #expect(leases.takeRenewal() != nil)
        leases.extend(to: ClassTotals(serving: leased, replication: leased, overlay: leased, answers: leased))
        return leases
    }

    @Test func aResponseIsReservedThenDebitedAndTheRestGivenBack() {
        let leases = account(leased: .megabytes(1))
        #expect(leases.reserve(.megabytes(10), for: .serving))
        #expect(leases.debit(ByteCount(600_000 as Int64), from: .serving))
        leases.release(ByteCount(9_400_000 as Int64), of: .serving)
        leases.credit(ByteCount(100_000 as Int64), to: .serving, debitedIn: leases.era)
        #expect(leases.usage.spent == ClassTotals(serving: ByteCount(500_000 as Int64)))
        #expect(leases.usage.reserved == .zero)
        #expect(leases.usage.remaining == terms.ceiling(.serving) - ByteCount(500_000 as Int64))
    }

    @Test func aReservationThatDoesNotFitChangesNothing() {
        let leases = account(leased: .zero)
        #expect(leases.reserve(.megabytes(31), for: .serving))
        let before = leases.usage
        #expect(!leases.reserve(.megabytes(1), for: .serving))
        #expect(!leases.reserve(.max, for: .serving))
        #expect(leases.usage == before)
        #expect(leases.usage.remaining == ByteCount(800_000 as Int64))
    }

    @Test func questionsLeaveHalfOfWhatThereIsToDatagramsInEachRun() {
        let whole = terms.guaranteed(.overlay)
        var before = ByteCount.zero
        for _ in 0..<8 {
            // A run that began anew, as after a crash, counts all that was spent before.
            let spent = ClassTotals(overlay: before)
            let leases = Account(Leases(terms: terms, spent: spent, durable: spent))
            _ = leases.takeRenewal()
            leases.extend(to: ClassTotals(overlay: whole))
            #expect(leases.spendOnDatagram(ByteCount(1000 as Int64)))
            while leases.takesQuestions, leases.spend(ByteCount(1000 as Int64), for: .overlay) {}
            let left = whole - leases.usage.spent[.overlay]
            #expect(left >= (whole - before) / 2 - ByteCount(2000 as Int64) && left < whole - before)
            #expect(!leases.takesQuestions && leases.spendOnDatagram(ByteCount(1000 as Int64)))
            before = leases.usage.spent[.overlay]
        }
    }

    @Test func aDatagramThatNeverLeftGivesQuestionsNothing() {
        let leases = account(leased: .megabytes(3))
        #expect(leases.spend(ByteCount(1_400_000 as Int64), for: .overlay))
        #expect(leases.spendOnDatagram(.megabytes(1)))
        leases.creditDatagram(.megabytes(1), debitedIn: leases.era)
        #expect(leases.takesQuestions && leases.usage.spent[.overlay] == ByteCount(1_400_000 as Int64))
        #expect(leases.spend(ByteCount(200_000 as Int64), for: .overlay))
        #expect(!leases.takesQuestions)
        leases.begin(terms: terms, durable: .zero)
        #expect(leases.takesQuestions)
    }

    @Test func nothingIsDebitedBeforeItIsLeased() {
        let leases = account(leased: .zero)
        #expect(leases.reserve(.megabytes(2), for: .serving))
        #expect(!leases.debit(.megabytes(1), from: .serving))
        let asked = leases.takeRenewal()
        #expect(asked?.wanted == ClassTotals(serving: .megabytes(1)))
        leases.extend(to: ClassTotals(serving: .megabytes(1)))
        #expect(leases.debit(.megabytes(1), from: .serving))
        #expect(!leases.debit(.megabytes(1), from: .serving))
        #expect(leases.usage.reserved == ClassTotals(serving: .megabytes(1)))
    }

    @Test func aSpendIsWholeOrNothing() {
        let leases = account(leased: .megabytes(2))
        #expect(leases.spend(ByteCount(1200 as Int64), for: .overlay))
        let before = leases.usage
        #expect(!leases.spend(.megabytes(3), for: .overlay))
        #expect(leases.usage == before)
    }

    @Test func whatWasSentIsRecordedBeyondLeaseAndClassAndTheOthersPay() {
        let leases = account(leased: .megabytes(1))
        #expect(leases.record(.megabytes(30), likely: .megabytes(1), for: .serving) == .megabytes(31))
        #expect(leases.record(.megabytes(4), likely: .megabytes(1), for: .serving) == .megabytes(4))
        #expect(leases.usage.spent == ClassTotals(serving: .megabytes(35)))
        #expect(leases.usage.remaining == .zero)
        #expect(leases.usage.remaining(for: .replication) == terms.guaranteed(.replication))
        #expect(leases.record(.megabytes(3), for: .serving) == .megabytes(3))
        #expect(leases.usage.remaining(for: .replication) == .megabytes(2))
        #expect(leases.usage.remaining(for: .overlay) == .megabytes(2))
        #expect(leases.record(.megabytes(3), for: .answers) == .megabytes(3))
        #expect(leases.usage.spent.sum == .megabytes(41), "also beyond the share")
        #expect(!leases.reserve(ByteCount(1 as Int64), for: .overlay))
        #expect(leases.takeRenewal()?.spent == leases.usage.spent)
        let final = leases.close()
        #expect(final.spent.sum == .megabytes(41))
        #expect(leases.record(.megabytes(1), for: .serving) == .zero)
    }

    @Test func aRenewalIsAskedForOnceAtHalfTheLease() {
        let leases = account(leased: .megabytes(1))
        #expect(leases.reserve(.megabytes(10), for: .serving))
        #expect(leases.debit(ByteCount(500_000 as Int64), from: .serving))
        #expect(leases.takeRenewal() == nil)
        #expect(leases.debit(ByteCount(1 as Int64), from: .serving))
        #expect(leases.takeRenewal() == leases.usage)
        #expect(leases.debit(ByteCount(100_000 as Int64), from: .serving))
        #expect(leases.takeRenewal() == nil)
        leases.extend(to: ClassTotals(serving: .megabytes(2)))
        #expect(leases.takeRenewal() == nil)
    }

    @Test func anExtensionNeverLowersALease() {
        let leases = account(leased: .megabytes(2))
        leases.extend(to: ClassTotals(serving: .megabytes(1), answers: .megabytes(3)))
        #expect(leases.usage.durable[.serving] == .megabytes(2))
        #expect(leases.usage.durable[.answers] == .megabytes(3))
    }

    @Test func aRefusalThatLastsDoesNotAskAgainAndAgain() {
        let leases = account(leased: .zero)
        #expect(!leases.spend(ByteCount(1200 as Int64), for: .overlay))
        #expect(leases.takeRenewal() != nil)
        leases.extend(to: .zero)
        #expect(leases.takeRenewal() == nil)
    }

    @Test func aLargeCreditIsTakenOffTheDiskWithTheNextRenewal() {
        let leases = account(leased: .megabytes(1))
        #expect(leases.reserve(.megabytes(20), for: .serving))
        for total in 2...11 {
            #expect(leases.debit(.megabytes(1), from: .serving))
            #expect(leases.takeRenewal() != nil)
            leases.extend(to: ClassTotals(serving: .megabytes(Int64(total))))
        }
        leases.credit(.megabytes(8), to: .serving, debitedIn: leases.era)
        let usage = leases.takeRenewal()
        #expect(usage?.spent[.serving] == .megabytes(2))
        #expect(usage?.durable[.serving] == .megabytes(3))
    }

    @Test func aNewPeriodStartsFromNothingButKeepsReservations() {
        let leases = account(leased: .megabytes(1))
        let era = leases.era
        #expect(leases.reserve(.megabytes(10), for: .serving))
        #expect(leases.debit(.megabytes(1), from: .serving))
        leases.begin(terms: terms, durable: .zero)
        #expect(leases.usage.spent == .zero)
        #expect(leases.usage.reserved == ClassTotals(serving: .megabytes(9)))
        #expect(!leases.debit(.megabytes(1), from: .serving))
        leases.credit(.megabytes(1), to: .serving, debitedIn: era)
        #expect(leases.usage.spent == .zero, "what an ended period paid gives nothing back")
        #expect(leases.takeRenewal() != nil)
    }

    @Test func aClosedAccountSpendsNothing() {
        let leases = account(leased: .megabytes(1))
        #expect(leases.reserve(.megabytes(1), for: .serving))
        #expect(leases.debit(ByteCount(1000 as Int64), from: .serving))
        let final = leases.close()
        #expect(final.spent == ClassTotals(serving: ByteCount(1000 as Int64)))
        leases.extend(to: ClassTotals(serving: .megabytes(5)))
        #expect(!leases.debit(ByteCount(1 as Int64), from: .serving))
        #expect(!leases.reserve(ByteCount(1 as Int64), for: .serving))
        #expect(!leases.spend(ByteCount(1 as Int64), for: .overlay))
        #expect(leases.takeRenewal() == nil)
        #expect(leases.usage.durable == leases.usage.spent)
    }

    // MARK: A disk that takes no leases

    /// An answer's cost, about.
    private let answer = ByteCount(700 as Int64)

    @Test func theLastPartOfTheLeaseForAnswersIsKeptUntilTheDiskTakesNoLeases() {
        for (leased, kept) in [(ByteCount.mebibytes(8), Ledger.lastWords), (.kibibytes(100), .kibibytes(50))] {
            let leases = account(leased: leased, share: .gigabytes(8))
            while leases.spend(answer, for: .answers) {}
            let left = leased - leases.usage.spent.answers
            #expect(left >= kept && left < kept + answer)
            #expect(leases.spend(answer, for: .serving), "only answers have last words")
            _ = leases.takeRenewal()
            leases.isStuck = true
            var count: Int64 = 0
            while leases.spend(answer, for: .answers) { count += 1 }
            #expect(count == left.bytes / answer.bytes)
            #expect(leases.usage.spent.answers <= leases.usage.durable.answers)
        }
    }

    @Test func theDiskThatTakesLeasesAgainMakesUpForTheLastWordsBeforeOthersAreAnswered() throws {
        var ledger = Ledger(
            terms: Terms(share: .gigabytes(8)),
            period: Period(starts: WallTime(milliseconds: 0), ends: WallTime(milliseconds: 1000)), restored: nil)
        let leases = account(leased: .mebibytes(2), share: .gigabytes(8))
        while leases.spend(answer, for: .answers) {}
        let asked = try #require(leases.takeRenewal())
        leases.isStuck = true
        while leases.spend(answer, for: .answers) {}
        leases.isStuck = false
        #expect(!leases.spend(answer, for: .answers))
        var actions: [Ledger.Action] = []
        ledger.handle(.usage(asked), at: .zero, into: &actions)
        leases.extend(to: ledger.state.leased)
        #expect(leases.takeRenewal() != nil, "what was said since is leased anew")
    }

    @Test func nearTheEndOfTheAllowanceNothingIsKeptFromWhoWaits() {
        let leases = Account(Leases(terms: terms, spent: .zero, durable: .zero))
        let ceiling = ClassTotals(answers: terms.ceiling(.answers))
        #expect(leases.takeRenewal() != nil)
        leases.extend(to: ceiling)
        // Every answer fits at the latest when the renewal that it asked for has brought nothing.
        while leases.usage.remaining(for: .answers) >= answer {
            if leases.spend(answer, for: .answers) { continue }
            #expect(leases.takeRenewal() != nil)
            leases.extend(to: ceiling)
            #expect(leases.spend(answer, for: .answers))
        }
    }

    @Test func whileTheDiskTakesNoLeasesNothingIsBegunThatTheLastOnesDoNotCover() {
        let leases = account(leased: .megabytes(1))
        leases.isStuck = true
        #expect(!leases.reserve(.megabytes(2), for: .serving))
        #expect(leases.reserve(ByteCount(700_000 as Int64), for: .serving))
        #expect(!leases.reserve(ByteCount(700_000 as Int64), for: .serving))
        leases.isStuck = false
        #expect(leases.reserve(.megabytes(2), for: .serving))
    }
}
