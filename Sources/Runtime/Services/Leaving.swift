import Console
import Primitives
import Synchronization

/// How a node that was told to leave its network comes to an end: the machine says when all is done.
final class Leaving: Sendable {
    private enum Word: Hashable {
        case left
    }

    private let waiting = Waiting<Word, Void>()
    private let isDone = Atomic(false)
    /// Posts and joins go before a leave that comes after them, and not into one that has begun.
    private let gate = Mutex((isClosed: false, inside: 0, isJoining: false))
    /// Ends when the node has left.
    let left: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    /// Where it is kept until when a node is leaving; forgotten with the network that it left.
    static let key = "network.leaving"
    /// After a restart: long enough to hand over a little, and no longer than may be asked for.
    static let leastTime = Duration.seconds(60)
    static let mostTime = Duration.seconds(LeaveQuestion.longestSeconds)

    static func text(_ deadline: WallTime) -> String { String(deadline.milliseconds) }

    /// Until when a node was leaving when it was stopped, as it was kept.
    static func deadline(_ text: String?) -> WallTime? {
        text.flatMap { Int64($0) }.map { WallTime(milliseconds: $0) }
    }

    /// The machine keeps to the time it was given; only a driver that hangs takes longer.
    static let grace = Duration.seconds(15)

    init() {
        (left, end) = AsyncStream.makeStream()
    }

    /// Whether the node is to forget its network once everything has stopped.
    var isOver: Bool { isDone.load(ordering: .acquiring) }

    /// Something begins that must not be cut in half by leaving; `exit` says when it is over.
    func enter() throws(OperatorError) {
        let isClosed = gate.withLock { gate in
            if !gate.isClosed { gate.inside += 1 }
            return gate.isClosed
        }
        guard isClosed else { return }
        throw OperatorError(
            .conflict,
            "This node is leaving its network, and stops when it has; try again when it was started with `node run` "
                + "afterwards.")
    }

    func exit() {
        gate.withLock { $0.inside -= 1 }
    }

    /// As `enter`, for what takes the node into another network, which happens one at a time: of two, each would find
    /// the node free. `exitJoining` says when it is over.
    func enterJoining() throws(OperatorError) {
        try enter()
        let isFirst = gate.withLock { gate in
            defer { gate.isJoining = true }
            return !gate.isJoining
        }
        guard !isFirst else { return }
        exit()
        throw OperatorError(
            .conflict, "This node is joining a network already; wait until that is done, and see `node status` then.")
    }

    func exitJoining() {
        gate.withLock { $0.isJoining = false }
        exit()
    }

    /// From here on nothing enters.
    func close() throws(OperatorError) {
        let isFree = gate.withLock { gate in
            if gate.inside == 0 { gate.isClosed = true }
            return gate.isClosed
        }
        guard isFree else {
            throw OperatorError(
                .conflict, "A file is being posted at this node, or a network joined; leave when that is done.")
        }
    }

    /// The node stays after all.
    func open() {
        gate.withLock { $0.isClosed = false }
    }

    /// The machine has said good-bye.
    func finish() {
        isDone.store(true, ordering: .releasing)
        waiting.fulfil(.left, with: ())
        end.finish()
    }

    /// Waits until the node has left. What was begun goes on when it takes too long: nothing enters then, either.
    func wait(atMost limit: Duration, grace: Duration = Leaving.grace, start: () -> Void) async throws(OperatorError) {
        guard await waiting.value(for: .left, within: limit + grace, start: start) == nil else { return }
        throw OperatorError(
            .failed,
            "The node has not said good-bye in time, goes on trying, and stops when it has; wait for that, or stop it and run "
                + "`node leave --now`.")
    }
}
