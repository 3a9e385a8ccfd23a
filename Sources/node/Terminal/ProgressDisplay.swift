import Primitives
import Synchronization

/// Shows progress: a line that is rewritten ten times a second on a terminal, a plain line now and then elsewhere.
final class ProgressDisplay: Sendable {
    private struct State {
        var progress: Progress
        var meter = RateMeter()
        var lastShown: Instant?
        var columns = 0
        var isOver = false
    }

    private let terminal: Terminal
    private let clock: @Sendable () -> Instant
    private let state: Mutex<State>

    static let rewriteInterval = Duration.milliseconds(100)
    static let plainInterval = Duration.seconds(5)

    init(
        _ label: String, total: ByteCount, unit: Progress.Unit = .bytes, on terminal: Terminal = .current,
        clock: @escaping @Sendable () -> Instant = MonotonicTime.now
    ) {
        self.terminal = terminal
        self.clock = clock
        state = Mutex(State(progress: Progress(label: label, done: .zero, total: total, unit: unit)))
    }

    /// Says how much is done now.
    func update(_ done: ByteCount) {
        let now = clock()
        state.withLock { state in
            guard !state.isOver else { return }
            state.progress.done = done
            state.meter.record(done, at: now)
            state.progress.rate = state.meter.rate
            let interval = terminal.rewritesLines ? Self.rewriteInterval : Self.plainInterval
            guard let lastShown = state.lastShown else {
                state.lastShown = now
                if terminal.rewritesLines { show(&state) }
                return
            }
            guard now - lastShown >= interval else { return }
            state.lastShown = now
            show(&state)
        }
    }

    /// Another name for what is going on.
    func rename(_ label: String) {
        state.withLock { $0.progress.label = label }
    }

    /// Puts a remark above the bar.
    func remark(_ line: String) {
        state.withLock { state in
            erase(&state)
            terminal.remark(line)
        }
    }

    /// Takes the bar away; nothing is shown after it.
    func end() {
        state.withLock { state in
            state.isOver = true
            erase(&state)
        }
    }

    private func show(_ state: inout State) {
        guard terminal.rewritesLines else {
            terminal.remark(state.progress.plainLine)
            return
        }
        let width = (terminal.width ?? Terminal.defaultWidth) - 1
        let line = state.progress.line(width: width, isUnicode: terminal.isUnicode)
        terminal.rewrite(line, over: state.columns)
        state.columns = DisplayWidth.of(line)
    }

    private func erase(_ state: inout State) {
        guard state.columns > 0 else { return }
        terminal.rewrite("", over: state.columns)
        terminal.rewrite("", over: 0)
        state.columns = 0
    }
}

/// The machine's monotonic clock.
enum MonotonicTime {
    private static let origin = ContinuousClock.now

    @Sendable static func now() -> Instant {
        .zero + origin.duration(to: .now)
    }
}
