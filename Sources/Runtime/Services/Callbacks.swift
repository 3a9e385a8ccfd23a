import Membership
import Overlay
import Primitives
import Synchronization
import Transport

/// Calls members back that ask whether they can be reached: at the URL of the card they sent, which is their own, and no
/// more often than does no harm to whoever a card may name.
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
    private let state = Mutex(State())

    init(client: PeerClient) {
        self.client = client
    }

    /// Nothing for another's card, or too often.
    func reach(_ card: Card, for asker: NodeID) async -> Reached? {
        guard card.nodeID == asker, admits(asker, at: MonotonicClock.wallTime) else { return nil }
        let outcome = await client.prove(card)
        return Reached(url: outcome, endpoints: card.endpoints.map { Reached.Door($0, .untried) })
    }

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
