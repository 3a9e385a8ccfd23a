import Console
import Foundation
import Glibc
import Primitives

/// A file on this machine that can be posted: it is there, can be read, and has a name that links can carry.
struct PostSource: Equatable, Sendable {
    let path: String
    let name: String
    let mediaType: String
    let length: ByteCount

    init(path: String, name: String?, mediaType: String?) throws {
        let shown = FileName.printable(path)
        // Arguments that are not UTF-8 arrive repaired, and then name no file.
        guard !path.contains("\u{FFFD}") || FileManager.default.fileExists(atPath: path) else {
            throw Complaint(
                "The path “\(shown)” is not UTF-8, which links cannot carry; rename the file, or link to it under "
                    + "another name (ln -s).")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw Complaint(Self.reason(errno, for: shown)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw Complaint(
                "“\(shown)” is a directory; post a file, for instance an archive of it made with tar or zip.")
        default:
            throw Complaint(
                "“\(shown)” is no regular file, so its length is not known; copy it into one and post that.")
        }

        self.path = path
        self.name = name ?? URL(fileURLWithPath: path).lastPathComponent
        try FileName.check(self.name)
        self.mediaType = mediaType ?? MediaType.of(name: self.name)
        length = ByteCount(Int64(status.st_size))
        try open().close()
    }

    /// For reading; the caller closes it.
    func open() throws -> FileHandle {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Complaint(Self.reason(errno, for: FileName.printable(path))) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func reason(_ code: Int32, for path: String) -> String {
        switch code {
        case ENOENT, ENOTDIR: "There is no file “\(path)”; check its name."
        case EACCES, EPERM: "You may not read “\(path)”; change its permissions or post it as its owner."
        default: "“\(path)” cannot be read (\(String(cString: strerror(code)))); try a copy of it."
        }
    }
}
