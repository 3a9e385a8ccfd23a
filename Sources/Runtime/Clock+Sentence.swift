import Allowance
import Foundation
import Overlay
import Primitives

extension Period {
    /// What a person should know of an account whose period has not begun: a clock was wrong once, and nobody can tell
    /// when.
    func warning(at now: WallTime) -> String? {
        guard starts > now + ClockCheck.tolerance else { return nil }
        return
            "The account is of a period that begins on \(starts.date), which this computer's clock has not reached, and "
            + "nothing beyond it is granted before \(ends.date); set the clock right if it is wrong now, or wait for that "
            + "date if it was wrong before."
    }
}

extension WallTime {
    /// By the calendar of UTC.
    fileprivate var date: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601.year().month().day())
    }
}

extension Duration {
    /// How long, roughly, whichever way: always two of a unit or more, but of seconds.
    var inWords: String {
        let seconds = (wholeMilliseconds / 1000).magnitude
        let units: [(name: String, seconds: UInt64)] = [("days", 86_400), ("hours", 3_600), ("minutes", 60)]
        for unit in units where seconds >= 2 * unit.seconds {
            return "\((seconds + unit.seconds / 2) / unit.seconds) \(unit.name)"
        }
        return "\(seconds) seconds"
    }
}
