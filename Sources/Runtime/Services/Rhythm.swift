import Allowance
import Catalogue
import Console
import Edge
import Membership
import Overlay
import Primitives
import ServiceLifecycle
import Storage
import Transport

/// Tells the machine, regularly, what only this computer knows: the calendar, the room on its disk, and how busy it is.
struct Rhythm: Service {
    let inbox: Inbox
    let folder: PieceFolder
    let server: PublicServer
    let account: Account
    let settings: Settings
    let troubles: Troubles
    let scribe: Scribe
    let routing: Edge.RoutingTable
    let clock: MonotonicClock

    /// While something is wrong, it is looked for more often.
    static let troubledInterval = Duration.seconds(2)
    /// Nothing of this machine, and found out otherwise.
    private static let ofTheNetwork: Set<Trouble.Kind> = [.portBlocked, .datagramsBlocked, .twin]
    /// A trouble of the disk is over when nobody has met it for so long, and a little can be written …
    static let quiet = Duration.seconds(5)
    /// … and a disk that failed to read or write is watched a while longer.
    static let longQuiet = Duration.seconds(60)

    /// Free disk is told to others in steps of 19 %; ten seconds of the fastest disk do not take that much of it.
    static let interval = Duration.seconds(10)
    /// Leases are for about a second's sending: what a burst left beyond that, a crash would waste.
    static let reviewInterval = Duration.seconds(1)

    /// The first words that the machine hears, whoever else has something to say.
    func begin(_ overlay: Overlay) {
        Self.check(folder, troubles)
        measure(held: overlay.curator.heldForOthers)
        // The first reading says whether it is right.
        inbox.post(.start(MonotonicClock.wallTime, isConfirmed: false))
        let period = overlay.ledger.state.period
        if isOver(period, at: MonotonicClock.wallTime) {
            account.suspend(.clock, true)
        } else {
            end(period, at: MonotonicClock.wallTime)
        }
        account.renew()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var reviewed = ContinuousClock.now
            var next = reviewed + Self.troubledInterval
            var trusted = TrustedClock(wall: MonotonicClock.wallTime, at: clock.now)
            var turning = Turning(account)
            var dropped: UInt64 = 0
            while (try? await Task.sleep(for: min(Self.reviewInterval, next - .now))) != nil {
                let moment = ContinuousClock.now
                account.review(after: moment - reviewed)
                let busy = routing.takeBusy(at: clock.now)
                if !busy.isEmpty { inbox.post(.redirected(busy)) }
                reviewed = moment
                guard moment >= next else { continue }
                next = moment + pause(while: trusted)
                let heard = await inbox.ask { [clock, isStarting = trusted.isStarting] overlay in
                    (
                        overlay.curator.heldForOthers, overlay.ledger.state.period,
                        isStarting ? overlay.roster.witnesses(at: clock.now) : .none
                    )
                }
                guard let (held, period, witnesses) = heard else { return }
                go(by: read(&trusted, witnesses, period), period, &turning)
                checkDisk()
                Self.check(folder, troubles)
                Self.check(inbox, &dropped, troubles)
                inbox.post(.remaining(account.remaining))
                measure(held: held)
            }
        }
    }

    /// Never beyond the end of the period: what is sent after it belongs to the next.
    private func pause(while trusted: TrustedClock) -> Duration {
        let now = MonotonicClock.wallTime
        let isTroubled = trusted.isStarting || troubles.current.contains { !Self.ofTheNetwork.contains($0.kind) }
        let interval = isTroubled ? Self.troubledInterval : Self.interval
        return min(interval, max(.milliseconds(1), settings.quota.period.period(containing: now).ends - now))
    }

    /// Whether the next period has begun by the calendar.
    private func isOver(_ period: Period, at now: WallTime) -> Bool {
        settings.quota.period.period(containing: now).starts >= period.ends
    }

    /// Where a new period is due that may not begin yet, nobody gets files: it is not known which period would pay.
    private func go(by reading: TrustedClock.Reading, _ period: Period, _ turning: inout Turning) {
        let isWaiting = reading.isWaiting { isOver(period, at: $0) }
        account.suspend(.clock, isWaiting)
        inbox.post(.wallClock(reading.time, isConfirmed: reading.isConfirmed))
        guard !isWaiting else {
            account.end(when: nil)
            return turning.wait()
        }
        if isOver(period, at: reading.time) { turning.end() } else { end(period, at: reading.time) }
        turning.settle()
        if let certain = reading.certain { inbox.post(.period(settings.quota.period.period(containing: certain))) }
    }

    /// Tells the account when its period ends: what is sent after that belongs to the next one, of which nothing is
    /// leased until the machine has begun it, and that may be late.
    private func end(_ period: Period, at now: WallTime) {
        guard let end = period.end(beside: settings.quota.period.period(containing: now)) else {
            return account.end(when: nil)
        }
        let instant = ContinuousClock.now + (end - now)
        account.end { ContinuousClock.now >= instant }
    }

    /// The wall clock, as far as it can be believed.
    /// - Parameter period: of the account.
    private func read(_ trusted: inout TrustedClock, _ witnesses: Witnesses, _ period: Period) -> TrustedClock.Reading {
        let reading = trusted.read(
            MonotonicClock.wallTime, witnesses, at: clock.now, isSynchronised: MonotonicClock.isSynchronised)
        switch reading.doubt {
        case .unheard where !isOver(period, at: reading.time): break
        case .some(let doubt): troubles.raise(.clock, doubt.sentence)
        case nil where reading.isWaiting { isOver(period, at: $0) }:
            troubles.raise(.clock, reading.sentenceOfWaiting)
        case nil:
            if let sentence = period.warning(at: reading.time) {
                troubles.raise(.clock, sentence)
            } else {
                troubles.clear(.clock)
            }
        }
        return reading
    }

    private func checkDisk() {
        do throws(StorageError) {
            try folder.probe()
            for kind in [Trouble.Kind.diskFull, .diskReadOnly] { troubles.clear(kind, after: Self.quiet) }
            for kind in [Trouble.Kind.diskFailing, .descriptors] { troubles.clear(kind, after: Self.longQuiet) }
        } catch {
            troubles.raise(error.at(settings.data))
        }
    }

    /// Files that no record named at a start lie aside until a person has looked at them.
    static func check(_ folder: PieceFolder, _ troubles: Troubles) {
        guard let isThere = try? folder.hasOrphans() else { return }
        guard isThere else { return troubles.clear(.strayFiles) }
        troubles.raise(
            .strayFiles,
            "Files that no record names were set aside in \(folder.orphansPath); look at them, and move or remove them."
        )
    }

    /// - Parameter dropped: how many datagrams had found the inbox full when that was last looked at.
    static func check(_ inbox: Inbox, _ dropped: inout UInt64, _ troubles: Troubles) {
        let count = inbox.dropped
        guard count > dropped else { return troubles.clear(.overloaded, after: quiet) }
        dropped = count
        troubles.raise(
            .overloaded,
            "More datagrams come in than this machine handles, and \(count) were dropped since the start; see what else it "
                + "does, and who sends so much.")
    }

    private func measure(held: ByteCount) {
        guard let free = try? folder.freeDisk() else { return }
        // A disk or a database that takes nothing has no room, whatever it says.
        let isTaking = troubles.ofTheDisk == nil && !scribe.isRefused
        let room = isTaking ? settings.diskBudget(free: free, held: held) - held : .zero
        inbox.post(
            .measured(freeDisk: min(free, max(.zero, room)), load: Self.load(connections: server.counts.connections)))
    }

    /// The load class: nothing up to 8 connections, one more each time they double, so that 7 is 512 and more.
    static func load(connections: Int) -> UInt8 {
        let doublings = Int.bitWidth - (connections / 8).leadingZeroBitCount
        return min(Status.heaviestLoad, UInt8(clamping: doublings))
    }
}
