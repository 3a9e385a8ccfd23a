public import Catalogue
import Glibc
public import Primitives

extension PieceFolder {
    /// The pieces that are on the disk, verified now, beside those that are `known` to be: what was fetched last before
    /// a node died is not in its records yet. Durable on return.
    /// - Parameter limit: at most so many bytes are hashed; what lies beyond has to be fetched again.
    public func find(
        _ manifest: Manifest, beside known: Bitfield, limit: ByteCount
    ) throws(StorageError) -> Bitfield {
        let geometry = manifest.geometry
        var found = known
        guard let file = try existing(manifest.file, O_RDWR), try file.length() == geometry.length else { return known }
        var hasher = PieceHasher(geometry)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(geometry.pieceSize, geometry.length).bytes), alignment: 4096)
        defer { buffer.deallocate() }
        var rest = limit
        var next = known.firstMissing(in: 0..<known.count)
        while let piece = next {
            // Room that was reserved and never written to is passed over.
            guard let data = file.nextData(from: geometry.bytes(of: piece).lowerBound), data < geometry.length.bytes
            else { break }
            let first = geometry.pieces(covering: data..<data + 1).lowerBound
            let place = geometry.bytes(of: first)
            if first > piece {
                next = known.firstMissing(in: first..<known.count)
                continue
            }
            rest = rest - ByteCount(Int64(place.count))
            guard rest >= .zero else { break }
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<place.count])
            guard try file.read(into: bytes, at: place.lowerBound) == place.count else { break }
            hasher.update(UnsafeRawBufferPointer(bytes))
            if hasher.finish() == manifest.pieces[first] { found[first] = true }
            next = known.firstMissing(in: first + 1..<known.count)
        }
        if found != known { try file.synchronize() }
        return found
    }
}

extension OpenFile {
    /// Where the next bytes that were ever written begin; nothing when none follow. A file system that does not know
    /// says that everything was written.
    fileprivate func nextData(from offset: Int64) -> Int64? {
        let found = lseek(descriptor, Int(offset), Self.seekData)
        return found >= 0 ? Int64(found) : nil
    }

    /// `SEEK_DATA` of `lseek(2)`, which Glibc shows only to those who ask for GNU's extensions.
    private static let seekData: Int32 = 3
}
