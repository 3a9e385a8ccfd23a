import Geography
import Membership
import Primitives
import Storage
import Transport

/// What this node says about itself on its card.
struct OwnCard: Sendable {
    let identity: Identity
    let name: String
    let endpoints: [Endpoint]
    let url: String
    let place: Place?
    let share: ByteCount

    /// A signed card for a network, newer than `membership.cardVersion` says the last one was.
    func signed(for membership: NetworkMembership, at now: WallTime) throws(WireError) -> Verified<Card> {
        let card = Card(
            nodeID: identity.nodeID, agreementKey: identity.agreementKey, network: membership.founder,
            version: max(membership.cardVersion + 1, UInt64(max(0, now.milliseconds))), name: name,
            endpoints: endpoints, url: url, place: place, share: share, certificate: membership.certificate)
        try card.checkLimits()
        return identity.sign(card)
    }
}
