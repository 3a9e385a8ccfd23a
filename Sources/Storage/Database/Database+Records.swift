public import Allowance
import Catalogue
import GRDB
import Membership
public import Overlay
@_spi(Verification) import Primitives

extension Database {
    /// Writes the records in order, all of them or none; durable on return.
    public func write(_ records: [Overlay::Record]) throws(StorageError) {
        guard !records.isEmpty else { return }
        var newest: AccountFile.Entry?
        try transaction { database in
            for record in records {
                switch record {
                case .member(let record): try database.write(record)
                case .holding(let record): try database.write(record)
                case .ledger(let state):
                    let entry = accounts.entry(for: state)
                    try database.write(entry)
                    newest = entry
                }
            }
        }
        // The database has it; should the file not take it, then it is only the older of the two.
        if let newest { try? accounts.note(newest) }
    }

    /// Makes the account durable where the database cannot be written; it is to be written there when that goes again.
    public func writeAside(_ state: LedgerState) throws(StorageError) {
        try accounts.keep(accounts.entry(for: state))
    }

    /// All that was written. Statements were verified before they were written, and are taken as such.
    public func load() throws(StorageError) -> Restored {
        let aside = try accounts.newest()
        return try read { database in
            let entry = try database.account()
            return Restored(
                news: try database.news(),
                lastVersion: UInt64(try Int64.fetchOne(database, sql: "SELECT version FROM own_version") ?? 0),
                holdings: try database.holdings(), withdrawals: try database.withdrawals(),
                owed: try database.owed(), denials: try database.denials(),
                ledger: (entry?.number ?? -1) < (aside?.number ?? -1) ? aside?.state : entry?.state)
        }
    }
}

extension GRDB::Database {
    func write(_ record: MemberRecord) throws {
        switch record {
        case .news(let news):
            let key = Key(of: news.value)
            try run(
                """
                INSERT INTO news (subject, kind, issuer, statement, checksum)
                VALUES (?1, ?2, ?3, ?4, row_sum('news', ?1, ?2, ?3, ?4))
                ON CONFLICT DO UPDATE SET statement = excluded.statement, checksum = excluded.checksum
                """, [key.subject, key.kind, key.issuer, news.value.wireData])
        case .forget(let member):
            try keepCertificate(of: member)
            try run("DELETE FROM news WHERE subject = ?", [Int64(bitPattern: member.short.word)])
        case .ownVersion(let version):
            // The highest, whatever the order of writing.
            try run(
                """
                INSERT INTO own_version (id, version, checksum) VALUES (1, ?1, row_sum('own_version', 1, ?1))
                ON CONFLICT DO UPDATE SET version = excluded.version, checksum = excluded.checksum
                WHERE excluded.version > version
                """, [Int64(clamping: version)])
        }
    }

    /// Whom it let in, and what it posted, can be proven only by the certificate on its card.
    private func keepCertificate(of member: NodeID) throws {
        let statements = try Row.fetchAll(
            self, sql: "SELECT statement FROM news WHERE subject = ?", arguments: [Int64(bitPattern: member.short.word)]
        )
        for row in statements {
            guard case .card(let card)? = try? row.value(at: 0) as News, card.nodeID == member,
                let certificate = card.certificate
            else { continue }
            try keep(certificate)
        }
    }

    fileprivate func write(_ record: HoldingRecord) throws {
        switch record {
        case .holding(let holding):
            try run(
                """
                INSERT INTO holdings (file, manifest, is_own, checksum)
                VALUES (?1, ?2, ?3, row_sum('holdings', ?1, ?2, ?3))
                ON CONFLICT DO UPDATE SET manifest = excluded.manifest, is_own = excluded.is_own,
                    checksum = excluded.checksum
                """, [holding.file.bytes.data, holding.manifest.value.wireData, holding.isOwn])
            try run(
                """
                INSERT INTO progress (file, pieces, sha256, checksum)
                VALUES (?1, ?2, ?3, row_sum('progress', ?1, ?2, ?3))
                ON CONFLICT DO UPDATE SET pieces = excluded.pieces, sha256 = excluded.sha256,
                    checksum = excluded.checksum
                """, [holding.file.bytes.data, holding.pieces.wireData, holding.sha256?.data])
            try run("DELETE FROM leftovers WHERE file = ?", [holding.file.bytes.data])
        case .pieces(let file, let pieces):
            // Nothing for a file that was removed meanwhile.
            try run(
                """
                INSERT INTO progress (file, pieces, checksum)
                SELECT file, ?1, row_sum('progress', file, ?1, NULL) FROM holdings WHERE file = ?2
                ON CONFLICT DO UPDATE SET pieces = excluded.pieces,
                    checksum = row_sum('progress', file, excluded.pieces, sha256)
                """,
                [pieces.wireData, file.bytes.data])
        case .complete(let file, let sha256):
            try run(
                "UPDATE progress SET sha256 = ?1, checksum = row_sum('progress', file, pieces, ?1) WHERE file = ?2",
                [sha256.data, file.bytes.data])
        case .removed(let file):
            try run("DELETE FROM holdings WHERE file = ?", [file.bytes.data])
            // Its bytes are removed once this is durable, if the node lives so long.
            try noteLeftover(file)
        case .withdrawal(let withdrawal):
            try run(
                """
                INSERT INTO withdrawals (file, publisher, statement, is_effective, checksum)
                VALUES (?1, ?2, ?3, ?4, row_sum('withdrawals', ?1, ?2, ?3, ?4))
                ON CONFLICT DO UPDATE SET statement = excluded.statement, is_effective = excluded.is_effective,
                    checksum = excluded.checksum
                """,
                [
                    withdrawal.file.bytes.data, withdrawal.publisher.bytes.data, withdrawal.statement.value.wireData,
                    withdrawal.isEffective,
                ])
        case .withdrawalForgotten(let file, let publisher):
            try run(
                "DELETE FROM withdrawals WHERE file = ? AND publisher = ?", [file.bytes.data, publisher.bytes.data])
        case .withdrawalOwed(let withdrawal):
            try run(
                """
                INSERT INTO owed_withdrawals (file, publisher, statement, checksum)
                VALUES (?1, ?2, ?3, row_sum('owed_withdrawals', ?1, ?2, ?3))
                ON CONFLICT DO UPDATE SET publisher = excluded.publisher, statement = excluded.statement,
                    checksum = excluded.checksum
                """,
                [withdrawal.file.bytes.data, withdrawal.publisher.bytes.data, withdrawal.wireData])
        case .withdrawalSettled(let file):
            try run("DELETE FROM owed_withdrawals WHERE file = ?", [file.bytes.data])
        case .denial(let denial):
            let (kind, id) = Self.columns(of: denial)
            try run(
                """
                INSERT INTO denials (kind, id, checksum) VALUES (?1, ?2, row_sum('denials', ?1, ?2))
                ON CONFLICT DO NOTHING
                """, [kind, id.data])
        case .denialLifted(let denial):
            let (kind, id) = Self.columns(of: denial)
            try run("DELETE FROM denials WHERE kind = ? AND id = ?", [kind, id.data])
        }
    }

    private static func columns(of denial: Denial) -> (kind: Int64, id: Bytes32) {
        switch denial {
        case .file(let file): (1, file.bytes)
        case .publisher(let publisher): (2, publisher.bytes)
        }
    }

    fileprivate func withdrawals() throws -> [RememberedWithdrawal] {
        let rows = try Row.fetchCursor(
            self, sql: "SELECT statement, is_effective FROM withdrawals ORDER BY file, publisher")
        var withdrawals: [RememberedWithdrawal] = []
        while let row = try rows.next() {
            guard let withdrawal: Withdrawal = try? row.value(at: 0) else { continue }
            withdrawals.append(RememberedWithdrawal(Verified(checked: withdrawal), isEffective: row[1]))
        }
        return withdrawals
    }

    /// Drafts, not signed yet.
    fileprivate func owed() throws -> [Withdrawal] {
        try Row.fetchAll(self, sql: "SELECT statement FROM owed_withdrawals ORDER BY file")
            .compactMap { try? $0.value(at: 0) as Withdrawal }
    }

    fileprivate func denials() throws -> [Denial] {
        let rows = try Row.fetchCursor(self, sql: "SELECT kind, id FROM denials ORDER BY kind, id")
        var denials: [Denial] = []
        while let row = try rows.next() {
            let id = try row.bytes32(at: 1)
            denials.append(row[0] as Int64 == 1 ? .file(FileID(id)) : .publisher(NodeID(id)))
        }
        return denials
    }

    fileprivate func write(_ entry: AccountFile.Entry) throws {
        let (period, leased) = (entry.state.period, entry.state.leased)
        try run(
            """
            INSERT INTO account (id, starts, ends, serving, replication, overlay, answers, number, checksum)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, row_sum('account', 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7))
            ON CONFLICT DO UPDATE SET starts = excluded.starts, ends = excluded.ends, serving = excluded.serving,
                replication = excluded.replication, overlay = excluded.overlay, answers = excluded.answers,
                number = excluded.number, checksum = excluded.checksum
            """,
            [
                period.starts.milliseconds, period.ends.milliseconds, leased.serving.bytes, leased.replication.bytes,
                leased.overlay.bytes, leased.answers.bytes, entry.number,
            ])
    }

    fileprivate func news() throws -> [Verified<News>] {
        let rows = try Row.fetchCursor(self, sql: "SELECT statement FROM news ORDER BY subject, kind, issuer")
        var news: [Verified<News>] = []
        while let row = try rows.next() {
            // One that does not read was written by another version; whoever it is about says it again.
            if let statement: News = try? row.value(at: 0) { news.append(Verified(checked: statement)) }
        }
        return news
    }

    /// Those that do not read, were they written by another version, are left out: their bytes are set aside.
    fileprivate func holdings() throws -> [Holding] {
        let rows = try Row.fetchCursor(
            self,
            sql: "SELECT manifest, is_own, pieces, sha256 FROM holdings LEFT JOIN progress USING (file) ORDER BY file")
        var holdings: [Holding] = []
        while let row = try rows.next() {
            guard let manifest: Manifest = try? row.value(at: 0) else { continue }
            // Without progress, the bytes have to be read again: until then nothing of them is offered.
            let pieces = (try? row.value(at: 2) as Bitfield).flatMap { $0.count == manifest.pieces.count ? $0 : nil }
            holdings.append(
                Holding(
                    manifest: Verified(checked: manifest), pieces: pieces ?? Bitfield(count: manifest.pieces.count),
                    sha256: row[3] == nil ? nil : try row.bytes32(at: 3), isOwn: row[1]))
        }
        return holdings
    }

    /// Throws when a value is not what was written.
    func account() throws -> AccountFile.Entry? {
        let sql = """
            SELECT *,
                checksum = row_sum('account', id, starts, ends, serving, replication, overlay, answers, number) AS is_right
            FROM account
            """
        guard let row = try Row.fetchOne(self, sql: sql) else { return nil }
        guard row["is_right"] else { throw Contradiction.account }
        func count(_ column: String) -> ByteCount { ByteCount(row[column] as Int64) }
        return AccountFile.Entry(
            number: row["number"],
            state: LedgerState(
                period: Period(
                    starts: WallTime(milliseconds: row["starts"]), ends: WallTime(milliseconds: row["ends"])),
                leased: ClassTotals(
                    serving: count("serving"), replication: count("replication"), overlay: count("overlay"),
                    answers: count("answers"))))
    }
}

/// What this node cannot go on without, and is not what was written: not to be guessed.
enum Contradiction: Error, CustomStringConvertible {
    case account
    case network

    var description: String {
        switch self {
        case .account: "its account does not match its checksum"
        case .network: "what it says of this node's network does not match its checksum"
        }
    }
}

/// What a piece of news replaces: the same kind about the same member, from the same issuer where there can be several.
private struct Key {
    let subject: Int64
    let kind: Int64
    var issuer: Int64 = 0

    init(of news: News) {
        subject = Int64(bitPattern: news.subject.word)
        switch news {
        case .card: kind = 1
        case .status: kind = 2
        case .verdict(let verdict):
            kind = 3
            issuer = Int64(bitPattern: verdict.issuer.word)
        case .departure: kind = 4
        }
    }
}
