import Allowance
import Catalogue
import GRDB
import Membership
public import Overlay
@_spi(Verification) import Primitives

extension Database {
    /// Writes the records in order, all of them or none; durable on return.
    public func write(_ records: [Overlay::Record]) throws(StorageError) {
        guard !records.isEmpty else { return }
        try transaction { database in
            for record in records {
                switch record {
                case .member(let record): try database.write(record)
                case .holding(let record): try database.write(record)
                case .ledger(let state): try database.write(state)
                }
            }
        }
    }

    /// All that was written. Statements were verified before they were written, and are taken as such.
    public func load() throws(StorageError) -> Restored {
        try read { database in
            Restored(
                news: try database.news(),
                lastVersion: UInt64(try Int64.fetchOne(database, sql: "SELECT version FROM own_version") ?? 0),
                holdings: try database.holdings(), withdrawals: try database.withdrawals(),
                denials: try database.denials(), ledger: try database.ledger())
        }
    }
}

extension GRDB::Database {
    fileprivate func write(_ record: MemberRecord) throws {
        switch record {
        case .news(let news):
            let key = Key(of: news.value)
            try run(
                """
                INSERT INTO news (subject, kind, issuer, statement) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET statement = excluded.statement
                """, [key.subject, key.kind, key.issuer, news.value.wireData])
        case .forget(let member):
            try keepCertificate(of: member)
            try run("DELETE FROM news WHERE subject = ?", [Int64(bitPattern: member.short.word)])
        case .ownVersion(let version):
            // The highest, whatever the order of writing.
            try run(
                """
                INSERT INTO own_version (id, version) VALUES (1, ?)
                ON CONFLICT DO UPDATE SET version = max(version, excluded.version)
                """, [Int64(clamping: version)])
        }
    }

    /// Whom it let in, and what it posted, can be proven only by the certificate on its card.
    private func keepCertificate(of member: NodeID) throws {
        let statements = try Row.fetchAll(
            self, sql: "SELECT statement FROM news WHERE subject = ?", arguments: [Int64(bitPattern: member.short.word)]
        )
        for row in statements {
            guard case .card(let card) = try row.value(at: 0) as News, card.nodeID == member,
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
                INSERT INTO holdings (file, manifest, is_own) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET manifest = excluded.manifest, is_own = excluded.is_own
                """, [holding.file.bytes.data, holding.manifest.value.wireData, holding.isOwn])
            try run(
                """
                INSERT INTO progress (file, pieces, sha256) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET pieces = excluded.pieces, sha256 = excluded.sha256
                """, [holding.file.bytes.data, holding.pieces.wireData, holding.sha256?.data])
        case .pieces(let file, let pieces):
            // Nothing for a file that was removed meanwhile.
            try run("UPDATE progress SET pieces = ? WHERE file = ?", [pieces.wireData, file.bytes.data])
        case .complete(let file, let sha256):
            try run("UPDATE progress SET sha256 = ? WHERE file = ?", [sha256.data, file.bytes.data])
        case .removed(let file):
            try run("DELETE FROM holdings WHERE file = ?", [file.bytes.data])
        case .withdrawal(let withdrawal):
            let withdrawal = withdrawal.value
            try run(
                """
                INSERT INTO withdrawals (file, publisher, statement) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET statement = excluded.statement
                """,
                [withdrawal.file.bytes.data, withdrawal.publisher.bytes.data, withdrawal.wireData])
        case .withdrawalForgotten(let file, let publisher):
            try run(
                "DELETE FROM withdrawals WHERE file = ? AND publisher = ?", [file.bytes.data, publisher.bytes.data])
        case .denial(let denial):
            let (kind, id) = Self.columns(of: denial)
            try run("INSERT INTO denials (kind, id) VALUES (?, ?) ON CONFLICT DO NOTHING", [kind, id.data])
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

    fileprivate func withdrawals() throws -> [Verified<Withdrawal>] {
        let rows = try Row.fetchCursor(self, sql: "SELECT statement FROM withdrawals ORDER BY file, publisher")
        var withdrawals: [Verified<Withdrawal>] = []
        while let row = try rows.next() { withdrawals.append(Verified(checked: try row.value(at: 0))) }
        return withdrawals
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

    fileprivate func write(_ state: LedgerState) throws {
        let leased = state.leased
        try run(
            """
            INSERT INTO account (id, starts, ends, serving, replication, overlay, answers) VALUES (1, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET starts = excluded.starts, ends = excluded.ends, serving = excluded.serving,
                replication = excluded.replication, overlay = excluded.overlay, answers = excluded.answers
            """,
            [
                state.period.starts.milliseconds, state.period.ends.milliseconds, leased.serving.bytes,
                leased.replication.bytes, leased.overlay.bytes, leased.answers.bytes,
            ])
    }

    fileprivate func news() throws -> [Verified<News>] {
        let rows = try Row.fetchCursor(self, sql: "SELECT statement FROM news ORDER BY subject, kind, issuer")
        var news: [Verified<News>] = []
        while let row = try rows.next() { news.append(Verified(checked: try row.value(at: 0))) }
        return news
    }

    fileprivate func holdings() throws -> [Holding] {
        let rows = try Row.fetchCursor(
            self, sql: "SELECT manifest, is_own, pieces, sha256 FROM holdings JOIN progress USING (file) ORDER BY file")
        var holdings: [Holding] = []
        while let row = try rows.next() {
            let manifest: Manifest = try row.value(at: 0)
            let pieces: Bitfield = try row.value(at: 2)
            guard manifest.isConsistent, pieces.count == manifest.pieces.count else {
                throw Inconsistency.holding(manifest.file)
            }
            holdings.append(
                Holding(
                    manifest: Verified(checked: manifest), pieces: pieces,
                    sha256: row[3] == nil ? nil : try row.bytes32(at: 3), isOwn: row[1]))
        }
        return holdings
    }

    fileprivate func ledger() throws -> LedgerState? {
        guard let row = try Row.fetchOne(self, sql: "SELECT * FROM account") else { return nil }
        func count(_ column: String) -> ByteCount { ByteCount(row[column] as Int64) }
        return LedgerState(
            period: Period(
                starts: WallTime(milliseconds: row["starts"]), ends: WallTime(milliseconds: row["ends"])),
            leased: ClassTotals(
                serving: count("serving"), replication: count("replication"), overlay: count("overlay"),
                answers: count("answers")))
    }
}

/// Rows that do not fit together: nothing that this node wrote.
private enum Inconsistency: Error, CustomStringConvertible {
    case holding(FileID)

    var description: String {
        switch self {
        case .holding(let file): "the holding \(file) contradicts itself"
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
