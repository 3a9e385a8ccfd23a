import Allowance
import Primitives
import Testing

struct LedgerTests {
    private let terms = Terms(share: .megabytes(40))
    private let may = Period(starts: WallTime(milliseconds: 1_000_000), ends: WallTime(milliseconds: 2_000_000))
    private let june = Period(starts: WallTime(milliseconds: 2_000_000), ends: WallTime(milliseconds: 3_000_000))

    private func handle(_ event: Ledger.Event, in ledger: inout Ledger, at milliseconds: Int64 = 0) -> [Ledger.Action] {
        var actions: [Ledger.Action] = []
        ledger.handle(event, at: Instant(nanoseconds: milliseconds * 1_000_000), into: &actions)
        return actions
    }

    private func account(of ledger: Ledger) -> Account {
        Account(Leases(terms: terms, spent: ledger.state.leased, durable: ledger.state.leased))
    }

    @Test func theFirstLeaseIsASmallPartOfWhatRemains() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        let usage = try #require(leases.takeRenewal())
        let leased = ClassTotals(
            serving: .kibibytes(256), replication: .kibibytes(256), overlay: ByteCount(46_875 as Int64),
            answers: ByteCount(18_750 as Int64))
        #expect(
            handle(.usage(usage), in: &ledger) == [
                .persist(LedgerState(period: may, leased: leased), then: [.extend(leased)]),
                .remaining(ByteCount(31_800_000 as Int64)),
            ])
    }

    @Test func whatIsLeasedAlreadyIsNotWrittenAgain() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        let usage = try #require(leases.takeRenewal())
        _ = handle(.usage(usage), in: &ledger)
        leases.extend(to: ledger.state.leased)
        let unchanged = leases.usage
        #expect(
            handle(.usage(unchanged), in: &ledger) == [
                .extend(ledger.state.leased), .remaining(ByteCount(31_800_000 as Int64)),
            ])
    }

    /// With nothing but what they know already, they would ask again at once, and for ever.
    @Test func whatTheLeasesDoNotKnowOfIsWrittenOnceMoreAndThenTheirs() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let usage = try #require(account(of: ledger).takeRenewal())
        let first = handle(.usage(usage), in: &ledger)
        let leased = ledger.state.leased
        #expect(first.first == .persist(LedgerState(period: may, leased: leased), then: [.extend(leased)]))
        #expect(handle(.usage(usage), in: &ledger) == first)
    }

    @Test func aSuspendedAccountPromisesAndLeasesClientsNothingFromThatMomentOnAndAllOfItAfterwards() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        #expect(leases.reserve(.megabytes(2), for: .serving) && !leases.debit(.megabytes(1), from: .serving))
        _ = handle(.usage(try #require(leases.takeRenewal())), in: &ledger)
        leases.extend(to: ledger.state.leased)
        #expect(leases.debit(.kibibytes(900), from: .serving) && !leases.debit(.kibibytes(400), from: .serving))
        leases.isSuspended = true
        let before = ledger.state.leased
        let usage = try #require(leases.takeRenewal())
        #expect(handle(.usage(usage), in: &ledger).last == .remaining(.zero))
        #expect(ledger.state.leased.serving <= before.serving && ledger.state.leased.serving >= usage.spent.serving)
        leases.extend(to: ledger.state.leased)
        #expect(leases.takeRenewal() == nil, "it is told once")
        // Pulses and refusals go on, and promise nothing either.
        for (kind, part) in [(TrafficClass.overlay, 2), (.answers, 4)] as [(TrafficClass, Int64)] {
            let lease = ledger.state.leased[kind] - leases.usage.spent[kind]
            #expect(leases.spend(lease / part + ByteCount(2 as Int64), for: kind))
            let leased = ledger.state.leased
            #expect(handle(.usage(try #require(leases.takeRenewal())), in: &ledger).last == .remaining(.zero))
            #expect(ledger.state.leased[kind] > leased[kind] && ledger.state.leased.serving <= leased.serving)
            leases.extend(to: ledger.state.leased)
        }
        // What was sent to clients all the same is on disk.
        _ = leases.record(.megabytes(1), for: .serving)
        _ = handle(.usage(try #require(leases.takeRenewal())), in: &ledger)
        #expect(ledger.state.leased.serving == leases.usage.spent.serving)
        leases.extend(to: ledger.state.leased)
        leases.isSuspended = false
        let resumed = try #require(leases.takeRenewal())
        #expect(handle(.usage(resumed), in: &ledger).last == .remaining(resumed.remaining))
        #expect(resumed.remaining > .zero && ledger.state.leased.serving > resumed.spent.serving)
    }

    @Test func aSuspensionDuringARenewalIsToldAfterIt() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        let usage = try #require(leases.takeRenewal())
        leases.isSuspended = true
        #expect(leases.takeRenewal() == nil)
        _ = handle(.usage(usage), in: &ledger)
        leases.extend(to: ledger.state.leased)
        #expect(handle(.usage(try #require(leases.takeRenewal())), in: &ledger).last == .remaining(.zero))
    }

    @Test func whileTheDiskTakesNoLeasesNoMoreIsPromisedThanTheLastOneCovers() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        _ = handle(.usage(try #require(leases.takeRenewal())), in: &ledger)
        leases.extend(to: ledger.state.leased)
        leases.isStuck = true
        #expect(handle(.usage(leases.usage), in: &ledger).last == .remaining(.kibibytes(256)))
    }

    @Test func aLeaseGrowsWhileSomethingWaitsForItHoweverSlowTheDisk() throws {
        let terms = Terms(share: .gigabytes(100))
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = Account(Leases(terms: terms, spent: .zero, durable: .zero))
        #expect(leases.reserve(.gigabytes(50), for: .serving))
        var leased: [ByteCount] = []
        // Each write takes two seconds, and each lease is gone in a moment.
        for write in 0..<8 as Range<Int64> {
            while leases.debit(.kibibytes(256), from: .serving) {}
            let usage = try #require(leases.takeRenewal())
            _ = handle(.usage(usage), in: &ledger, at: write * 2000)
            leased.append(ledger.state.leased[.serving] - usage.spent[.serving])
            leases.extend(to: ledger.state.leased)
        }
        #expect(leased[7] >= .mebibytes(16), "\(leased)")
    }

    @Test func aLeaseGrowsWithTheRateToASecondOfItAndNoFurther() throws {
        let terms = Terms(share: .gigabytes(100))
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = Account(Leases(terms: terms, spent: .zero, durable: .zero))
        #expect(leases.reserve(.gigabytes(50), for: .serving))
        var lease = ByteCount.zero
        // Ten megabytes a second, in steps of a hundredth.
        for step in 0..<2000 as Range<Int64> {
            _ = leases.debit(.kibibytes(100), from: .serving)
            guard let usage = leases.takeRenewal() else { continue }
            for case .persist(let state, then: _) in handle(.usage(usage), in: &ledger, at: step * 10) {
                lease = state.leased[.serving] - usage.spent[.serving]
                leases.extend(to: state.leased)
            }
        }
        #expect((ByteCount.megabytes(9)...ByteCount.megabytes(11)).contains(lease))
    }

    @Test func afterABurstALeaseIsNoMoreThanWasSentInASecondAndSoonAsSmallAsBefore() throws {
        for seed in 0..<50 as Range<UInt64> {
            var generator = Generator(seed: seed)
            let terms = Terms(share: .gigabytes(100_000))
            var ledger = Ledger(terms: terms, period: may, restored: nil)
            let leases = Account(Leases(terms: terms, spent: .zero, durable: .zero))
            #expect(leases.reserve(.gigabytes(50), for: .serving))
            var now: Int64 = 0
            func renew(_ usage: Usage?) {
                guard let usage else { return }
                for case .persist(let state, then: _) in handle(.usage(usage), in: &ledger, at: now) {
                    leases.extend(to: state.leased)
                }
            }
            // A few hundred clients fill their sockets' buffers, within milliseconds of each other.
            let burst = Int.random(in: 50...1000, using: &generator)
            var sent = ByteCount.zero
            while sent < .mebibytes(Int64(burst)) {
                if leases.debit(.mebibytes(1), from: .serving) { sent += .mebibytes(1) }
                now += Int64.random(in: 0...1, using: &generator)
                renew(leases.takeRenewal())
            }
            #expect(ledger.state.leased[.serving] - sent <= sent + .mebibytes(1), "seed \(seed)")
            // Then nothing but pulses for twenty seconds.
            for second in 1...20 {
                now += 1000
                _ = leases.spend(ByteCount(200 as Int64), for: .overlay)
                renew(leases.takeRenewal())
                if second % 10 == 0 { renew(leases.takeReview(after: .seconds(10))) }
            }
            #expect(ledger.state.leased[.serving] - sent <= Ledger.smallestLease, "seed \(seed)")
        }
    }

    @Test func nothingIsSentBetweenAPeriodsEndAndTheDurableBeginningOfTheNext() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        _ = handle(.usage(try #require(leases.takeRenewal())), in: &ledger)
        leases.extend(to: ledger.state.leased)
        #expect(leases.spend(ByteCount(1000 as Int64), for: .overlay))
        #expect(handle(.period(june), in: &ledger).first == .end)
        leases.end()
        #expect(!leases.spend(ByteCount(1000 as Int64), for: .overlay))
        leases.extend(to: ClassTotals(overlay: .megabytes(1)))
        #expect(!leases.spend(ByteCount(1000 as Int64), for: .overlay), "a lease of the old period opens nothing")
        #expect(leases.takeRenewal() == nil)
        leases.begin(terms: terms, durable: .zero)
        let usage = try #require(leases.takeRenewal())
        #expect(usage.spent == .zero)
        _ = handle(.usage(usage), in: &ledger)
        leases.extend(to: ledger.state.leased)
        #expect(leases.spend(ByteCount(1000 as Int64), for: .overlay))
        #expect(ledger.state.leased[.overlay] >= ByteCount(1000 as Int64))
    }

    @Test func aDebitLargerThanALeaseIsLeasedWhole() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        #expect(leases.reserve(.megabytes(10), for: .serving))
        #expect(!leases.debit(.megabytes(10), from: .serving))
        let usage = try #require(leases.takeRenewal())
        _ = handle(.usage(usage), in: &ledger)
        #expect(ledger.state.leased[.serving] == .megabytes(10))
    }

    @Test func whatIsReservedIsLeasedToTheLastByte() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        var unsent = terms.ceiling(.serving)
        #expect(leases.reserve(unsent, for: .serving))
        var writes = 0
        while unsent > .zero {
            let size = min(unsent, .kibibytes(100))
            if leases.debit(size, from: .serving) { unsent -= size }
            guard let usage = leases.takeRenewal() else { continue }
            for case .persist(let state, then: _) in handle(.usage(usage), in: &ledger, at: Int64(writes)) {
                leases.extend(to: state.leased)
                writes += 1
            }
            #expect(writes < 1000)
        }
        #expect(leases.usage.remaining == .zero)
        #expect(leases.spend(ByteCount(1000 as Int64), for: .answers), "the exhausted still answer")
    }

    @Test func aRestartCountsEverythingLeasedAsSpent() {
        let stored = LedgerState(period: may, leased: ClassTotals(serving: .megabytes(5), overlay: .megabytes(1)))
        let ledger = Ledger(terms: terms, period: may, restored: stored)
        #expect(ledger.state == stored)
    }

    @Test func aRestartInTheNextPeriodStartsFromNothing() {
        let stored = LedgerState(period: may, leased: ClassTotals(serving: .megabytes(5)))
        let ledger = Ledger(terms: terms, period: june, restored: stored)
        #expect(ledger.state == LedgerState(period: june, leased: .zero))
    }

    @Test func aNewPeriodBeginsOnceItIsOnDisk() {
        let stored = LedgerState(period: may, leased: ClassTotals(serving: .megabytes(5)))
        var ledger = Ledger(terms: terms, period: may, restored: stored)
        #expect(
            handle(.period(june), in: &ledger) == [
                .end, .persist(LedgerState(period: june, leased: .zero), then: [.begin(terms, .zero)]),
            ])
        #expect(
            handle(.period(june), in: &ledger) == [])
    }

    @Test func aClockThatGoesBackGrantsNothing() {
        let stored = LedgerState(period: june, leased: ClassTotals(serving: .megabytes(5)))
        var ledger = Ledger(terms: terms, period: may, restored: stored)
        #expect(ledger.state == stored)
        #expect(
            handle(.period(may), in: &ledger) == [])
        let overlapping = Period(starts: WallTime(milliseconds: 2_999_999), ends: WallTime(milliseconds: 9_000_000))
        #expect(
            handle(.period(overlapping), in: &ledger) == [])
        #expect(ledger.state == stored)
    }

    @Test func aRenewalAskedForInTheOldPeriodLeasesNothingInTheNew() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        let usage = try #require(leases.takeRenewal())
        _ = handle(.period(june), in: &ledger)
        #expect(
            handle(.usage(usage), in: &ledger) == [])
        #expect(ledger.state == LedgerState(period: june, leased: .zero))
    }

    @Test func aGracefulStopSettlesToWhatWasSentAndEndsTheAccount() throws {
        var ledger = Ledger(terms: terms, period: may, restored: nil)
        let leases = account(of: ledger)
        let usage = try #require(leases.takeRenewal())
        _ = handle(.usage(usage), in: &ledger)
        leases.extend(to: ledger.state.leased)
        #expect(leases.spend(ByteCount(1000 as Int64), for: .overlay))
        let spent = ClassTotals(overlay: ByteCount(1000 as Int64))
        #expect(
            handle(.stop(leases.close()), in: &ledger) == [.persist(LedgerState(period: may, leased: spent), then: [])])
        #expect(
            handle(.usage(usage), in: &ledger) == [])
        #expect(
            handle(.period(june), in: &ledger) == [])
    }

    @Test func newTermsKeepWhatIsSpent() {
        let stored = LedgerState(period: may, leased: ClassTotals(serving: .megabytes(5)))
        var ledger = Ledger(terms: terms, period: may, restored: stored)
        let smaller = Terms(share: .megabytes(20))
        #expect(
            handle(.terms(smaller), in: &ledger) == [.amend(smaller)])
        #expect(
            handle(.terms(smaller), in: &ledger) == [])
        #expect(ledger.state == stored)
    }

    @Test func theLeaseForAnswersHasRoomForLastWordsWithinASixtyFourthOfWhatRemains() throws {
        for (share, lease) in [
            (ByteCount.gigabytes(8), Ledger.smallestLease + Ledger.lastWords),
            (.gigabytes(1), ByteCount(30_000_000 / 64 as Int64)),
        ] {
            var ledger = Ledger(terms: Terms(share: share), period: may, restored: nil)
            let leases = Account(Leases(terms: Terms(share: share), spent: .zero, durable: .zero))
            _ = handle(.usage(try #require(leases.takeRenewal())), in: &ledger)
            #expect(ledger.state.leased.answers == lease)
        }
    }

    @Test func anAccountEndsWhereTheCalendarsNextPeriodBeginsAfterItsOwnEnd() {
        #expect(may.end(beside: may) == may.ends)
        #expect(may.end(beside: june) == june.starts)
        #expect(june.end(beside: may) == nil, "an account from the future outlasts this period")
        let overlapping = Period(starts: WallTime(milliseconds: 1_500_000), ends: WallTime(milliseconds: 2_500_000))
        #expect(may.end(beside: overlapping) == overlapping.ends)
    }

    @Test func adviceToComeBackLastsUntilThePeriodEnds() {
        #expect(may.retryAdvice(at: WallTime(milliseconds: 1_500_000)) == .seconds(500))
        #expect(may.retryAdvice(at: WallTime(milliseconds: 1_999_999)) == .seconds(1))
        #expect(may.retryAdvice(at: WallTime(milliseconds: 5_000_000)) == .seconds(1))
    }
}
