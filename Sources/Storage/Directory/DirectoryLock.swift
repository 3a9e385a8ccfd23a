import Glibc
import Primitives

/// One daemon per data directory. The kernel lets go of the lock when the process ends, however it ends.
public final class DirectoryLock: Sendable {
    private let file: OpenFile

    init(_ directory: DataDirectory) throws(StorageError) {
        file = try OpenFile(directory.lockPath, O_RDWR | O_CREAT)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            guard code == EWOULDBLOCK else { throw StorageError(code: code, path: directory.lockPath) }
            throw .inUse(path: directory.path, process: Self.holder(in: file))
        }
        // Who holds it is for people to read; the lock is the kernel's.
        try file.truncate(to: .zero)
        try file.write(Array("\(getpid())\n".utf8), at: 0)
    }

    /// The process that wrote itself into the lock, if it has come to that.
    private static func holder(in file: OpenFile) -> Int32? {
        guard let bytes = try? file.read(atMost: 16, at: 0) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.flatMap { Int32($0) }
    }
}
