import Allowance
import CLinux
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
        inbox.post(.start(MonotonicClock.wallTime))
        end(overlay.ledger.state.period, at: MonotonicClock.wallTime)
        account.renew()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var reviewed = ContinuousClock.now
            var next = reviewed + pause
            var check = ClockCheck(wall: MonotonicClock.wallTime, at: clock.now)
            var dropped: UInt64 = 0
            var period: Period?
            while (try? await Task.sleep(for: min(Self.reviewInterval, next - .now))) != nil {
                let moment = ContinuousClock.now
                account.review(after: moment - reviewed)
                reviewed = moment
                guard moment >= next else { continue }
                next = moment + pause
                let now = time(&check, period)
                if let period { end(period, at: now) }
                checkDisk()
                Self.check(folder, troubles)
                Self.check(inbox, &dropped, troubles)
                inbox.post(.wallClock(now))
                inbox.post(.period(settings.quota.period.period(containing: now)))
                inbox.post(.remaining(account.remaining))
                let heard = await inbox.ask { ($0.curator.heldForOthers, $0.ledger.state.period) }
                guard let (held, accounted) = heard else { return }
                period = accounted
                measure(held: held)
            }
        }
    }

    /// Never beyond the end of the period: what is sent after it belongs to the next.
    private var pause: Duration {
        let now = MonotonicClock.wallTime
        let isTroubled = troubles.current.contains { !Self.ofTheNetwork.contains($0.kind) }
        let interval = isTroubled ? Self.troubledInterval : Self.interval
        return min(interval, max(.milliseconds(1), settings.quota.period.period(containing: now).ends - now))
    }

    /// Tells the account when its period ends: what is sent after that belongs to the next one, of which nothing is leased
    /// until the machine has begun it, and that may be late.
    private func end(_ period: Period, at now: WallTime) {
        guard let end = period.end(beside: settings.quota.period.period(containing: now)) else {
            return account.end(when: nil)
        }
        let instant = ContinuousClock.now + (end - now)
        account.end { ContinuousClock.now >= instant }
    }

    /// The wall clock, as far as it can be believed.
    /// - Parameter period: of the account; nothing before it was heard.
    private func time(_ check: inout ClockCheck, _ period: Period?) -> WallTime {
        let isSynchronised = clinux_clock_is_synchronised() != 0
        let (time, gap) = check.read(MonotonicClock.wallTime, at: clock.now, isSynchronised: isSynchronised)
        if let gap {
            troubles.raise(
                .clock,
                "The clock was set \(gap > .zero ? "ahead" : "back") by \(gap.inWords) while the node ran, and no new "
                    + "period of the allowance begins by it; set the clock right, or restart the node if it is right.")
        } else if let sentence = period?.warning(at: time) {
            troubles.raise(.clock, sentence)
        } else if period != nil {
            troubles.clear(.clock)
        }
        return time
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
