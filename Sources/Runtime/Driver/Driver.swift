import Overlay
import Primitives
import ServiceLifecycle

/// The only writer of the machine: takes events from the inbox, hands each to the overlay, performs what it decides,
/// and wakes it when its deadline comes.
struct Driver: Service {
    let inbox: Inbox
    let performer: Performer
    let clock: MonotonicClock
    private let initial: Overlay

    init(overlay: Overlay, inbox: Inbox, performer: Performer, clock: MonotonicClock) {
        initial = overlay
        self.inbox = inbox
        self.performer = performer
        self.clock = clock
    }

    /// Runs until it is told to stop, which is after everything else has: what the doors said last is still handled.
    func run() async {
        await withGracefulShutdownHandler {
            await drive()
        } onGracefulShutdown: {
            inbox.close()
        }
    }

    private func drive() async {
        var overlay = initial
        var actions: [Overlay::Action] = []
        var alarm = Alarm(inbox: inbox, clock: clock)
        for await _ in inbox.arrivals {
            handle(&overlay, &actions)
            alarm.set(overlay.nextDeadline)
        }
        alarm.set(nil)
        // The end may also be a cancellation: whoever asked meanwhile still gets an answer.
        inbox.close()
        handle(&overlay, &actions)
    }

    private func handle(_ overlay: inout Overlay, _ actions: inout [Overlay::Action]) {
        for item in inbox.drain() {
            switch item {
            case .event(let event):
                overlay.handle(event, at: clock.now, into: &actions)
                performer.perform(actions)
                actions.removeAll(keepingCapacity: true)
            case .question(let question):
                question(overlay)
            }
        }
    }
}

/// Delivers `.wake` when the deadline it was last set to has come.
private struct Alarm {
    let inbox: Inbox
    let clock: MonotonicClock
    private var deadline: Instant?
    private var sleeper: Task<Void, Never>?

    init(inbox: Inbox, clock: MonotonicClock) {
        self.inbox = inbox
        self.clock = clock
    }

    mutating func set(_ next: Instant?) {
        // A deadline that has passed and is named again needs a wake of its own.
        let isNew = next != deadline
        deadline = next
        guard let next else {
            sleeper?.cancel()
            return
        }
        guard isNew || next <= clock.now else { return }
        sleeper?.cancel()
        let inbox = inbox
        let clock = clock
        sleeper = Task {
            guard (try? await clock.sleep(until: next)) != nil else { return }
            inbox.post(.wake)
        }
    }
}
