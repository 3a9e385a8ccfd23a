import Allowance
import Primitives
import Testing

@testable import Runtime

@Suite struct ClockSentenceTests {
    private let now = WallTime(milliseconds: 1_790_000_000_000)

    @Test func anAccountFromTheFutureIsToldWithItsDates() {
        let period = Period(
            starts: WallTime(milliseconds: 1_793_491_200_000), ends: WallTime(milliseconds: 1_796_083_200_000))
        #expect(
            period.warning(at: now)
                == """
                The account is of a period that begins on 2026-11-01, which this computer's clock has not reached, and \
                nothing beyond it is granted before 2026-12-01; set the clock right if it is wrong now, or wait for that \
                date if it was wrong before.
                """)
    }

    @Test(arguments: [-86_400, 0, 60])
    func anAccountOfNowIsNoneOfThem(offset: Int64) {
        let starts = now + .seconds(offset)
        #expect(Period(starts: starts, ends: starts + .seconds(2_592_000)).warning(at: now) == nil)
    }

    @Test(arguments: [
        (3_456_000, "40 days"), (-172_800, "2 days"), (129_600, "36 hours"), (7_199, "120 minutes"), (125, "2 minutes"),
        (119, "119 seconds"),
    ])
    func gapsReadAsPeopleSayThem(seconds: Int64, words: String) {
        #expect(Duration.seconds(seconds).inWords == words)
    }
}
