import Allowance
import Primitives
import Testing

struct LeasesTests {
    private let terms = Terms(share: .megabytes(40))

    /// An account with a lease of so much in every class.
    private func account(leased: ByteCount) -> Account {
        let leases = Account(Leases(terms: terms, spent: .zero, durable: .zero))
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
}
