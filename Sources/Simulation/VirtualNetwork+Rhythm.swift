internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

/// The regular reading of clock, calendar and disk, as `Rhythm` in Runtime does it.
extension VirtualNetwork {
    /// While something is wrong, it is looked for more often.
    private static let troubledRhythm = Duration.seconds(2)

    /// The first words that a machine hears.
    mutating func beginRhythm(_ run: Run) {
        measure(run)
        let wall = wallTime(of: run.node)
        // The first reading says whether it is right.
        deliver(.start(wall, isConfirmed: false), to: run)
        guard let period = nodes[run.node].process?.overlay.ledger.state.period else { return }
        if isOver(period, at: wall, for: run.node) {
            suspend(true, at: run)
            waitForTurn(run)
        } else {
            foreseeEnd(of: period, at: wall, for: run)
        }
        renewIfLow(run)
        schedule(.rhythm(run), after: Self.troubledRhythm)
    }

    mutating func beat(_ run: Run) {
        guard isRunning(run), var clock = nodes[run.node].process?.clock,
            let period = nodes[run.node].process?.overlay.ledger.state.period
        else { return }
        let isSynchronised = nodes[run.node].clockError == .zero
        var witnesses = Witnesses.none
        if clock.isStarting, !isSynchronised, let roster = nodes[run.node].process?.overlay.roster {
            witnesses = roster.witnesses(at: now)
        }
        let reading = clock.read(wallTime(of: run.node), witnesses, at: now, isSynchronised: isSynchronised)
        nodes[run.node].process?.clock = clock
        go(by: reading, period, run)
        review(run)
        measure(run)
        schedule(.rhythm(run), after: pause(while: clock, at: run.node))
    }

    /// Where a new period is due that may not begin yet, nobody gets files: it is not known which period would pay.
    private mutating func go(by reading: TrustedClock.Reading, _ period: Period, _ run: Run) {
        let isWaiting = reading.isWaiting { isOver(period, at: $0, for: run.node) }
        suspend(isWaiting, at: run)
        deliver(.wallClock(reading.time, isConfirmed: reading.isConfirmed), to: run)
        guard !isWaiting else {
            nodes[run.node].process?.door.end(at: nil)
            return waitForTurn(run)
        }
        if isOver(period, at: reading.time, for: run.node) {
            nodes[run.node].process?.door.end(at: now)
            if let spent = nodes[run.node].process?.door.leases.usage.spent {
                nodes[run.node].process?.turn.end(spent: spent)
            }
        } else {
            foreseeEnd(of: period, at: reading.time, for: run)
        }
        settleTurn(run)
        guard let certain = reading.certain else { return }
        deliver(.period(Conditions.period(of: nodes[run.node].machine.period, at: certain)), to: run)
    }

    /// Never beyond the end of the period: what is sent after it belongs to the next.
    private func pause(while clock: TrustedClock, at index: Int) -> Duration {
        let isTroubled = clock.isStarting || nodes[index].disk.isRefusing
        let interval = isTroubled ? Self.troubledRhythm : conditions.rhythm
        let wall = wallTime(of: index)
        let end = Conditions.period(of: nodes[index].machine.period, at: wall).ends
        return min(interval, max(.milliseconds(1), end - wall))
    }

    /// Whether the next period has begun by the calendar.
    private func isOver(_ period: Period, at time: WallTime, for index: Int) -> Bool {
        Conditions.period(of: nodes[index].machine.period, at: time).starts >= period.ends
    }

    private mutating func foreseeEnd(of period: Period, at time: WallTime, for run: Run) {
        let current = Conditions.period(of: nodes[run.node].machine.period, at: time)
        let end = period.end(beside: current)
        nodes[run.node].process?.door.end(at: end.map { now + ($0 - time) })
    }

    private mutating func suspend(_ isSuspended: Bool, at run: Run) {
        guard nodes[run.node].process?.door.leases.isSuspended != isSuspended else { return }
        nodes[run.node].process?.door.leases.isSuspended = isSuspended
        payWaiting(run)
    }

    private mutating func waitForTurn(_ run: Run) {
        guard let leases = nodes[run.node].process?.door.leases else { return }
        nodes[run.node].process?.turn.wait(spent: leases.usage.spent, era: leases.era)
    }

    /// Counts to the period that has begun what was sent while it was due.
    private mutating func settleTurn(_ run: Run) {
        guard let era = nodes[run.node].process?.door.leases.era,
            let owed = nodes[run.node].process?.turn.settle(era: era)
        else { return }
        for kind in TrafficClass.allCases {
            _ = nodes[run.node].process?.door.leases.record(owed[kind], for: kind, in: era)
        }
    }

    private mutating func measure(_ run: Run) {
        guard let held = nodes[run.node].process?.overlay.curator.heldForOthers else { return }
        let isTaking = !nodes[run.node].disk.isRefusing && !nodes[run.node].troubles.isDiskFull
        let room = isTaking ? max(.zero, nodes[run.node].freeDisk - held) : .zero
        deliver(.measured(freeDisk: room, load: 0), to: run)
    }
}
