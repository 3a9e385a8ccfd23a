import GRDB

extension Database {
    /// What was kept under a key by an earlier run.
    public func setting(_ key: String) throws(StorageError) -> String? {
        try read { database in
            try String.fetchOne(database, sql: "SELECT value FROM settings WHERE key = ?", arguments: [key])
        }
    }

    /// Keeps a text under a key, or forgets it.
    public func set(_ value: String?, for key: String) throws(StorageError) {
        try transaction { database in try database.set(value, for: key) }
    }
}

extension GRDB::Database {
    func set(_ value: String?, for key: String) throws {
        if let value {
            try run(
                "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                [key, value])
        } else {
            try run("DELETE FROM settings WHERE key = ?", [key])
        }
    }
}
