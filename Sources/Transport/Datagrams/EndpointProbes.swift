internal import Membership
internal import Primitives

/// Challenges sent for the sake of members who want to know whether they are reached: what comes of them is told, and
/// nothing else follows from it.
struct EndpointProbes {
    /// At once; who comes beyond is not probed.
    static let limit = 64
    /// Challenges to one endpoint: datagrams get lost.
    static let attempts = 3
    /// How long each of them is waited for.
    static let patience = Duration.seconds(1)

    private var peers: [UInt64: NodeID] = [:]

    /// The nonce for one endpoint; nothing when too many are under way.
    mutating func begin(for peer: NodeID) -> UInt64? {
        guard peers.count < Self.limit else { return nil }
        let nonce = UInt64.random(in: 1 ... .max)
        peers[nonce] = peer
        return nonce
    }

    mutating func end(_ nonce: UInt64) { peers[nonce] = nil }

    /// Whether this is the answer of the member that was asked; it counts once.
    mutating func take(_ nonce: UInt64, from peer: NodeID) -> Bool {
        guard peers[nonce] == peer else { return false }
        peers[nonce] = nil
        return true
    }
}
