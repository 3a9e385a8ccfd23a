internal import Crypto
public import Primitives

/// What a file's bytes come to: all that a posting and its manifest state about the content, but the flat digest.
public struct FileDigests: Hashable, Sendable {
    public let length: ByteCount
    public let fileID: FileID
    public let piecesRoot: Bytes32
    /// The roots of the pieces' subtrees: BEP 52's piece layer, or for a file of one piece the root itself.
    public let pieces: [Bytes32]

    public var pieceSize: ByteCount { PieceGeometry.pieceSize(for: length) }
}

extension FileID {
    /// SHA-256(length as 8 bytes, big-endian ‖ pieces root): the length closes the tree's second preimages.
    public init(length: ByteCount, piecesRoot: Bytes32) {
        var hasher = SHA256()
        var bigEndian = UInt64(bitPattern: length.bytes).bigEndian
        withUnsafeBytes(of: &bigEndian) { hasher.update(bufferPointer: $0) }
        MerkleTree.update(&hasher, with: piecesRoot)
        self.init(MerkleTree.digest(of: hasher))
    }

    /// The file that these piece hashes prove, whose number must be that of the geometry.
    public init(geometry: PieceGeometry, pieces: [Bytes32]) {
        precondition(pieces.count == geometry.count, "every piece has its hash")
        self.init(length: geometry.length, piecesRoot: FileHasher.root(of: pieces, geometry))
    }
}

/// Hashes a file of unknown length as it streams by, in memory that grows by at most 32 bytes a piece.
///
/// The piece size depends on the length, which only the end tells. It never falls as the length grows, so the row of
/// piece hashes is merged whenever the bytes seen so far ask for larger pieces.
public struct FileHasher: Sendable {
    private var blocks = BlockHasher()
    private var row = PieceRow()
    private var length: Int64 = 0

    public init() {}

    /// The next bytes of the file. More than `PieceGeometry.lengthLimit` in all is the caller's mistake.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += Int64(bytes.count)
        precondition(length <= PieceGeometry.lengthLimit.bytes, "a file's length is within the limit")
        blocks.update(bytes) { row.append($0) }
        row.enlarge(to: PieceGeometry.pieceSize(for: ByteCount(length)))
    }

    /// The hash of the next whole block, for who hashes several at once. Only where a block begins, and within the
    /// limit.
    public mutating func append(leaf: Bytes32) {
        precondition(length % PieceGeometry.blockSize.bytes == 0, "a leaf begins where a block does")
        length += PieceGeometry.blockSize.bytes
        precondition(length <= PieceGeometry.lengthLimit.bytes, "a file's length is within the limit")
        row.append(leaf)
        row.enlarge(to: PieceGeometry.pieceSize(for: ByteCount(length)))
    }

    /// The digests of all that was given; the hasher begins anew.
    public mutating func finish() -> FileDigests {
        if let last = blocks.finish() { row.append(last) }
        let geometry = PieceGeometry(length: ByteCount(length))
        let pieces = row.finish()
        let root = Self.root(of: pieces, geometry)
        self = FileHasher()
        return FileDigests(
            length: geometry.length, fileID: FileID(length: geometry.length, piecesRoot: root), piecesRoot: root,
            pieces: pieces)
    }

    /// The pieces root above these piece hashes; that of an empty file is SHA-256 of nothing.
    static func root(of pieces: [Bytes32], _ geometry: PieceGeometry) -> Bytes32 {
        guard !pieces.isEmpty else { return MerkleTree.digest(of: SHA256()) }
        return MerkleTree.root(of: pieces, height: MerkleTree.height(ofPiece: geometry.pieceSize))
    }
}

/// The pieces hashed so far, and what there is of the next one.
private struct PieceRow: Sendable {
    private var pieces: [Bytes32] = []
    private var partial = Subtrees()
    private var height = MerkleTree.height(ofPiece: PieceGeometry.smallestPiece)

    mutating func append(_ leaf: Bytes32) {
        partial.push(leaf)
        if let whole = partial.take(height: height) { pieces.append(whole) }
    }

    /// Goes over to larger pieces: two become one, an odd last one is again part of the next.
    mutating func enlarge(to size: ByteCount) {
        while height < MerkleTree.height(ofPiece: size) {
            if pieces.count % 2 == 1 { partial.putBack(pieces.removeLast(), height: height) }
            MerkleTree.merge(&pieces)
            height += 1
        }
    }

    /// All pieces. A file of one piece is a tree no higher than its blocks need.
    mutating func finish() -> [Bytes32] {
        if let last = partial.close(height: pieces.isEmpty ? nil : height) { pieces.append(last) }
        return pieces
    }
}
