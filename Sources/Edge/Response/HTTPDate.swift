import NIOCore
import Primitives

/// The `Date` field's text (RFC 9110, section 5.6.7), made once a second.
struct HTTPDate: Sendable {
    private var second = Int64.min
    private(set) var text: [UInt8] = []

    /// `"Sun, 06 Nov 1994 08:49:37 GMT"`.
    mutating func text(at time: WallTime) -> [UInt8] {
        let second = time.milliseconds / 1000
        if second != self.second {
            self.second = second
            text = Self.format(second)
        }
        return text
    }

    private static func format(_ second: Int64) -> [UInt8] {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let (days, rest) = (max(0, second) / 86_400, max(0, second) % 86_400)
        // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: years begin in March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 2 : monthFromMarch - 10
        let year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
        let date = "\(weekdays[Int(days % 7)]), \(two(day)) \(months[Int(month)]) \(year)"
        return Array("\(date) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT".utf8)
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
