import Allowance
import Membership
import Overlay
import Primitives
import Testing
import Transport

@testable import Runtime

@Suite struct TrustedClockTests {
    private let truth = WallTime(milliseconds: 1_700_000_000_000)
    private let month = Duration.seconds(31 * 86_400)

    private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }
    private func witnesses(_ time: WallTime) -> Witnesses { Witnesses(count: 3, possible: 3, time: time) }

    @Test func `a clock is held against neighbours until it is believed, and against the uptime from then on`() {
        var clock = TrustedClock(wall: truth, at: .zero)
        let silent = Witnesses(count: 0, possible: 3, time: nil)
        let waiting = clock.read(truth, silent, at: at(2), isSynchronised: false)
        #expect(
            waiting == .init(time: truth, doubt: .unheard, isOpen: true) && waiting.certain == nil && clock.isStarting)
        #expect(!waiting.isConfirmed)
        let ahead = clock.read(truth + month, witnesses(truth), at: at(4), isSynchronised: false)
        #expect(ahead == .init(time: truth, doubt: .neighbours(gap: month, count: 3)) && ahead.certain == nil)
        #expect(ahead.isConfirmed, "by what neighbours say, which is earlier")
        let behind = clock.read(truth + month * -1, witnesses(truth), at: at(5), isSynchronised: false)
        #expect(behind.time == truth + month * -1 && behind.certain == nil && clock.isStarting)
        let right = clock.read(truth, witnesses(truth), at: at(6), isSynchronised: false)
        #expect(
            right == .init(time: truth) && right.certain == truth + StartCheck.tolerance * -1 && right.isConfirmed
                && !clock.isStarting)
        // What neighbours say later moves nothing.
        let later = clock.read(truth + .seconds(10), witnesses(truth + month), at: at(16), isSynchronised: false)
        #expect(later == .init(time: truth + .seconds(10)))
        let jump = clock.read(truth + month, .none, at: at(26), isSynchronised: false)
        #expect(jump == .init(time: truth + .seconds(20), doubt: .jump(month - .seconds(20))) && jump.certain != nil)
    }

    @Test func `a jump before neighbours were heard is told as one, and not believed because they stay silent`() {
        var clock = TrustedClock(wall: truth, at: .zero)
        let silent = Witnesses(count: 0, possible: 3, time: nil)
        let jump = clock.read(truth + month, silent, at: at(2), isSynchronised: false)
        #expect(jump == .init(time: truth + .seconds(2), doubt: .jump(month - .seconds(2)), isOpen: true))
        #expect(jump.certain == nil && !jump.isConfirmed && clock.isStarting)
        let later = clock.read(truth + month, silent, at: at(700), isSynchronised: false)
        #expect(
            later == .init(time: truth + .seconds(700), doubt: .jump(month - .seconds(700))) && later.certain != nil)
        let right = clock.read(truth + .seconds(710), .none, at: at(712), isSynchronised: false)
        #expect(right == .init(time: truth + .seconds(710)))
        // Nor where there is nobody to ask.
        var alone = TrustedClock(wall: truth, at: .zero)
        let sudden = alone.read(truth + month, .none, at: at(1), isSynchronised: false)
        #expect(sudden == .init(time: truth + .seconds(1), doubt: .jump(month - .seconds(1))) && sudden.certain != nil)
        // Whom neighbours confirm is right, whatever it said before.
        var mended = TrustedClock(wall: truth + month, at: .zero)
        _ = mended.read(truth + month, silent, at: at(2), isSynchronised: false)
        let back = mended.read(truth + .seconds(2), witnesses(truth + .seconds(2)), at: at(4), isSynchronised: false)
        #expect(back == .init(time: truth + .seconds(2)) && !mended.isStarting)
    }

    @Test func `with nobody to ask, or kept right by others, it is believed at once`() {
        var alone = TrustedClock(wall: truth, at: .zero)
        #expect(alone.read(truth, .none, at: at(1), isSynchronised: false) == .init(time: truth))
        var kept = TrustedClock(wall: truth, at: .zero)
        #expect(
            kept.read(truth, witnesses(truth + month), at: at(1), isSynchronised: true)
                == .init(time: truth, lead: .zero))
    }

    @Test
    func `a new period waits until even a clock that is a little ahead has reached it, unless others keep it right`() {
        let end = truth + .seconds(30)
        func reading(after seconds: Int64, isSynchronised: Bool) -> TrustedClock.Reading {
            var clock = TrustedClock(wall: truth + .seconds(seconds), at: .zero)
            return clock.read(truth + .seconds(seconds), .none, at: .zero, isSynchronised: isSynchronised)
        }
        func isWaiting(after seconds: Int64, isSynchronised: Bool = false) -> Bool {
            reading(after: seconds, isSynchronised: isSynchronised).isWaiting { $0 >= end }
        }
        #expect(!isWaiting(after: 29) && isWaiting(after: 30) && isWaiting(after: 179) && !isWaiting(after: 180))
        #expect(!isWaiting(after: 29, isSynchronised: true) && !isWaiting(after: 30, isSynchronised: true))
        #expect(reading(after: 30, isSynchronised: true).certain == end)
    }

    @Test func `each doubt is told in one sentence that says what to do`() {
        #expect(
            TrustedClock.Doubt.neighbours(gap: month, count: 3).sentence
                == "The clock is 31 days ahead of what 3 neighbours say, and no new period of the allowance begins by it; set "
                + "the clock right.")
        #expect(
            TrustedClock.Doubt.neighbours(gap: month * -1, count: 1).sentence
                == "The clock is 31 days behind what 1 neighbour says, and no new period of the allowance begins by it; set "
                + "the clock right.")
        #expect(
            TrustedClock.Doubt.unheard.sentence
                == "A new period of the allowance is due by the clock, and begins, with files for clients, once neighbours "
                + "agree; wait at most 10 minutes, or let the machine's clock be kept right by NTP.")
        #expect(
            TrustedClock.Reading(time: WallTime(milliseconds: 0)).sentenceOfWaiting
                == "A new period of the allowance is due, and begins, with files for clients, within 3 minutes: so far ahead "
                + "may a clock be that nobody keeps right. Wait, or let the machine's clock be kept right by NTP.")
    }

    @Test func `what is sent while a new period waits is counted to it too, once it begins`() {
        let account = account()
        account.suspend(.clock, true)
        account.extend(to: lease)
        #expect(account.spend(.kibibytes(7), for: .overlay))
        var turning = Turning(account)
        #expect(account.spend(.kibibytes(4), for: .overlay) && account.spend(.kibibytes(2), for: .answers))
        #expect(!account.spend(.kibibytes(1), for: .serving))
        turning.wait()
        turning.end()
        #expect(!account.spend(.kibibytes(1), for: .overlay), "it waits for the new period")
        turning.settle()
        #expect(account.usage.spent.overlay == .kibibytes(11))
        account.begin(terms: Terms(share: .gigabytes(8)), durable: lease)
        turning.settle()
        #expect(account.usage.spent == ClassTotals(overlay: .kibibytes(4), answers: .kibibytes(2)))
        turning.settle()
        #expect(account.usage.spent == ClassTotals(overlay: .kibibytes(4), answers: .kibibytes(2)))
    }

    @Test func `where no period begins after all, nothing is counted twice`() {
        let account = account()
        var turning = Turning(account)
        turning.wait()
        #expect(account.spend(.kibibytes(4), for: .overlay))
        turning.settle()
        account.begin(terms: Terms(share: .gigabytes(8)), durable: lease)
        turning.end()
        turning.settle()
        #expect(account.usage.spent == .zero)
    }

    private let lease = ClassTotals(
        serving: .megabytes(10), replication: .megabytes(10), overlay: .megabytes(10), answers: .megabytes(10))

    private func account() -> Account {
        Account(Leases(terms: Terms(share: .gigabytes(8)), spent: .zero, durable: lease), onLow: { _ in })
    }
}
