import CLinux
import Glibc
import Primitives

/// An open descriptor, closed when nothing refers to it any more. Calls that signals interrupt are made again.
final class OpenFile: Sendable {
    let descriptor: Int32
    private let path: String

    /// `flags` as of `open`; a file that is made is for its owner alone.
    init(_ path: String, _ flags: Int32) throws(StorageError) {
        var descriptor: Int32
        repeat { descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw StorageError(code: errno, path: path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// How long the file is.
    func length() throws(StorageError) -> ByteCount {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure }
        return ByteCount(Int64(facts.st_size))
    }

    /// Makes the file this long, with room on disk for all of it.
    func reserve(_ length: ByteCount) throws(StorageError) {
        let code = clinux_reserve(descriptor, length.bytes)
        guard code == 0 else { throw StorageError(code: code, path: path) }
    }

    /// Sees that the first so many bytes find room on disk when they are written, if it can be had.
    func reserveAhead(_ length: ByteCount) {
        clinux_reserve_ahead(descriptor, length.bytes)
    }

    func truncate(to length: ByteCount) throws(StorageError) {
        guard ftruncate(descriptor, Int(length.bytes)) == 0 else { throw failure }
    }

    /// Writes all of the bytes, or throws.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StorageError) {
        var rest = bytes
        var place = offset
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, Int(place))
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                place += Int64(count)
            } else if count == 0 {
                throw .system(path: path, code: EIO)
            } else if errno != EINTR {
                throw failure
            }
        }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(StorageError) {
        try bytes.span.withUnsafeBytes { bytes throws(StorageError) in try write(bytes, at: offset) }
    }

    /// Fills the buffer as far as the file goes; how many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StorageError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, Int(offset) + filled)
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw failure
            }
        }
        return filled
    }

    /// The bytes from here on: all that there are, or as many as asked for.
    func read(atMost count: Int, at offset: Int64) throws(StorageError) -> ArraySlice<UInt8> {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let filled = try span.withUnsafeMutableBytes { buffer throws(StorageError) in
            try read(into: buffer, at: offset)
        }
        return bytes.prefix(filled)
    }

    /// Begins to write out this part, so that a later `synchronize` has less to wait for.
    func beginWriteback(_ part: Range<Int64>) {
        clinux_begin_writeback(descriptor, part.lowerBound, part.upperBound - part.lowerBound)
    }

    /// It will be read once, from start to end.
    func expectSequentialRead() {
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Waits until the content is on the disk.
    func synchronize() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else { throw failure }
    }

    private var failure: StorageError { StorageError(code: errno, path: path) }
}
