public import Catalogue
public import Primitives
import Synchronization

/// Takes a file in as it streams by, and computes its digests on the way.
///
/// One lane hashes the Merkle tree, one the flat digest, one writes, each on a thread of its own; they share the
/// blocks, of which there is a fixed number: when all are in use, `write` waits. Dropping the ingest at any time leaves
/// nothing.
public final class Ingest: Sendable {
    /// Sixteen leaves, so that every way of hashing several leaves at once fills its lanes.
    static let blockByteCount = 256 << 10
    /// Bounds the memory of an ingest to 4 MiB.
    static let blockLimit = 16
    /// How much is written before the disk is asked to begin with it: large enough for long runs, small enough that
    /// little is left to wait for at the end.
    private static let writebackByteCount: Int64 = 8 << 20

    private struct Supply {
        var free: [Block] = []
        var made = 0
        var waiting: CheckedContinuation<Block, Never>?
        var failure: StorageError?
        /// The block being filled.
        var current: Block?
        var length: Int64 = 0
    }

    private struct Progress {
        var written: Int64 = 0
        /// How far the disk was asked to begin with what was written.
        var begun: Int64 = 0
    }

    private let incoming: IncomingFile
    private let supply = Mutex(Supply())
    private let tree = Lane("potluck.ingest.tree", FileHasher())
    private let flat = Lane("potluck.ingest.flat", FlatHasher())
    private let disk = Lane("potluck.ingest.disk", Progress())

    fileprivate init(in folder: PieceFolder, expecting length: ByteCount?) throws(StorageError) {
        if let length, length > PieceGeometry.lengthLimit { throw .beyondLimit(PieceGeometry.lengthLimit) }
        incoming = try IncomingFile(in: folder)
        if let length { try incoming.file.reserve(length) }
    }

    /// The next bytes of the file; waits while the disk or the hashing is behind. By one task at a time.
    public func write(_ bytes: [UInt8]) async throws(StorageError) {
        try admit(bytes.count)
        var taken = 0
        while taken < bytes.count {
            let block = try await blockToFill()
            taken += bytes.withUnsafeBytes { block.fill(from: UnsafeRawBufferPointer(rebasing: $0[taken...])) }
            if block.isFull { submit(block) } else { supply.withLock { $0.current = block } }
        }
    }

    /// All bytes were given. Returns when they are hashed and on the disk; the file has no name yet.
    public func finish() async throws(StorageError) -> IngestedFile {
        if let last = supply.withLock({ $0.current.take() }) { submit(last) }
        await disk.result { _ in
            // A reservation may have been longer than what came.
            self.attempt { () throws(StorageError) in
                try self.incoming.file.truncate(to: ByteCount(self.supply.withLock { $0.length }))
                try self.incoming.file.synchronize()
            }
        }
        let digests = await tree.result { $0.finish() }
        let sha256 = await flat.result { $0.finish() }
        if let failure = supply.withLock({ $0.failure }) { throw failure }
        return IngestedFile(digests: digests, sha256: sha256, incoming: incoming)
    }

    /// Counts bytes in, unless there are too many of them or the disk has failed already.
    private func admit(_ count: Int) throws(StorageError) {
        try supply.withLock { supply throws(StorageError) in
            if let failure = supply.failure { throw failure }
            guard supply.length + Int64(count) <= PieceGeometry.lengthLimit.bytes else {
                throw .beyondLimit(PieceGeometry.lengthLimit)
            }
            supply.length += Int64(count)
        }
    }

    /// The block that has room: the one being filled, one that is free, a new one below the limit, or the next to be
    /// free.
    private func blockToFill() async throws(StorageError) -> Block {
        if let failure = supply.withLock({ $0.failure }) { throw failure }
        return await withCheckedContinuation { continuation in
            let block = supply.withLock { supply -> Block? in
                if let block = supply.current.take() ?? supply.free.popLast() { return block }
                if supply.made < Self.blockLimit {
                    supply.made += 1
                    return Block(byteCount: Self.blockByteCount)
                }
                precondition(supply.waiting == nil, "one task at a time writes to an ingest")
                supply.waiting = continuation
                return nil
            }
            if let block { continuation.resume(returning: block) }
        }
    }

    /// Hands a block to all lanes; the last one to be done with it gives it back.
    private func submit(_ block: Block) {
        block.share(among: 3)
        tree.enqueue { hasher in
            hasher.update(leaves: block.bytes)
            self.release(block)
        }
        flat.enqueue { hasher in
            hasher.update(block.bytes)
            self.release(block)
        }
        disk.enqueue { progress in
            self.attempt { () throws(StorageError) in try self.put(block.bytes, &progress) }
            self.release(block)
        }
    }

    private func release(_ block: Block) {
        guard block.release() else { return }
        let waiting = supply.withLock { supply in
            if supply.waiting == nil { supply.free.append(block) }
            return supply.waiting.take()
        }
        waiting?.resume(returning: block)
    }

    private func put(_ bytes: UnsafeRawBufferPointer, _ progress: inout Progress) throws(StorageError) {
        try incoming.file.write(bytes, at: progress.written)
        progress.written += Int64(bytes.count)
        if progress.written - progress.begun >= Self.writebackByteCount {
            incoming.file.beginWriteback(progress.begun..<progress.written)
            progress.begun = progress.written
        }
    }

    /// Does something to the disk, unless that failed before: the first failure is the one that is told.
    private func attempt(_ work: () throws(StorageError) -> Void) {
        guard supply.withLock({ $0.failure == nil }) else { return }
        do throws(StorageError) {
            try work()
        } catch {
            supply.withLock { $0.failure = error }
        }
    }
}

/// A file that is on the disk whole and hashed, but is not in its place yet. Dropped, it leaves nothing.
public struct IngestedFile: Sendable {
    public let digests: FileDigests
    /// The flat digest.
    public let sha256: Bytes32
    private let incoming: IncomingFile

    fileprivate init(digests: FileDigests, sha256: Bytes32, incoming: IncomingFile) {
        self.digests = digests
        self.sha256 = sha256
        self.incoming = incoming
    }

    /// Moves the file to its place, durably: from here on it can be opened.
    public func commit() throws(StorageError) {
        try incoming.place(as: digests.fileID)
    }
}

extension PieceFolder {
    /// Begins to take in a file. Where its length is known, room is reserved for it, so that a full disk is noticed at
    /// once.
    public func ingest(expecting length: ByteCount? = nil) throws(StorageError) -> Ingest {
        try Ingest(in: self, expecting: length)
    }
}
