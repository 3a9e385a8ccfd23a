import Synchronization

/// How a node that was told to leave its network comes to an end: the machine says when all is done.
final class Leaving: Sendable {
    private enum Word: Hashable {
        case left
    }

    private let waiting = Waiting<Word, Void>()
    private let isDone = Atomic(false)
    /// Ends when the node has left.
    let left: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    /// The machine keeps to the time it was given; only a driver that hangs takes longer.
    static let grace = Duration.seconds(15)

    init() {
        (left, end) = AsyncStream.makeStream()
    }

    /// Whether the node is to forget its network once everything has stopped.
    var isOver: Bool { isDone.load(ordering: .acquiring) }

    /// The machine has said good-bye.
    func finish() {
        isDone.store(true, ordering: .releasing)
        waiting.fulfil(.left, with: ())
        end.finish()
    }

    /// Waits until the node has left; whether it has.
    func wait(atMost limit: Duration, start: () -> Void) async -> Bool {
        await waiting.value(for: .left, within: limit + Self.grace, start: start) != nil
    }
}
