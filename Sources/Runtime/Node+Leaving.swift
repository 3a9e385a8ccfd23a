import Catalogue
import Console
import Membership
import Overlay
import Primitives
import Storage
import Transport

// How a data directory's node gets out of its network. Its founder takes a new identity then: the old one is what the
// network is named by, and everybody whom it admitted would be let into the next network under the same name.
extension Node {
    /// Leaves the network without a word: the node of a data directory, which does not run, is in one of its own
    /// afterwards. Its account stays, and unless it founded the network its identity and what it posted; what it held
    /// for others goes.
    /// - Throws: a sentence for the operator, also when there is nothing to leave; then nothing has changed.
    public static func leave(_ data: String) throws {
        let directory = try DataDirectory(existing: data)
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        let database = try Database(at: directory.databasePath)
        let identity = try identity(in: directory, database)
        let membership = try membership(of: identity, in: database)
        guard try membership.certificate != nil || hasCompany(identity.nodeID, in: database) else {
            throw OperatorError(
                .conflict,
                "This node is alone in a network of its own, which it cannot leave; it may join another at once."
            )
        }
        try leave(membership, identity, directory, database, PieceFolder(at: directory.filesPath))
    }

    /// Whether the node of a data directory, which does not run, takes a new identity when it leaves its network.
    public static func isFounder(in data: String) throws -> Bool {
        let database = try Database(at: DataDirectory(existing: data).databasePath)
        guard let membership = try database.membership(), membership.certificate == nil else { return false }
        return try hasCompany(membership.founder, in: database)
    }

    /// In this order, so that a node that is killed in between finishes what the database says, and bytes that no
    /// record names are all that may be left.
    static func leave(
        _ membership: NetworkMembership, _ identity: Identity, _ directory: DataDirectory, _ database: Database,
        _ folder: PieceFolder
    ) throws {
        let isFounder = membership.certificate == nil
        var next = identity
        if isFounder {
            let now = MonotonicClock.wallTime
            try checkNothingPosted(
                try database.load().holdings.count { holding in
                    holding.isOwn && holding.manifest.value.posting.expires.map { $0 > now } ?? true
                })
            next = Identity.generate()
            try directory.prepare(
                successor: IdentityKeys(signingSeed: next.signingSecret, agreementSecret: next.agreementSecret))
        }
        let own = foundation(by: next, cardVersion: membership.cardVersion)
        let files = try database.leaveNetwork(founding: own, keepsPosted: !isFounder)
        if isFounder { try directory.succeed(keepingOldAs: identity.nodeID.short.description) }
        for file in files { try folder.discard(file) }
    }

    /// What a founder posted is signed with an identity that it is about to give up: nobody could take it back any
    /// more.
    static func checkNothingPosted(_ count: Int) throws(OperatorError) {
        guard count > 0 else { return }
        throw OperatorError(
            .conflict,
            "This node founded its network and takes a new identity when it leaves, and the old one has posted "
                + "\(count == 1 ? "a file" : "\(count) files"); take back what `node list` shows from this node with "
                + "`node unpost` first.")
    }

    /// Who the node of a data directory is. A change of identity that was cut short is finished, or undone, as the
    /// database says.
    static func identity(in directory: DataDirectory, _ database: Database) throws -> Identity {
        let current = Identity(try directory.identity())
        guard let successor = try directory.successor() else { return current }
        let next = Identity(successor)
        guard let membership = try database.membership(), membership.member == next.nodeID else {
            try directory.dropSuccessor()
            return current
        }
        if next.nodeID != current.nodeID {
            try directory.succeed(keepingOldAs: current.nodeID.short.description)
        } else {
            try directory.dropSuccessor()
        }
        return next
    }
}

extension Identity {
    init(_ keys: IdentityKeys) {
        self.init(signingSecret: keys.signingSeed, agreementSecret: keys.agreementSecret)
    }
}

extension NetworkMembership {
    /// Whose membership it is.
    var member: NodeID { certificate?.subject ?? founder }

    /// A node with the keys of one and the database of another is neither.
    func check(_ identity: Identity) throws {
        guard member == identity.nodeID else {
            throw SettingsError(
                sentence: "The database is that of the node \(member.short), but the identity that of "
                    + "\(identity.nodeID.short); bring back the identity.key or the potluck.sqlite that belongs to the other."
            )
        }
    }
}
