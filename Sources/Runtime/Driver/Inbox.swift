import Overlay
import Primitives
import Synchronization

/// What waits for the driver: events from every door, and questions about the machine's state.
///
/// Bounded. Datagrams are dropped when it is full, as a network drops them; what a transfer, a disk or a person did is
/// never dropped, since each of those is bounded where it starts.
final class Inbox: Sendable {
    enum Item: Sendable {
        case event(Overlay::Event)
        /// Reads the machine between two events.
        case question(@Sendable (borrowing Overlay) -> Void)
    }

    /// Datagrams beyond this many waiting items are dropped: some two seconds of a flood at what one core handles.
    static let limit = 8_192

    private struct State {
        var items: [Item] = []
        var isClosed = false
        var dropped: UInt64 = 0
    }

    private let state = Mutex(State())
    private let bell: AsyncStream<Void>.Continuation
    private let rings: AsyncStream<Void>

    init() {
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many datagrams found the inbox full.
    var dropped: UInt64 { state.withLock { $0.dropped } }

    func post(_ event: Overlay::Event) {
        put(.event(event))
    }

    /// A datagram, if there is room.
    func offer(_ event: Overlay::Event) {
        let hasRoom = state.withLock { state in
            if state.items.count >= Self.limit { state.dropped += 1 }
            return state.items.count < Self.limit
        }
        if hasRoom { put(.event(event)) }
    }

    /// The answer to a question about the machine as it stands once all earlier events are handled.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (borrowing Overlay) -> Answer) async -> Answer? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Answer?, Never>) in
            let isOpen = put(.question { continuation.resume(returning: question($0)) })
            if !isOpen { continuation.resume(returning: nil) }
        }
    }

    /// Everything that waits, in order. Empty when there is nothing.
    func drain() -> [Item] {
        state.withLock { state in
            let items = state.items
            state.items = []
            return items
        }
    }

    /// Nothing is taken any more; what waits can still be drained.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.finish()
    }

    /// One element whenever something was put after a drain. Ends when the inbox is closed.
    var arrivals: AsyncStream<Void> { rings }

    @discardableResult
    private func put(_ item: Item) -> Bool {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.items.append(item) }
            return !state.isClosed
        }
        if isOpen { bell.yield() }
        return isOpen
    }
}
