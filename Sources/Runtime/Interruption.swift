import Dispatch
import Glibc
import Synchronization

/// What happens when the process is told to end, by SIGTERM or SIGINT.
///
/// The first time, the node stops in order; as long as nothing runs yet, there is nothing to put in order. The second
/// time it ends at once, and so it does when stopping takes too long, as with a disk that does not answer. That is as
/// safe as being killed: what was leased and not settled counts as sent.
///
/// Unchecked: the sources are only kept, not used, once they are made.
final class Interruption: @unchecked Sendable {
    private enum Phase {
        case starting
        case running(stop: @Sendable () -> Void)
        case stopping
    }

    /// Beyond the grace, what settling and closing may take; a service manager waits for 90 seconds.
    static let patienceSeconds = 20

    private let phase = Mutex(Phase.starting)
    private let queue = DispatchQueue(label: "potluck.interruption")
    private let sources: [any DispatchSourceSignal]

    init() {
        let numbers = [SIGTERM, SIGINT]
        let queue = queue
        sources = numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
        for (number, source) in zip(numbers, sources) {
            source.setEventHandler { [self] in interrupt(number) }
            // It takes the signal over. Were that ignored before, as kqueue has it, one that comes in between would be lost.
            source.activate()
        }
    }

    /// From now on there is something to stop.
    func begin(stop: @escaping @Sendable () -> Void) {
        phase.withLock { $0 = .running(stop: stop) }
    }

    private func interrupt(_ number: Int32) {
        let earlier = phase.withLock { phase in
            defer { phase = .stopping }
            return phase
        }
        switch earlier {
        case .starting:
            _exit(EXIT_SUCCESS)
        case .running(let stop):
            queue.asyncAfter(deadline: .now() + .seconds(Self.patienceSeconds)) {
                Self.end(
                    "Stopping took longer than \(Self.patienceSeconds) seconds, so this node ended without settling its "
                        + "account, and all that was leased counts as sent; check the disk before you start it again.",
                    status: EXIT_FAILURE)
            }
            stop()
        case .stopping:
            Self.end("Told to end a second time, and so at once.", status: 128 + number)
        }
    }

    private static func end(_ sentence: String, status: Int32) -> Never {
        let line = Array((sentence + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
        _exit(status)
    }
}
