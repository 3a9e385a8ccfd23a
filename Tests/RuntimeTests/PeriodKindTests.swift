import Allowance
import Foundation
import Primitives
import Runtime
import Testing

@Suite struct `The calendar of allowances` {
    private static func moment(_ text: String) throws -> WallTime {
        let date = try Date(text, strategy: .iso8601)
        return WallTime(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    @Test(
        "knows where periods begin and end",
        arguments: [
            (PeriodKind.month, "2026-11-22T15:20:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (.month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (.month, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
            (.month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            (.month, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
            (.month, "1969-12-31T23:59:59Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            (.week, "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (.week, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            (.week, "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z"),
            (.day, "2026-11-22T15:20:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
            (.hour, "2026-11-22T15:20:00Z", "2026-11-22T15:00:00Z", "2026-11-22T16:00:00Z"),
        ])
    func bounds(kind: PeriodKind, now: String, starts: String, ends: String) throws {
        let expected = Period(starts: try Self.moment(starts), ends: try Self.moment(ends))
        #expect(kind.period(containing: try Self.moment(now)) == expected)
    }

    @Test("agrees with Foundation's calendar on every day of eight centuries")
    func agreesWithFoundation() throws {
        var calendar = Foundation.Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        var day = try Date("1700-03-01T12:00:00Z", strategy: .iso8601)
        let end = try Date("2500-01-01T00:00:00Z", strategy: .iso8601)
        while day < end {
            let month = try #require(calendar.dateInterval(of: .month, for: day))
            let now = WallTime(milliseconds: Int64(day.timeIntervalSince1970 * 1000))
            let expected = Period(
                starts: WallTime(milliseconds: Int64(month.start.timeIntervalSince1970 * 1000)),
                ends: WallTime(milliseconds: Int64(month.end.timeIntervalSince1970 * 1000)))
            #expect(PeriodKind.month.period(containing: now) == expected)
            day.addTimeInterval(86_400 * 3)
        }
    }

    @Test("leaves no gap and no overlap", arguments: PeriodKind.allCases)
    func periodsAreSeamless(kind: PeriodKind) {
        var period = kind.period(containing: WallTime(milliseconds: -987_654_321))
        for _ in 0..<1_000 {
            let next = kind.period(containing: period.ends)
            #expect(next.starts == period.ends)
            #expect(kind.period(containing: WallTime(milliseconds: next.ends.milliseconds - 1)) == next)
            period = next
        }
    }
}
