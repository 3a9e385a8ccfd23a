import Glibc
public import Primitives

/// Why the disk did not do what it was asked. Each reads as a sentence that says what happened and what to do.
public enum StorageError: Error, Hashable, Sendable {
    /// Something that is not a directory stands where one is wanted.
    case notADirectory(path: String)
    /// There is nothing where a data directory was expected.
    case noSuchDirectory(path: String)
    case noPermission(path: String)
    case readOnly(path: String)
    case full(path: String)
    /// A limit on the size of files (`ulimit -f`, or the file system's own) was reached.
    case fileTooLarge(path: String)
    case tooManyOpenFiles(path: String)
    /// Another process holds the directory's lock.
    case inUse(path: String, process: Int32?)
    case identityMissing(path: String)
    case identityExists(path: String)
    /// Others than the owner may read the secret keys.
    case identityExposed(path: String, mode: UInt32)
    case identityMalformed(path: String)
    /// An identity that this node had before is to be kept where another one is.
    case identityKept(path: String)
    case databaseNewer(path: String)
    case databaseDamaged(path: String, detail: String)
    case databaseBusy(path: String)
    /// The account file beside the database.
    case accountDamaged(path: String)
    /// This node holds no bytes of the file.
    case noSuchFile(FileID)
    /// The file on disk is not as long as its FileID says.
    case wrongLength(FileID)
    /// The file is longer than Potluck's files may be.
    case beyondLimit(ByteCount)
    /// What was being posted was ended before it was whole.
    case abandoned
    /// Anything else the system said.
    case system(path: String, code: Int32)
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notADirectory(let path):
            "\(path) is not a directory; choose another data directory, or move it away."
        case .noSuchDirectory(let path):
            "There is no node in \(path); make one with `node init`, or say with --data where it is."
        case .noPermission(let path):
            "You may not use \(path); give that right to the user who runs the node, or choose another data directory."
        case .readOnly(let path):
            "\(path) is on a file system that is read-only; make it writable, then try again."
        case .full(let path):
            "There is no room left on the disk for \(path); free some, then try again."
        case .fileTooLarge(let path):
            "\(path) would be larger than this system lets a file be; raise the limit (ulimit -f), or post something smaller."
        case .tooManyOpenFiles(let path):
            "Too many files are open to open \(path); raise the limit (ulimit -n)."
        case .inUse(let path, let process?):
            "A node runs in \(path) already (process \(process)); stop it first, or choose another data directory."
        case .inUse(let path, nil):
            "A node runs in \(path) already; stop it first, or choose another data directory."
        case .identityMissing(let path):
            "The identity \(path) is missing; bring it back from a backup, or make a new node with `node init`."
        case .identityExists(let path):
            "There is a node already, with the identity \(path); start it with `node run`, or choose another data directory."
        case .identityExposed(let path, let mode):
            "\(path) holds secret keys, but others can use it (mode \(octal(mode))); run `chmod 600 \(path)`."
        case .identityMalformed(let path):
            "\(path) does not read as an identity; bring it back from a backup."
        case .identityKept(let path):
            "Another identity is kept in \(path); move it away, then try again."
        case .databaseNewer(let path):
            "\(path) was written by a newer version of Potluck; install that version, or a newer one."
        case .databaseDamaged(let path, let detail):
            "\(path) is damaged (\(detail)); bring it back from a backup, or move it away to start without it."
        case .databaseBusy(let path):
            "\(path) is in use by another program; end that program, then try again."
        case .accountDamaged(let path):
            "\(path) is damaged; bring it back from a backup, or remove it to go on with the account in the database."
        case .noSuchFile(let file):
            "The file \(file) is not on this disk."
        case .wrongLength(let file):
            "The file \(file) on this disk does not have the length that it should have."
        case .beyondLimit(let limit):
            "The file is longer than \(limit), which is as long as a file may be."
        case .abandoned:
            "The file did not arrive whole; post it again."
        case .system(let path, let code):
            "\(path) cannot be read or written as it should be (\(systemMessage(code))); check the disk."
        }
    }

    /// The same of a place that a person knows better than the file at which it was met.
    public func at(_ path: String) -> StorageError {
        switch self {
        case .noPermission: .noPermission(path: path)
        case .readOnly: .readOnly(path: path)
        case .full: .full(path: path)
        case .system(_, let code): .system(path: path, code: code)
        case .notADirectory, .noSuchDirectory, .fileTooLarge, .tooManyOpenFiles, .inUse, .identityMissing,
            .identityExists, .identityExposed, .identityMalformed, .identityKept, .databaseNewer, .databaseDamaged,
            .databaseBusy, .accountDamaged, .noSuchFile, .wrongLength, .beyondLimit, .abandoned:
            self
        }
    }

    /// What the system says about a failed call on `path`; `code` is its `errno`.
    init(code: Int32, path: String) {
        switch code {
        case ENOSPC, EDQUOT: self = .full(path: path)
        case EFBIG: self = .fileTooLarge(path: path)
        case EACCES, EPERM: self = .noPermission(path: path)
        case EROFS: self = .readOnly(path: path)
        case ENOTDIR: self = .notADirectory(path: path)
        case EMFILE, ENFILE: self = .tooManyOpenFiles(path: path)
        default: self = .system(path: path, code: code)
        }
    }
}

private func octal(_ mode: UInt32) -> String {
    "0" + String(mode, radix: 8)
}

private func systemMessage(_ code: Int32) -> String {
    var text = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
