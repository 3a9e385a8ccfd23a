import Console
import Foundation
import Primitives

/// How figures are said to people.
enum Words {
    /// `"1:02:03"`, `"2:03"`, `"3 s"`.
    static func clock(seconds: Int) -> String {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        if hours > 0 { return "\(hours):\(two(minutes)):\(two(rest))" }
        return minutes > 0 ? "\(minutes):\(two(rest))" : "\(rest) s"
    }

    /// `"12 days"`, `"3 hours"`, `"a minute"`: the largest unit that fits, rounded down.
    static func span(_ duration: Duration) -> String {
        let seconds = max(0, duration.wholeMilliseconds / 1000)
        let units: [(length: Int64, one: String, many: String)] = [
            (86_400, "a day", "days"), (3600, "an hour", "hours"), (60, "a minute", "minutes"),
            (1, "a second", "seconds"),
        ]
        for unit in units where seconds >= unit.length {
            let count = seconds / unit.length
            return count == 1 ? unit.one : "\(count) \(unit.many)"
        }
        return "less than a second"
    }

    /// `"2026-05-01 14:03:22+0200"`, in the zone of whoever reads it.
    static func time(_ time: WallTime, in zone: TimeZone = .current) -> String {
        Date(timeIntervalSince1970: Double(time.milliseconds) / 1000).formatted(
            Date.ISO8601FormatStyle(dateSeparator: .dash, dateTimeSeparator: .space, timeZone: zone))
    }

    /// `"9.6 %"`; with what is less than a tenth told as such.
    static func percent(_ part: ByteCount, of whole: ByteCount) -> String {
        guard whole > .zero else { return "–" }
        let tenths = Int((part.fraction(of: whole) * 1000).rounded())
        if tenths == 0, part > .zero { return "< 0.1 %" }
        return tenths >= 1000 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }

    /// Two digits or three: `"0.0042"`, `"0.05"`, `"12.3"`, `"365"`; with four decimals at most.
    static func decimal(_ number: Double) -> String {
        var places = number < 10 ? 100.0 : number < 100 ? 10 : 1
        while number * places < 10, places < 10_000 { places *= 10 }
        let rounded = (number * places).rounded() / places
        return rounded == rounded.rounded() && rounded < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// `"2 wrong pieces, 1 false digest"`.
    static func misdeeds(_ view: MisdeedsView) -> String {
        let counts = [
            (view.wrongPieces, "wrong piece", "wrong pieces"), (view.falseDigests, "false digest", "false digests"),
            (view.falseLengths, "false length", "false lengths"),
        ]
        return counts.filter { $0.0 > 0 }.map { count($0.0, $0.1, $0.2) }.joined(separator: ", ")
    }

    /// `"1 copy"`, `"3 copies"`.
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        count == 1 ? "1 \(one)" : "\(count) \(many)"
    }

    static func milliseconds(_ milliseconds: Double?) -> String {
        guard let milliseconds else { return "–" }
        return milliseconds < 10 ? "\((milliseconds * 10).rounded() / 10) ms" : "\(Int(milliseconds.rounded())) ms"
    }
}
