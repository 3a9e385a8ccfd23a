import GRDB
public import Membership
@_spi(Verification) public import Primitives

/// What makes this node a member of its network.
public struct NetworkMembership: Equatable, Sendable {
    /// Whose network it is.
    public var founder: NodeID
    /// The secret that all members share.
    public var networkKey: Bytes32
    /// What this node was admitted with; nothing for the founder.
    public var certificate: Certificate?
    /// The version of this node's newest card.
    public var cardVersion: UInt64

    public init(founder: NodeID, networkKey: Bytes32, certificate: Certificate?, cardVersion: UInt64) {
        self.founder = founder
        self.networkKey = networkKey
        self.certificate = certificate
        self.cardVersion = cardVersion
    }
}

extension Database {
    /// The network this node belongs to; nothing before it was initialised.
    public func membership() throws(StorageError) -> NetworkMembership? {
        try read { database in
            let sql = """
                SELECT founder, key, certificate, card_version,
                    checksum = row_sum('network', id, founder, key, certificate, card_version)
                FROM network
                """
            guard let row = try Row.fetchOne(database, sql: sql) else { return nil }
            guard row[4] else { throw Contradiction.network }
            return NetworkMembership(
                founder: NodeID(try row.bytes32(at: 0)), networkKey: try row.bytes32(at: 1),
                certificate: row[2] == nil ? nil : try row.value(at: 2), cardVersion: UInt64(row[3] as Int64))
        }
    }

    /// Replaces what is known of this node's network.
    public func write(_ membership: NetworkMembership) throws(StorageError) {
        try transaction { database in try database.write(membership) }
    }

    /// Takes the node into a network, with all that it needs there: whenever it is killed, it is in the one network or
    /// wholly in the other. Entering another one forgets the members and the invites of the old.
    /// - Parameters:
    ///   - table: whom it will know there.
    ///   - settings: what else is to be kept, or forgotten.
    public func enter(
        _ membership: NetworkMembership, certificates: [Verified<Certificate>], table: [Verified<News>],
        settings: [String: String?]
    ) throws(StorageError) {
        try transaction { database in
            let founder = try Row.fetchOne(database, sql: "SELECT founder FROM network")
            if try founder?.bytes32(at: 0) != membership.founder.bytes {
                try database.run("DELETE FROM news", [])
                try database.run("DELETE FROM invites", [])
            }
            for certificate in certificates { try database.keep(certificate.value) }
            for news in table { try database.write(.news(news)) }
            for (key, value) in settings.sorted(by: { $0.key < $1.key }) { try database.set(value, for: key) }
            try database.write(membership)
        }
    }

    /// Forgets the network that this node belonged to, and all that it knew or kept for it, and makes it the founder of
    /// one of its own: all in one step. Its account stays.
    /// - Parameter keepsPosted: whether what it posted itself stays too; not where it has another identity from now on.
    /// - Returns: the files that are not kept, whose bytes are of no use any more: they are leftovers until the next
    ///   start.
    public func leaveNetwork(
        founding own: NetworkMembership, keepsPosted: Bool
    ) throws(StorageError) -> [FileID] {
        try transaction { database in
            let dropped = keepsPosted ? "is_own = 0" : "TRUE"
            let files = try Row.fetchAll(database, sql: "SELECT file FROM holdings WHERE \(dropped) ORDER BY file")
                .map { FileID(try $0.bytes32(at: 0)) }
            try database.run("DELETE FROM holdings WHERE \(dropped)", [])
            for file in files { try database.noteLeftover(file) }
            for table in ["withdrawals", "owed_withdrawals"] {
                try database.run("DELETE FROM \(table) WHERE publisher <> ?", [own.founder.bytes.data])
            }
            for table in ["news", "certificates", "invites"] { try database.run("DELETE FROM \(table)", []) }
            try database.run("DELETE FROM settings WHERE key LIKE 'network.%'", [])
            try database.write(own)
            return files
        }
    }

    /// Certificates that chains to the founder may need, also after their subjects are forgotten.
    public func certificates() throws(StorageError) -> [Verified<Certificate>] {
        try read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT statement FROM certificates ORDER BY subject, issuer")
            var certificates: [Verified<Certificate>] = []
            while let row = try rows.next() {
                if let certificate: Certificate = try? row.value(at: 0) {
                    certificates.append(Verified(checked: certificate))
                }
            }
            return certificates
        }
    }

    /// Remembers certificates, the last one of each issuer for a subject.
    public func write(_ certificates: [Verified<Certificate>]) throws(StorageError) {
        guard !certificates.isEmpty else { return }
        try transaction { database in
            for certificate in certificates { try database.keep(certificate.value) }
        }
    }
}

extension GRDB::Database {
    fileprivate func write(_ membership: NetworkMembership) throws {
        try run(
            """
            INSERT INTO network (id, founder, key, certificate, card_version, checksum)
            VALUES (1, ?1, ?2, ?3, ?4, row_sum('network', 1, ?1, ?2, ?3, ?4))
            ON CONFLICT DO UPDATE SET founder = excluded.founder, key = excluded.key,
                certificate = excluded.certificate, card_version = excluded.card_version,
                checksum = excluded.checksum
            """,
            [
                membership.founder.bytes.data, membership.networkKey.data, membership.certificate?.wireData,
                Int64(clamping: membership.cardVersion),
            ])
    }

    func keep(_ certificate: Certificate) throws {
        try run(
            """
            INSERT INTO certificates (subject, issuer, statement, checksum)
            VALUES (?1, ?2, ?3, row_sum('certificates', ?1, ?2, ?3))
            ON CONFLICT DO UPDATE SET statement = excluded.statement, checksum = excluded.checksum
            """,
            [certificate.subject.bytes.data, certificate.issuer.bytes.data, certificate.wireData])
    }
}
