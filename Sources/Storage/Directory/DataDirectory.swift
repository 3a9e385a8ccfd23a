import Glibc

/// Where a node keeps everything: `node.yaml`, `identity.key`, `node.sock`, `potluck.sqlite`, `files/`.
///
/// The directory itself may be entered by others, since the command line may run as another user than the daemon; what
/// is secret in it is for its owner alone.
public struct DataDirectory: Hashable, Sendable {
    /// Without a slash at its end.
    public let path: String

    public var configurationPath: String { path + "/node.yaml" }
    public var identityPath: String { path + "/identity.key" }
    public var socketPath: String { path + "/node.sock" }
    public var databasePath: String { path + "/potluck.sqlite" }
    public var filesPath: String { path + "/files" }
    var lockPath: String { path + "/node.lock" }

    /// Opens the directory that is there.
    public init(existing path: String) throws(StorageError) {
        self.init(named: path)
        guard access(self.path, F_OK) == 0 else {
            throw errno == ENOENT ? .noSuchDirectory(path: self.path) : StorageError(code: errno, path: self.path)
        }
        guard isDirectory(self.path) else { throw .notADirectory(path: self.path) }
        guard access(self.path, R_OK | W_OK | X_OK) == 0 else { throw StorageError(code: errno, path: self.path) }
    }

    /// Makes the directory, and those above it, where they are missing.
    public init(creating path: String) throws(StorageError) {
        let directory = DataDirectory(named: path)
        var made = directory.path.hasPrefix("/") ? "" : "."
        for part in directory.path.split(separator: "/") {
            made += "/" + part
            if !isDirectory(made) { try makeDirectory(made, mode: 0o755) }
        }
        try self.init(existing: path)
    }

    /// Writes `node.yaml` where there is none. It is there whole or not at all, and never replaces another.
    public func create(configuration text: String) throws(StorageError) {
        try makeFile(configurationPath, Array(text.utf8), mode: 0o644)
    }

    /// Removes what a process left that was killed while it wrote.
    private func clearDrafts() throws(StorageError) {
        for path in [configurationPath, identityPath, successorPath] { try removeFile(draftPath(of: path)) }
    }

    /// Takes the directory for this process, until the lock is let go or the process ends in whatever way.
    public func lock() throws(StorageError) -> DirectoryLock {
        let lock = try DirectoryLock(self)
        try clearDrafts()
        return lock
    }

    private init(named path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }
}
