import Console
import Membership
import Overlay
import Primitives
import Storage
import Transport

/// Takes this node into another network.
struct Joiner: Sendable {
    let inbox: Inbox
    let client: PeerClient
    let directory: Directory
    let datagrams: SealedDatagrams
    let database: Database
    let belonging: Belonging
    let scribe: Scribe
    let card: OwnCard
    let leaving: Leaving
    let sighting: Sighting

    /// Joins by an invite, or by the address of a member of an open network.
    func join(_ peer: String) async throws -> JoinResult {
        try leaving.enterJoining()
        defer { leaving.exitJoining() }
        let before = belonging.membership
        let door = try door(of: peer)
        // Before the invite is spent.
        if case .invite(let invite) = door { try await checkFree(for: invite.network) }
        try checkUsable(door)
        let joined = try await knock(at: door)
        // Who left the network it founded has another key since.
        let wasMember = joined.founder == before.founder && joined.networkKey == before.networkKey
        try await checkFree(for: joined.founder)
        let membership =
            wasMember
            ? before
            : NetworkMembership(
                founder: joined.founder, networkKey: joined.networkKey,
                certificate: joined.founder == card.identity.nodeID ? nil : joined.certificate,
                cardVersion: before.cardVersion)
        let foundOpen = if case .open = door { true } else { false }
        try await enter(membership, joined, isOpen: wasMember ? belonging.isOpen : foundOpen)
        let roster = await inbox.ask { $0.roster }
        let name = roster?[joined.issuer]?.card.value.name ?? ""
        return JoinResult(
            network: joined.founder, peer: joined.issuer, peerName: name,
            memberCount: 1 + (roster?.members.filter(\.isPresent).count ?? 0), wasMember: wasMember,
            advice: sighting.advice(on: joined.seenAs))
    }

    /// In a network of private addresses, a node that may not use them reaches nobody.
    private func checkUsable(_ door: PeerClient.Door) throws(OperatorError) {
        let url =
            switch door {
            case .invite(let invite): invite.url
            case .open(let url): url
            }
        guard let address = sighting.unusable, NodeURL(url)?.authority.address?.isPrivate == true else { return }
        throw OperatorError(
            .unusable,
            "This node could not join: its address \(address) and that of \(url) are private; allow such addresses with "
                + "--private.")
    }

    private func knock(at door: PeerClient.Door) async throws -> Joined {
        do {
            return try await client.join(door, reachedAt: sighting.addresses)
        } catch {
            throw OperatorError(.failed, "This node could not join: \(error).")
        }
    }

    private func door(of peer: String) throws -> PeerClient.Door {
        if peer.lowercased().hasPrefix("potluck") {
            let invite: Invite
            do {
                invite = try Invite(peer)
            } catch {
                throw OperatorError(.unusable, "This node could not join: \(error).")
            }
            guard invite.inviter != card.identity.nodeID else {
                throw OperatorError(.conflict, "This invite was made by this node; hand it to who runs another one.")
            }
            return .invite(invite)
        }
        guard let url = NodeURL(peer.contains("://") ? peer : "http://" + peer) else {
            throw OperatorError(
                .unusable,
                "“\(SettingsText.excerpt(peer))” is neither an invite nor the address of a node; give one such as "
                    + "192.0.2.1:8080.")
        }
        guard url.description != card.url else {
            throw OperatorError(.conflict, "\(url) is the address of this node itself; give that of another one.")
        }
        return .open(url: url.description)
    }

    /// A node with company keeps to it until it takes its leave: its members count on what it holds. One that founded a
    /// network of which nobody else ever was may join any. Where somebody was, be they dead or forgotten, the network
    /// keeps the founder's name, and the founder takes another one when it leaves.
    private func checkFree(for network: NodeID) async throws {
        let membership = belonging.membership
        guard network != membership.founder else { return }
        let roster = await inbox.ask { $0.roster }
        let others = roster?.members.count(where: \.isPresent) ?? 0
        guard others > 0 || membership.certificate != nil || !directory.certificates.isEmpty else { return }
        let founder = roster?[membership.founder]?.card.value.name
        let name = founder.map { "“\(FileName.printable($0))” founded (\(membership.founder.short))" }
        throw OperatorError(
            .conflict,
            "This node belongs to the network that \(name ?? "\(membership.founder.short) founded") and cannot join "
                + "that of \(network.short) as well; leave the one with `node leave` first, or run a second node with its own "
                + "--data.")
    }

    /// First all that can fail, then the rest.
    private func enter(_ membership: NetworkMembership, _ joined: Joined, isOpen: Bool) async throws {
        var membership = membership
        let own = try card.signed(for: membership, at: MonotonicClock.wallTime)
        membership.cardVersion = own.value.version
        let (kept, table) = (membership, joined.table)
        // Who joins a network stays.
        let settings = [
            Self.foundOpen: isOpen ? "yes" : nil, Self.seenAs: joined.seenAs?.description, Leaving.key: nil,
        ]
        try await scribe.perform { [database] in
            try database.enter(kept, certificates: joined.certificates, table: table, settings: settings)
        }
        directory.enter(network: membership.founder)
        directory.learn(joined.certificates.map(\.value) + [membership.certificate].compactMap(\.self))
        for news in joined.table {
            if case .card(let card) = news.value { directory.learn(news.part { _ in card }) }
        }
        directory.learn(own)
        datagrams.enter(networkKey: membership.networkKey)
        belonging.enter(membership, isOpen: isOpen, seenAs: joined.seenAs)
        inbox.post(.admitted(own, joined.table))
    }

    /// Kept where this node joined a network that was open.
    static let foundOpen = "network.isOpen"
    /// Where the request to join was seen to come from.
    static let seenAs = "network.seenAs"
}
