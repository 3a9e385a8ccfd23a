import Membership
import Overlay
import Primitives
import Synchronization
import Transport

/// Calls members back that ask whether they can be reached: at the URL and the endpoints of the card they sent, which
/// is their own, and no more often than does no harm to whoever a card may name.
final class Callbacks: Sendable {
    /// Between two calls to one member.
    static let pause = Duration.seconds(10)
    /// In a minute, to all members together.
    static let limit = 30

    private struct State {
        var minute = Int64.min
        var count = 0
        /// When members were called back last.
        var last: [NodeID: WallTime] = [:]
    }

    private let client: PeerClient
    private let datagrams = Mutex<SealedDatagrams?>(nil)
    private let state = Mutex(State())

    init(client: PeerClient) {
        self.client = client
    }

    /// Nothing for another's card, or too often.
    func reach(_ card: Card, for asker: NodeID) async -> Reached? {
        guard card.nodeID == asker, admits(asker, at: MonotonicClock.wallTime) else { return nil }
        async let url = client.prove(card)
        async let endpoints =
            datagrams.withLock(\.self)?.probe(card) ?? card.endpoints.map { Reached.Door($0, .untried) }
        return Reached(url: await url, endpoints: await endpoints)
    }

    /// Datagrams are to be sent through these from now on: their sockets are bound when the public door is open
    /// already.
    func attach(_ datagrams: SealedDatagrams) { self.datagrams.withLock { $0 = datagrams } }

    private func admits(_ asker: NodeID, at now: WallTime) -> Bool {
        state.withLock { state in
            let minute = now.milliseconds / 60_000
            if minute != state.minute {
                state.minute = minute
                state.count = 0
                state.last = state.last.filter { $0.value <= now && now - $0.value < Self.pause }
            }
            if let last = state.last[asker], last <= now, now - last < Self.pause { return false }
            guard state.count < Self.limit else { return false }
            state.count += 1
            state.last[asker] = now
            return true
        }
    }
}
