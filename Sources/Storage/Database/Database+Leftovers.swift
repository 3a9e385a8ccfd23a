import GRDB
public import Primitives

// Bytes get their place before their record, and lose it after: a node that dies in between leaves bytes that no record
// names. Which those may be is noted beforehand, so that they are told from files whose records were lost.
extension Database {
    /// Before a file gets its place: until its record is written, its bytes are nobody's.
    public func noteLeftover(_ file: FileID) throws(StorageError) {
        try transaction { database in
            // What has a record already stays, whatever becomes of its being posted again.
            let isRecorded = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT * FROM holdings WHERE file = ?)", arguments: [file.bytes.data])
            if isRecorded != true { try database.noteLeftover(file) }
        }
    }

    /// The files whose bytes can be removed, if they are here.
    public func leftovers() throws(StorageError) -> Set<FileID> {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT file FROM leftovers")
            return Set(try rows.map { FileID(try $0.bytes32(at: 0)) })
        }
    }

    /// Their bytes are gone.
    public func forgetLeftovers() throws(StorageError) {
        try transaction { database in try database.run("DELETE FROM leftovers", []) }
    }
}

extension GRDB::Database {
    func noteLeftover(_ file: FileID) throws {
        try run("INSERT OR IGNORE INTO leftovers (file) VALUES (?)", [file.bytes.data])
    }
}
