internal import Crypto
public import Primitives

/// Hashes one piece of a file as its bytes arrive, to be compared with the manifest's.
public struct PieceHasher: Sendable {
    private var blocks = BlockHasher()
    private var subtrees = Subtrees()
    /// A file of one piece is a tree no higher than its blocks need; among several, every piece is as high as a whole
    /// one.
    private let height: Int?

    public init(_ geometry: PieceGeometry) {
        height = geometry.count == 1 ? nil : MerkleTree.height(ofPiece: geometry.pieceSize)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        blocks.update(bytes) { subtrees.push($0) }
    }

    /// The piece's hash; the hasher is ready for the next piece of the file. Nothing was given: zeros, which is no
    /// hash.
    public mutating func finish() -> Bytes32 {
        if let last = blocks.finish() { subtrees.push(last) }
        return subtrees.close(height: height) ?? .zero
    }
}

/// The flat SHA-256 of a file, for people with `sha256sum`; apart from `FileHasher`, so that two threads can share the
/// work.
public struct FlatHasher: Sendable {
    private var hasher = SHA256()

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    /// The digest of all that was given; the hasher begins anew.
    public mutating func finish() -> Bytes32 {
        defer { hasher = SHA256() }
        return MerkleTree.digest(of: hasher)
    }
}
