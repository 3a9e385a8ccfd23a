public import Membership
public import Primitives

/// Holds the wall clock that a node starts with against what its neighbours' pulses tell of theirs: a node that was
/// down has no uptime to hold it against. Until it is believed, no new period of the allowance begins.
///
/// It is believed at once where others keep it right (NTP), and where there is nobody to ask.
public struct StartCheck: Sendable {
    /// So many neighbours are heard before they are believed, or all there are: their median outweighs one that lies.
    public static let quorum = 3
    /// Longest wait for them: ten of the longest usual intervals. Afterwards those that were heard are enough.
    public static let patience = Duration.seconds(600)
    /// As between two readings of this machine's own clocks, and as much as is lost where pulses tell whole minutes.
    public static let tolerance = ClockCheck.tolerance + Witnesses.precision

    public enum Finding: Equatable, Sendable {
        case believed
        /// Not enough neighbours were heard yet.
        case open
        /// How far the wall clock is ahead of what so many say, or behind it.
        case doubted(gap: Duration, by: Int)
    }

    private let began: Instant

    public init(at now: Instant) {
        began = now
    }

    public func read(_ wall: WallTime, _ witnesses: Witnesses, at now: Instant, isSynchronised: Bool) -> Finding {
        guard !isSynchronised, witnesses.possible > 0 else { return .believed }
        let isOver = now - began >= Self.patience
        guard let time = witnesses.time, isOver || witnesses.count >= min(Self.quorum, witnesses.possible) else {
            return isOver ? .believed : .open
        }
        let gap = wall - time
        return gap >= .zero - Self.tolerance && gap <= Self.tolerance
            ? .believed : .doubted(gap: gap, by: witnesses.count)
    }
}
