import GRDB
import Glibc
import Primitives

/// What a node remembers: members, holdings, the account, its network. One SQLite database, one writer.
///
/// Writes are durable when they return, and all of a transaction or nothing of it is there after a crash: write-ahead
/// log, `synchronous = FULL`. Reading and writing block; call them from a queue of your own.
public struct Database: Sendable {
    let path: String
    private let queue: DatabaseQueue
    let accounts: AccountFile
    /// The account file knew a newer state than the database when it was opened: what was written last is not there.
    /// The account goes on from the file; other things of that time are lost.
    public let isBehind: Bool

    /// How long another program that has the database open, such as a backup, is waited for.
    private static let patienceSeconds = 5.0

    /// Opens the database, making it where it is missing, and brings it up to date. One that is damaged, or was written
    /// by a newer version, is refused and left as it is.
    public init(at path: String) throws(StorageError) {
        self.path = path
        // Made here, since SQLite would let others read it; the files beside it take its mode over.
        _ = try OpenFile(path, O_RDWR | O_CREAT)
        do {
            try Self.inspect(path)
            var configuration = Self.configuration
            // Not by GRDB's own setting for WAL, which afterwards lowers `synchronous` to NORMAL: a lease that is said
            // to be durable would then be lost with the power.
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
                database.add(function: RowSum.function)
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try Schema.migrator.migrate(queue)
            accounts = try AccountFile(at: path + "-account")
            let number = try queue.read { try $0.account()?.number ?? 0 }
            isBehind = try number < accounts.newest()?.number ?? 0
            try accounts.count(from: number)
            reserveLog()
        } catch {
            throw StorageError(error, path: path)
        }
    }

    /// The log starts over whenever it has reached this length, SQLite's default of 1,000 pages and a large
    /// transaction: with room for so much of it, small changes are taken also while the disk is full.
    private static let logLength: Int64 = 6 << 20

    private func reserveLog() {
        guard let log = try? OpenFile(path + "-wal", O_RDWR) else { return }
        log.reserveAhead(ByteCount(Self.logLength))
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "potluck.database"
        configuration.busyMode = .timeout(patienceSeconds)
        return configuration
    }

    /// Throws when the database is not one to go on with. Read-only, so that what is refused is left as it is.
    private static func inspect(_ path: String) throws {
        do {
            try inspect(path, isReadOnly: true)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
            // Killed while it was made, it has a transaction that must be rolled back before anything can be read.
            try inspect(path, isReadOnly: false)
        }
    }

    private static func inspect(_ path: String, isReadOnly: Bool) throws {
        var configuration = configuration
        configuration.readonly = isReadOnly
        try DatabaseQueue(path: path, configuration: configuration).read { database in
            guard try !Schema.migrator.hasBeenSuperseded(database) else {
                throw StorageError.databaseNewer(path: path)
            }
            let complaint = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
            // Of several lines, the last one says what it is.
            let detail = complaint?.split(separator: "\n").last.map(String.init)
            if let complaint = detail, complaint != "ok" {
                throw StorageError.databaseDamaged(path: path, detail: complaint)
            }
        }
    }

    /// All that is done in `body`, or nothing; durable on return.
    func transaction<Value>(_ body: (GRDB::Database) throws -> Value) throws(StorageError) -> Value {
        do {
            return try queue.write(body)
        } catch {
            throw StorageError(error, path: path)
        }
    }

    func read<Value>(_ body: (GRDB::Database) throws -> Value) throws(StorageError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw StorageError(error, path: path)
        }
    }
}

extension StorageError {
    /// What went wrong with the database at `path`.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StorageError: self = error
        case let error as DatabaseError: self.init(error, path: path)
        default: self = .databaseDamaged(path: path, detail: "\(error)")
        }
    }

    private init(_ error: DatabaseError, path: String) {
        switch error.resultCode {
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_READONLY: self = .readOnly(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .databaseBusy(path: path)
        case .SQLITE_CANTOPEN: self.init(unopened: path)
        case .SQLITE_PERM, .SQLITE_AUTH: self = .noPermission(path: path)
        case .SQLITE_IOERR: self = .system(path: path, code: EIO)
        default: self = .databaseDamaged(path: path, detail: error.message ?? error.resultCode.description)
        }
    }
}

extension StorageError {
    /// Why the database at `path`, or a file beside it, could not be opened, which SQLite does not tell: what it opens
    /// is opened once more, all at the same time as it does. Where that goes now, descriptors were short.
    private init(unopened path: String) {
        var opened: [OpenFile] = []
        do throws(StorageError) {
            for suffix in ["", "-wal", "-shm"] { opened.append(try OpenFile(path + suffix, O_RDWR | O_CREAT)) }
            opened.append(try OpenFile(parentPath(of: path), O_RDONLY | O_DIRECTORY))
            self = .tooManyOpenFiles(path: path)
        } catch {
            self = error
        }
    }
}

extension GRDB::Database {
    /// Runs a statement that is compiled once.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
