import Primitives
import Storage
import Synchronization
import Transport

/// The network this node belongs to, as every service sees it. It changes when the node joins another one.
final class Belonging: Sendable {
    private struct State {
        var membership: NetworkMembership
        var isOpen: Bool
        var via: ViaTokens
        var seenAs: IPAddress?
    }

    private let state: Mutex<State>

    /// - Parameter isOpen: whether strangers are let in without an invite.
    init(_ membership: NetworkMembership, isOpen: Bool, seenAs: IPAddress?) {
        state = Mutex(
            State(
                membership: membership, isOpen: isOpen, via: ViaTokens(networkKey: membership.networkKey),
                seenAs: seenAs))
    }

    var membership: NetworkMembership { state.withLock(\.membership) }
    var via: ViaTokens { state.withLock(\.via) }

    /// Whether strangers are let in without an invite: the founder's decision, not that of every member. A member opens
    /// what it found open.
    var isOpen: Bool { state.withLock(\.isOpen) }

    /// Where this node was seen to come from by who let it in.
    var seenAs: IPAddress? { state.withLock(\.seenAs) }

    /// This node's next card is to be newer than this one.
    /// - Returns: whether the node still belongs to that network.
    func raise(cardVersion: UInt64, in network: NodeID) -> Bool {
        state.withLock {
            guard $0.membership.founder == network else { return false }
            $0.membership.cardVersion = max($0.membership.cardVersion, cardVersion)
            return true
        }
    }

    func enter(_ membership: NetworkMembership, isOpen: Bool, seenAs: IPAddress?) {
        state.withLock {
            $0 = State(
                membership: membership, isOpen: isOpen, via: ViaTokens(networkKey: membership.networkKey),
                seenAs: seenAs)
        }
    }
}
