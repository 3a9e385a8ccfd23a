import Dispatch
import Glibc
import Synchronization

/// What a command says when it is told to end, by Ctrl-C or by SIGTERM, with something under way: how things stand, in
/// one sentence, and then it ends with the status that shells know.
///
/// Unchecked: the sources are only kept, not used, once they are made.
final class Interrupt: @unchecked Sendable {
    private let standing: Mutex<@Sendable () -> String>
    private let sources: [any DispatchSourceSignal]

    /// - Parameter standing: how things stand until `now` says something else.
    init(on terminal: Terminal = .current, _ standing: @escaping @Sendable () -> String) {
        self.standing = Mutex(standing)
        let queue = DispatchQueue(label: "potluck.interrupt")
        let numbers = [SIGINT, SIGTERM].filter { number in
            // Whoever runs this in the background, or with nohup, has said that it is not to be ended so.
            var current = sigaction()
            sigaction(number, nil, &current)
            let handler = unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self)
            return handler != unsafeBitCast(SIG_IGN, to: Int.self)
        }
        sources = numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
        for (number, source) in zip(numbers, sources) {
            source.setEventHandler { [self] in
                terminal.remark("Error: \(self.standing.withLock { $0 }())")
                _exit(128 + number)
            }
            source.activate()
        }
    }

    func now(_ standing: @escaping @Sendable () -> String) {
        self.standing.withLock { $0 = standing }
    }
}
