import Primitives
import Storage
import Synchronization
import Transport

/// The network this node belongs to, as every service sees it. It changes when the node joins another one.
final class Belonging: Sendable {
    private struct State {
        var membership: NetworkMembership
        var via: ViaTokens
    }

    private let state: Mutex<State>

    init(_ membership: NetworkMembership) {
        state = Mutex(State(membership: membership, via: ViaTokens(networkKey: membership.networkKey)))
    }

    var membership: NetworkMembership { state.withLock(\.membership) }
    var via: ViaTokens { state.withLock(\.via) }

    func enter(_ membership: NetworkMembership) {
        state.withLock { $0 = State(membership: membership, via: ViaTokens(networkKey: membership.networkKey)) }
    }
}
