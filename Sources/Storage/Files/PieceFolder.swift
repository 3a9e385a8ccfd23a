import Catalogue
import Glibc
public import Overlay
public import Primitives

/// The bytes of files: one file per FileID, so that `sendfile` can serve any range of it.
///
/// `<first two characters>/<FileID>` holds a file, with room reserved for all of it while pieces are missing, and
/// `incoming/` what is being posted. Which pieces are there is the database's to know. Names that people give to files
/// are no part of any path. Calls block for as long as the disk takes.
public struct PieceFolder: PieceFiles {
    /// Without a slash at its end.
    public let path: String

    /// Opens the folder, making it where it is missing. What was being posted when the last run ended is removed.
    public init(at path: String) throws(StorageError) {
        self.path = path
        try makeDirectory(path)
        try makeDirectory(incomingPath)
        for name in try names(in: incomingPath) { try removeFile(incomingPath + "/" + name) }
    }

    /// A descriptor open for reading, which the caller closes.
    public func open(_ file: FileID) throws(StorageError) -> Int32 {
        let path = path(of: file)
        var descriptor: Int32
        repeat { descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .noSuchFile(file) : StorageError(code: errno, path: path)
        }
        return descriptor
    }

    /// Makes room for a file: afterwards it is there with its length, and its pieces can be written without running out
    /// of disk. What is there of it stays, unless its length is wrong.
    public func prepare(_ file: FileID, length: ByteCount) throws(StorageError) {
        try makeFolder(of: file)
        let path = path(of: file)
        let opened = try OpenFile(path, O_RDWR | O_CREAT)
        guard try opened.length() != length || length == .zero else { return }
        do {
            try opened.truncate(to: .zero)
            try opened.reserve(length)
        } catch {
            // Half a reservation would hold room that nobody can use.
            unlink(path)
            throw error
        }
        try opened.synchronize()
        try synchronizeDirectory(folderPath(of: file))
    }

    /// Removes a file's bytes, if they are there. Who reads them still, goes on reading.
    public func discard(_ file: FileID) throws(StorageError) {
        try removeFile(path(of: file))
    }

    /// Moves a file's bytes out of the way, to where a person can look at them.
    public func setAside(_ file: FileID) throws(StorageError) {
        try makeDirectory(orphansPath)
        let target = orphansPath + "/" + file.description
        guard rename(path(of: file), target) == 0 else { throw StorageError(code: errno, path: target) }
    }

    /// Where `setAside` moves files to.
    public var orphansPath: String { path + "/orphans" }

    /// Whether anything lies there.
    public func hasOrphans() throws(StorageError) -> Bool {
        do {
            return try !names(in: orphansPath).isEmpty
        } catch .system(_, ENOENT) {
            return false
        }
    }

    /// The length that is reserved for a file; nothing when it is not here.
    public func length(of file: FileID) throws(StorageError) -> ByteCount? {
        do {
            return try OpenFile(path(of: file), O_RDONLY).length()
        } catch .system(_, ENOENT) {
            return nil
        }
    }

    /// All files that have bytes here, in ascending order of their names.
    public func files() throws(StorageError) -> [FileID] {
        var files: [FileID] = []
        for folder in try names(in: path) where folder.utf8.count == Self.prefixLength {
            files += try names(in: path + "/" + folder).compactMap { FileID($0) }.filter {
                folderName(of: $0) == folder
            }
        }
        return files
    }

    /// Reads the whole file for its flat SHA-256: at about the speed of one core's hashing.
    public func flatDigest(of file: FileID, length: ByteCount) throws(StorageError) -> Bytes32 {
        guard let opened = try existing(file, O_RDONLY) else { throw .noSuchFile(file) }
        guard try opened.length() == length else { throw .wrongLength(file) }
        opened.expectSequentialRead()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = FlatHasher()
        var offset: Int64 = 0
        while offset < length.bytes {
            let count = try opened.read(into: buffer, at: offset)
            guard count > 0 else { throw .wrongLength(file) }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
        return hasher.finish()
    }

    /// Kept free of files, for the database and the log.
    public static let reserve = ByteCount.mebibytes(16)

    /// Whether the folder can be written to at all; leaves nothing.
    public func probe() throws(StorageError) {
        let path = incomingPath + "/probe"
        let file = try OpenFile(path, O_WRONLY | O_CREAT)
        defer { unlink(path) }
        try file.write([UInt8](repeating: 1, count: 4096), at: 0)
    }

    /// What is free on the disk for a process without privileges, beyond the reserve.
    public func freeDisk() throws(StorageError) -> ByteCount {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { throw StorageError(code: errno, path: path) }
        let free = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).partialValue
        return max(.zero, ByteCount(Int64(clamping: free)) - Self.reserve)
    }
}

extension PieceFolder {
    /// Base32 of ten bits: 1,024 folders, so that a million files stay a thousand to a folder.
    private static let prefixLength = 2

    var incomingPath: String { path + "/incoming" }

    func path(of file: FileID) -> String { folderPath(of: file) + "/" + file.description }

    func folderPath(of file: FileID) -> String { path + "/" + folderName(of: file) }

    /// Makes the folder that a file stands in, durably.
    func makeFolder(of file: FileID) throws(StorageError) {
        if try makeDirectory(folderPath(of: file)) { try synchronizeDirectory(path) }
    }

    /// The file, if it is here.
    func existing(_ file: FileID, _ flags: Int32) throws(StorageError) -> OpenFile? {
        do {
            return try OpenFile(path(of: file), flags)
        } catch .system(_, ENOENT) {
            return nil
        }
    }

    private func folderName(of file: FileID) -> String { String(file.description.prefix(Self.prefixLength)) }
}

extension StorageError: PieceFilesFailure {
    public var lacksDescriptors: Bool {
        if case .tooManyOpenFiles = self { true } else { false }
    }
}
