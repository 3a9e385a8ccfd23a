import Catalogue
import Console
import Foundation
import Primitives

/// What there is of a download: `<name>.part` beside where the file will be, sparse, locked while somebody fills it.
final class PartFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens or creates it with the file's length.
    init(path: String, length: ByteCount) throws {
        self.path = path
        let shown = FileName.printable(path)
        let isNew = access(path, F_OK) != 0
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.complaint(errno, "“\(shown)” cannot be written") }
        do {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw Complaint("Another download fills “\(shown)” now; wait for it or choose another name with -o.")
            }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw Complaint("“\(shown)” is no regular file; choose another name with -o.")
            }
            if Int64(status.st_size) != length.bytes, ftruncate(descriptor, Int(length.bytes)) != 0 {
                throw Self.complaint(errno, "“\(shown)” cannot be made \(length) long")
            }
        } catch {
            if isNew { unlink(path) }
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// The pieces that are there and right. `progress` gets how much has been looked at.
    func verifiedPieces(of manifest: Manifest, progress: (ByteCount) -> Void) throws -> Bitfield {
        let geometry = manifest.geometry
        var present = Bitfield(count: geometry.count)
        var hasher = PieceHasher(geometry)
        for piece in 0..<geometry.count {
            let bytes = geometry.bytes(of: piece)
            if isHole(bytes) { continue }
            try read(bytes) { hasher.update($0) }
            present[piece] = hasher.finish() == manifest.pieces[piece]
            progress(ByteCount(bytes.upperBound))
        }
        return present
    }

    /// What file the bytes are, all of them read again.
    func digests(length: ByteCount, progress: (ByteCount) -> Void) throws -> FileDigests {
        var hasher = FileHasher()
        var offset: Int64 = 0
        try read(0..<length.bytes) { chunk in
            hasher.update(chunk)
            offset += Int64(chunk.count)
            progress(ByteCount(offset))
        }
        return hasher.finish()
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var rest = bytes[...]
        var offset = offset
        while !rest.isEmpty {
            let count = pwrite(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.complaint(errno, "“\(FileName.printable(path))” cannot be written") }
            rest = rest.dropFirst(count)
            offset += Int64(count)
        }
    }

    /// Makes the bytes durable and gives them their final name, in one step.
    func become(_ destination: String) throws {
        guard fsync(descriptor) == 0, rename(path, destination) == 0 else {
            throw Self.complaint(errno, "“\(FileName.printable(path))” cannot be renamed")
        }
    }

    private static let chunkSize = 1 << 20
    /// `SEEK_DATA` of Linux's lseek(2), which the Glibc module lacks.
    private static let seekData: Int32 = 3

    private func read(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkSize, alignment: 64)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(buffer.count, Int(range.upperBound - offset))
            let count = pread(descriptor, buffer.baseAddress, wanted, Int(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.complaint(errno, "“\(FileName.printable(path))” cannot be read") }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
    }

    /// Nothing was ever written there: no need to read zeros. Where the file system cannot tell, it says "data".
    private func isHole(_ range: Range<Int64>) -> Bool {
        let data = lseek(descriptor, Int(range.lowerBound), Self.seekData)
        return data < 0 ? errno == ENXIO : Int64(data) >= range.upperBound
    }

    private static func complaint(_ code: Int32, _ what: String) -> Complaint {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: Complaint("\(what): there is no room; make some, or choose another place with -o.")
        case EACCES, EPERM, EROFS: Complaint("\(what): you may not write there; choose another place with -o.")
        case ENOENT, ENOTDIR: Complaint("\(what): its directory is not there; make it, or choose another with -o.")
        default: Complaint("\(what) (\(String(cString: strerror(code)))); try again or choose another place with -o.")
        }
    }
}
