import Membership
import Overlay
import Primitives
import Synchronization
import Transport

/// Calls members back that ask whether they can be reached: at the URL and the endpoints of the card they sent, which
/// is their own, and no more often than does no harm to whoever a card may name.
final class Callbacks: Sendable {
    /// Between two calls to one member; who asks again meanwhile is told what comes of the last.
    static let pause = Duration.seconds(10)
    /// In a minute, to all members together.
    static let limit = 30

    private struct State {
        var minute = Int64.min
        var count = 0
        /// The last calls to members.
        var last: [NodeID: Call] = [:]
    }

    private struct Call {
        let at: WallTime
        /// Of the card.
        let version: UInt64
        /// What comes of it.
        let reached: Task<Reached, Never>
    }

    private let client: PeerClient
    private let datagrams = Mutex<SealedDatagrams?>(nil)
    private let state = Mutex(State())

    init(client: PeerClient) {
        self.client = client
    }

    /// Nothing for another's card, or too often.
    func reach(_ card: Card, for asker: NodeID) async -> Reached? {
        guard card.nodeID == asker else { return nil }
        return await call(card, at: MonotonicClock.wallTime)?.value
    }

    /// Datagrams are to be sent through these from now on: their sockets are bound when the public door is open
    /// already.
    func attach(_ datagrams: SealedDatagrams) { self.datagrams.withLock { $0 = datagrams } }

    private func call(_ card: Card, at now: WallTime) -> Task<Reached, Never>? {
        state.withLock { state in
            let minute = now.milliseconds / 60_000
            if minute != state.minute {
                state.minute = minute
                state.count = 0
                state.last = state.last.filter { $0.value.at <= now && now - $0.value.at < Self.pause }
            }
            if let last = state.last[card.nodeID], last.at <= now, now - last.at < Self.pause {
                return last.version == card.version ? last.reached : nil
            }
            guard state.count < Self.limit else { return nil }
            state.count += 1
            let reached = Task { await ask(card) }
            state.last[card.nodeID] = Call(at: now, version: card.version, reached: reached)
            return reached
        }
    }

    private func ask(_ card: Card) async -> Reached {
        async let url = client.prove(card)
        async let endpoints =
            datagrams.withLock(\.self)?.probe(card) ?? card.endpoints.map { Reached.Door($0, .untried) }
        return Reached(url: await url, endpoints: await endpoints)
    }
}
