public import Allowance
public import Primitives

/// How long an allowance lasts before it is granted anew.
public enum PeriodKind: String, CaseIterable, Sendable {
    case month, week, day, hour
}

/// In milliseconds.
private enum Length {
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 24 * hour
}

extension PeriodKind {
    /// The period around a moment, on the calendar of UTC: months begin on their first day, weeks on Monday.
    public func period(containing now: WallTime) -> Period {
        switch self {
        case .hour: period(of: Length.hour, containing: now)
        case .day: period(of: Length.day, containing: now)
        // 1 January 1970 was a Thursday, so a week began four days later.
        case .week: period(of: 7 * Length.day, offset: 4 * Length.day, containing: now)
        case .month: month(containing: now)
        }
    }

    private func period(of length: Int64, offset: Int64 = 0, containing now: WallTime) -> Period {
        let start = (now.milliseconds - offset).floored(to: length) + offset
        return Period(starts: WallTime(milliseconds: start), ends: WallTime(milliseconds: start + length))
    }

    private func month(containing now: WallTime) -> Period {
        let month = CivilMonth(containing: now.milliseconds.floored(to: Length.day) / Length.day)
        return Period(
            starts: WallTime(milliseconds: month.firstDay * Length.day),
            ends: WallTime(milliseconds: month.next.firstDay * Length.day))
    }
}

/// A month of the Gregorian calendar. Years are counted from March, so that the leap day comes last (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
private struct CivilMonth {
    /// The year in which its March lies: January and February belong to the year before.
    var marchYear: Int64
    /// 0 is March, 11 is February.
    var index: Int64

    private static let daysIn400Years: Int64 = 146_097
    /// Days from 1 March of year 0 to 1 January 1970.
    private static let epoch: Int64 = 719_468

    init(containing day: Int64) {
        let sinceYearZero = day + Self.epoch
        let era = sinceYearZero.floored(to: Self.daysIn400Years) / Self.daysIn400Years
        let dayOfEra = sinceYearZero - era * Self.daysIn400Years
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        marchYear = era * 400 + yearOfEra
        // Months from March on take 153 days in every five.
        index = (5 * dayOfYear + 2) / 153
    }

    private init(marchYear: Int64, index: Int64) {
        self.marchYear = marchYear
        self.index = index
    }

    var next: CivilMonth {
        index == 11
            ? CivilMonth(marchYear: marchYear + 1, index: 0) : CivilMonth(marchYear: marchYear, index: index + 1)
    }

    /// Days since 1 January 1970.
    var firstDay: Int64 {
        let era = marchYear.floored(to: 400) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfEra = 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + (153 * index + 2) / 5
        return era * Self.daysIn400Years + dayOfEra - Self.epoch
    }
}

extension Int64 {
    /// The largest multiple of a positive number that is not above this one.
    fileprivate func floored(to multiple: Int64) -> Int64 {
        let remainder = self % multiple
        return self - (remainder < 0 ? remainder + multiple : remainder)
    }
}
