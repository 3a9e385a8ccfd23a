import Allowance
import Catalogue
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

    /// Free disk is told to others in steps of 19 %; ten seconds of the fastest disk do not take that much of it.
    static let interval = Duration.seconds(10)

    /// The first words that the machine hears, whoever else has something to say.
    func begin(_ overlay: Overlay) {
        measure(held: overlay.curator.heldForOthers)
        inbox.post(.start(MonotonicClock.wallTime))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var reviewed = ContinuousClock.now
            while (try? await Task.sleep(for: pause)) != nil {
                let now = MonotonicClock.wallTime
                account.review(after: ContinuousClock.now - reviewed)
                reviewed = ContinuousClock.now
                inbox.post(.wallClock(now))
                inbox.post(.period(settings.quota.period.period(containing: now)))
                inbox.post(.remaining(account.usage.remaining))
                guard let held = await inbox.ask({ $0.curator.heldForOthers }) else { return }
                measure(held: held)
            }
        }
    }

    /// Never beyond the end of the period: what is sent after it belongs to the next.
    private var pause: Duration {
        let now = MonotonicClock.wallTime
        return min(Self.interval, max(.milliseconds(1), settings.quota.period.period(containing: now).ends - now))
    }

    private func measure(held: ByteCount) {
        guard let free = try? folder.freeDisk() else { return }
        let room = settings.diskBudget(free: free, held: held) - held
        inbox.post(
            .measured(freeDisk: min(free, max(.zero, room)), load: Self.load(connections: server.counts.connections)))
    }

    /// The load class: nothing up to 8 connections, one more each time they double, so that 7 is 512 and more.
    static func load(connections: Int) -> UInt8 {
        let doublings = Int.bitWidth - (connections / 8).leadingZeroBitCount
        return min(Status.heaviestLoad, UInt8(clamping: doublings))
    }
}
