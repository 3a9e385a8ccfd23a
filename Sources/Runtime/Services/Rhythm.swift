import Overlay
import Primitives
import ServiceLifecycle
import Storage

/// Tells the machine, regularly, what only this computer knows: the calendar, and the room on its disk.
struct Rhythm: Service {
    let inbox: Inbox
    let folder: PieceFolder
    let settings: Settings

    /// Free disk is told to others in steps of 19 %; ten seconds of the fastest disk do not take that much of it.
    static let interval = Duration.seconds(10)

    func run() async throws {
        measure()
        inbox.post(.start(MonotonicClock.wallTime))
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let now = MonotonicClock.wallTime
                inbox.post(.wallClock(now))
                inbox.post(.period(settings.quota.period.period(containing: now)))
                measure()
            }
        }
    }

    private func measure() {
        guard let free = try? folder.freeDisk() else { return }
        inbox.post(.measured(freeDisk: settings.diskBudget(free: free, held: .zero), load: 0))
    }
}
