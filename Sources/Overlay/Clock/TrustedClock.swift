public import Membership
public import Primitives

/// The time to go by: the wall clock, held against what neighbours say after a start, and against the machine's uptime
/// from then on.
public struct TrustedClock: Sendable {
    public enum Doubt: Equatable, Sendable {
        /// Neighbours have not said yet what time it is.
        case unheard
        /// So many neighbours say that the wall clock is ahead by this, or behind.
        case neighbours(gap: Duration, count: Int)
        /// The clock was set ahead by this while the node ran, or back.
        case jump(Duration)
    }

    public struct Reading: Equatable, Sendable {
        public var time: WallTime
        public var doubt: Doubt?
        /// Neighbours have not said yet whether the clock of the start was right.
        public var isOpen = false
        /// How far ahead of the true time it may be, though it is believed.
        public var lead: Duration

        public init(
            time: WallTime, doubt: Doubt? = nil, isOpen: Bool = false, lead: Duration = StartCheck.tolerance
        ) {
            self.time = time
            self.doubt = doubt
            self.isOpen = isOpen
            self.lead = lead
        }

        /// What the time is at least, by which a new period of the allowance may begin; nothing where that is not
        /// known. What the uptime says does not run ahead by more than what was believed before.
        public var certain: WallTime? {
            switch doubt {
            case nil, .jump: isOpen ? nil : time + (.zero - lead)
            case .unheard, .neighbours: nil
            }
        }

        /// Whether a new period is due that may not begin yet.
        /// - Parameter isOver: whether the period of the account is, at a time.
        public func isWaiting(_ isOver: (WallTime) -> Bool) -> Bool {
            isOver(time) && !(certain.map(isOver) ?? false)
        }

        /// Whether what is over by it may be deleted: it is not ahead of what neighbours say, or was believed.
        public var isConfirmed: Bool { !isOpen }
    }

    private enum Trust {
        /// The uptime counts from the start.
        case starting(StartCheck, ClockCheck)
        case running(ClockCheck)
    }

    private var trust: Trust

    public init(wall: WallTime, at now: Instant) {
        trust = .starting(StartCheck(at: now), ClockCheck(wall: wall, at: now))
    }

    /// Whether the clock that the node started with is not believed yet.
    public var isStarting: Bool { if case .starting = trust { true } else { false } }

    public mutating func read(
        _ wall: WallTime, _ witnesses: Witnesses, at now: Instant, isSynchronised: Bool
    ) -> Reading {
        var reading = judge(wall, witnesses, at: now, isSynchronised: isSynchronised)
        if isSynchronised { reading.lead = .zero }
        return reading
    }

    private mutating func judge(
        _ wall: WallTime, _ witnesses: Witnesses, at now: Instant, isSynchronised: Bool
    ) -> Reading {
        switch trust {
        case .starting(let check, var uptime):
            let (time, gap) = uptime.read(wall, at: now, isSynchronised: isSynchronised)
            trust = .starting(check, uptime)
            switch check.read(wall, witnesses, at: now, isSynchronised: isSynchronised) {
            case .believed:
                // A jump that no neighbour confirms stays one.
                let isJump = gap != nil && witnesses.time == nil
                trust = .running(isJump ? uptime : ClockCheck(wall: wall, at: now))
                return isJump ? Reading(time: time, doubt: gap.map { .jump($0) }) : Reading(time: wall)
            case .open: return Reading(time: time, doubt: gap.map { .jump($0) } ?? .unheard, isOpen: true)
            case .doubted(let gap, let count):
                return Reading(
                    time: min(wall, witnesses.time ?? wall), doubt: .neighbours(gap: gap, count: count))
            }
        case .running(var check):
            let (time, gap) = check.read(wall, at: now, isSynchronised: isSynchronised)
            trust = .running(check)
            return Reading(time: time, doubt: gap.map { .jump($0) })
        }
    }
}
