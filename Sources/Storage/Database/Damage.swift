import GRDB
public import Primitives

/// What was found damaged in a database that can be used without it, and was set aside.
public struct Damage: Equatable, Sendable {
    /// Statements about members; gossip brings them again.
    public var news = 0
    public var certificates = 0
    public var invites = 0
    /// Files whose records are gone; their bytes are still in the folder.
    public var holdings: [FileID] = []
    /// Files of which it is no longer known what is here: their bytes have to be read again.
    public var progress: [FileID] = []
    /// What publishers took back; trackers say it again.
    public var withdrawals = 0
    /// What the operator wanted neither held nor served.
    public var denials = 0
    /// Other rows of no consequence.
    public var others = 0

    public init() {}

    public var isNone: Bool { self == Damage() }
}

extension Database {
    /// Looks through everything for rows that do not match their checksums, and sets them aside. As long as it takes to
    /// read the database.
    public func setDamagedAside() throws(StorageError) -> Damage {
        guard try read({ database in try database.isDamaged }) else { return Damage() }
        return try transaction { database in try database.setDamagedAside() }
    }
}

/// A table whose rows can be lost one by one.
private struct Checked {
    let table: String
    /// With the key first; all that the checksum covers.
    let columns: [String]

    static let all = [
        Checked(table: "news", columns: ["subject", "kind", "issuer", "statement"]),
        Checked(table: "certificates", columns: ["subject", "issuer", "statement"]),
        Checked(table: "invites", columns: ["secret_hash", "expires", "uses_left"]),
        Checked(table: "holdings", columns: ["file", "manifest", "is_own"]),
        Checked(table: "progress", columns: ["file", "pieces", "sha256"]),
        Checked(table: "withdrawals", columns: ["file", "publisher", "statement", "is_effective"]),
        Checked(table: "owed_withdrawals", columns: ["file", "publisher", "statement"]),
        Checked(table: "denials", columns: ["kind", "id"]),
        Checked(table: "own_version", columns: ["id", "version"]),
    ]

    var sum: String { "row_sum('\(table)', \(columns.joined(separator: ", ")))" }
    var isDamaged: String { "checksum <> \(sum)" }
}

extension GRDB::Database {
    fileprivate var isDamaged: Bool {
        get throws {
            for checked in Checked.all {
                let sql = "SELECT EXISTS (SELECT * FROM \(checked.table) WHERE \(checked.isDamaged))"
                if try Bool.fetchOne(self, sql: sql) == true { return true }
            }
            return try Bool.fetchOne(self, sql: "SELECT EXISTS (\(Self.filesWithoutProgress))") == true
        }
    }

    private static let filesWithoutProgress =
        "SELECT file FROM holdings WHERE file NOT IN (SELECT file FROM progress)"

    fileprivate func setDamagedAside() throws -> Damage {
        var damage = Damage()
        for checked in Checked.all {
            let files = checked.table == "holdings" ? try damagedFiles(checked) : []
            let count = try setAside(checked)
            switch checked.table {
            case "news": damage.news = count
            case "certificates": damage.certificates = count
            case "invites": damage.invites = count
            case "withdrawals": damage.withdrawals = count
            case "denials": damage.denials = count
            case "holdings": damage.holdings = files
            case "progress": break
            default: damage.others += count
            }
        }
        // Of a file whose manifest is known, the bytes themselves say which pieces are here.
        damage.progress = try fileIDs(Self.filesWithoutProgress)
        return damage
    }

    private func damagedFiles(_ checked: Checked) throws -> [FileID] {
        try fileIDs("SELECT file FROM \(checked.table) WHERE \(checked.isDamaged)")
    }

    private func fileIDs(_ sql: String) throws -> [FileID] {
        try Row.fetchAll(self, sql: sql).map { FileID(try $0.bytes32(at: 0)) }
    }

    private func setAside(_ checked: Checked) throws -> Int {
        let content = checked.columns.map { "quote(\($0))" }.joined(separator: " || ', ' || ")
        try execute(
            sql: """
                INSERT INTO damaged (source, content)
                SELECT '\(checked.table)', \(content) FROM \(checked.table) WHERE \(checked.isDamaged)
                """)
        let count = changesCount
        try execute(sql: "DELETE FROM \(checked.table) WHERE \(checked.isDamaged)")
        return count
    }
}
