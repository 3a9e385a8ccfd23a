public import Primitives

/// What the neighbours say of the time: each pulse tells the minute of its sender's calendar, sealed as it comes.
public struct Witnesses: Equatable, Sendable {
    /// How many have told in this run.
    public var count: Int
    /// How many there are: the members present.
    public var possible: Int
    /// The median of what they say, for now; of two in the middle the earlier. Nothing when nobody has told.
    public var time: WallTime?

    /// Where nobody is asked.
    public static let none = Witnesses(count: 0, possible: 0, time: nil)
    /// How far from the truth an honest one may be: half of a minute.
    public static let precision = Duration.seconds(30)

    public init(count: Int, possible: Int, time: WallTime?) {
        self.count = count
        self.possible = possible
        self.time = time
    }
}

extension Roster {
    /// What those who are present said in this run.
    public func witnesses(at now: Instant) -> Witnesses {
        let times = table.told.map { $0.time + (now - $0.at) }.sorted()
        return Witnesses(
            count: times.count, possible: table.members.presentCount,
            time: times.isEmpty ? nil : times[(times.count - 1) / 2])
    }
}

/// What a member's last pulse said of the time.
struct Told: Equatable, Sendable {
    let time: WallTime
    let at: Instant

    /// Nothing from one that has not read its calendar.
    init?(minute: UInt32, at now: Instant) {
        guard minute > 0 else { return nil }
        time = WallTime(milliseconds: Int64(minute) * 60_000) + Witnesses.precision
        at = now
    }
}
