public import Primitives

/// Holds the wall clock against the machine's uptime: a clock that jumps while the node runs grants no allowance.
///
/// Where they disagree, the earlier of the two is gone by: so a clock that jumped ahead begins no period early and
/// makes nothing expire, one that was set back grants nothing, and neither stops the account for good. It ends when
/// they agree again, when the machine says that its clock is disciplined by others (NTP), or with a restart, which asks
/// the neighbours (`StartCheck`).
public struct ClockCheck: Sendable {
    /// More between two readings is a jump: no clock drifts so fast, and whoever sets one by less moves nothing.
    public static let tolerance = Duration.seconds(120)

    /// The last reading that was believed.
    private var wall: WallTime
    private var instant: Instant

    public init(wall: WallTime, at now: Instant) {
        self.wall = wall
        instant = now
    }

    /// The time to go by, and how far the wall clock is ahead of the uptime, or behind it, where it is not believed.
    public mutating func read(
        _ wall: WallTime, at now: Instant, isSynchronised: Bool
    ) -> (time: WallTime, gap: Duration?) {
        let expected = self.wall + (now - instant)
        let gap = wall - expected
        guard isSynchronised || (gap >= .zero - Self.tolerance && gap <= Self.tolerance) else {
            return (min(wall, expected), gap)
        }
        self.wall = wall
        instant = now
        return (wall, nil)
    }
}
