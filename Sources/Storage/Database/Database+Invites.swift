import GRDB
public import Primitives

/// An invite as it is kept: the secret itself is with whoever was given it.
public struct InviteRecord: Hashable, Sendable {
    public var secretHash: Bytes32
    public var expires: WallTime
    public var usesLeft: Int

    public init(secretHash: Bytes32, expires: WallTime, usesLeft: Int) {
        self.secretHash = secretHash
        self.expires = expires
        self.usesLeft = usesLeft
    }
}

/// What came of showing an invite.
public enum Redemption: Hashable, Sendable {
    /// It was good, and one use of it is gone, unless this node had redeemed it before.
    case redeemed
    case unknown
    case expired
    case usedUp
}

extension Database {
    /// How long an expired invite is remembered, so that whoever shows it is told why it does not work.
    private static let inviteMemory = Duration.seconds(30 * 86_400)

    /// Keeps a new invite, and forgets those long expired.
    public func write(_ invite: InviteRecord, at now: WallTime) throws(StorageError) {
        precondition(invite.usesLeft > 0, "an invite can be used")
        try transaction { database in
            try database.run(
                "DELETE FROM invites WHERE expires < ?", [(now + (.zero - Self.inviteMemory)).milliseconds])
            try database.run(
                """
                INSERT INTO invites (secret_hash, expires, uses_left, checksum)
                VALUES (?1, ?2, ?3, row_sum('invites', ?1, ?2, ?3))
                """,
                [invite.secretHash.data, invite.expires.milliseconds, invite.usesLeft])
        }
    }

    /// The invites that can still be used, the first to expire first.
    public func invites(at now: WallTime) throws(StorageError) -> [InviteRecord] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT secret_hash, expires, uses_left FROM invites WHERE uses_left > 0 AND expires > ?
                    ORDER BY expires, secret_hash
                    """, arguments: [now.milliseconds])
            return try rows.map { row in
                InviteRecord(
                    secretHash: try row.bytes32(at: 0), expires: WallTime(milliseconds: row[1]), usesLeft: row[2])
            }
        }
    }

    /// Uses an invite once, if it is good. However many ask at once, no more get in than it has uses.
    public func redeem(_ secretHash: Bytes32, by node: NodeID, at now: WallTime) throws(StorageError) -> Redemption {
        try transaction { database in
            let invite = try Row.fetchOne(
                database,
                sql: """
                    SELECT expires, uses_left, EXISTS (SELECT * FROM redemptions r
                        WHERE r.secret_hash = invites.secret_hash AND node = ?)
                    FROM invites WHERE secret_hash = ?
                    """, arguments: [node.bytes.data, secretHash.data])
            guard let invite else { return .unknown }
            guard WallTime(milliseconds: invite[0]) > now else { return .expired }
            guard !(invite[2] as Bool) else { return .redeemed }
            guard (invite[1] as Int) > 0 else { return .usedUp }
            try database.run(
                """
                UPDATE invites SET uses_left = uses_left - 1,
                    checksum = row_sum('invites', secret_hash, expires, uses_left - 1)
                WHERE secret_hash = ?
                """, [secretHash.data])
            try database.run(
                "INSERT INTO redemptions (secret_hash, node) VALUES (?, ?)", [secretHash.data, node.bytes.data])
            return .redeemed
        }
    }
}
