import Foundation
import Primitives
import Testing

@testable import node

@Suite struct WordsTests {
    @Test(arguments: [(0, "0 s"), (59, "59 s"), (60, "1:00"), (125, "2:05"), (3600, "1:00:00"), (7384, "2:03:04")])
    func `clock times have as many parts as they need`(seconds: Int, text: String) {
        #expect(Words.clock(seconds: seconds) == text)
    }

    @Test(arguments: [
        (0, "less than a second"), (1, "a second"), (119, "a minute"), (7200, "2 hours"), (86_400, "a day"),
        (864_000, "10 days"), (-5, "less than a second"),
    ])
    func `spans are told in their largest unit`(seconds: Int, text: String) {
        #expect(Words.span(.seconds(seconds)) == text)
    }

    @Test func `times are ISO 8601 in the reader's zone`() throws {
        let time = WallTime(milliseconds: 1_777_636_800_000)
        #expect(Words.time(time, in: try #require(TimeZone(identifier: "UTC"))) == "2026-05-01 12:00:00Z")
        #expect(Words.time(time, in: try #require(TimeZone(secondsFromGMT: 7200))) == "2026-05-01 14:00:00+0200")
    }

    @Test func `percentages say so when there is less than a tenth, or no whole`() {
        #expect(Words.percent(.megabytes(256), of: .gigabytes(8)) == "3.2 %")
        #expect(Words.percent(ByteCount(1), of: .gigabytes(8)) == "< 0.1 %")
        #expect(Words.percent(.zero, of: .gigabytes(8)) == "0.0 %")
        #expect(Words.percent(.gigabytes(8), of: .gigabytes(8)) == "100 %")
        #expect(Words.percent(.gigabytes(8), of: .zero) == "–")
    }

    @Test(arguments: [
        (0, "0"), (0.00001, "0"), (0.0042, "0.0042"), (0.05, "0.05"), (0.333, "0.33"), (1.5, "1.5"), (12.34, "12.3"),
        (365, "365"), (1234.5, "1235"),
    ])
    func `figures have two digits or three`(number: Double, text: String) {
        #expect(Words.decimal(number) == text)
    }
}
