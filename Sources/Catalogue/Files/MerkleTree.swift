internal import Crypto
internal import Primitives

/// The BitTorrent v2 tree: SHA-256 over 16 KiB blocks, the row of leaves filled up with zeros to a power of two (BEP
/// 52).
enum MerkleTree {
    static let blockByteCount = Int(PieceGeometry.blockSize.bytes)

    /// The hash of two nodes' parent.
    static func parent(_ left: Bytes32, _ right: Bytes32) -> Bytes32 {
        var hasher = SHA256()
        update(&hasher, with: left)
        update(&hasher, with: right)
        return digest(of: hasher)
    }

    /// The root of a subtree of `height` rows above leaves that are all beyond the file's end.
    static func padding(height: Int) -> Bytes32 {
        var node = Bytes32.zero
        for _ in 0..<height { node = parent(node, node) }
        return node
    }

    /// The root above a row of nodes that are `height` rows above the leaves, the row filled up to a power of two.
    static func root(of row: [Bytes32], height: Int) -> Bytes32 {
        precondition(!row.isEmpty, "a tree has at least one node")
        var row = row
        var padding = padding(height: height)
        while row.count > 1 {
            if row.count % 2 == 1 { row.append(padding) }
            merge(&row)
            padding = parent(padding, padding)
        }
        return row[0]
    }

    /// Replaces an even row by its parents.
    static func merge(_ row: inout [Bytes32]) {
        for index in 0..<row.count / 2 { row[index] = parent(row[2 * index], row[2 * index + 1]) }
        row.removeLast(row.count / 2)
    }

    /// How many rows a piece of this many bytes spans, the leaves not counted.
    static func height(ofPiece size: ByteCount) -> Int {
        (size.bytes / PieceGeometry.blockSize.bytes).trailingZeroBitCount
    }

    static func digest(of hasher: SHA256) -> Bytes32 {
        hasher.finalize().withUnsafeBytes { bytes in
            Bytes32(word(bytes, 0), word(bytes, 8), word(bytes, 16), word(bytes, 24))
        }
    }

    static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return digest(of: hasher)
    }

    static func update(_ hasher: inout SHA256, with bytes: Bytes32) {
        var words = (
            bytes.words.0.bigEndian, bytes.words.1.bigEndian, bytes.words.2.bigEndian, bytes.words.3.bigEndian
        )
        withUnsafeBytes(of: &words) { hasher.update(bufferPointer: $0) }
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

/// Cuts a stream into 16 KiB blocks and hashes each as a leaf.
struct BlockHasher: Sendable {
    private var hasher = SHA256()
    private var filled = 0

    /// Calls `leaf` for every block that these bytes complete.
    mutating func update(_ bytes: UnsafeRawBufferPointer, leaf: (Bytes32) -> Void) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(MerkleTree.blockByteCount - filled)
            rest = rest.dropFirst(taken.count)
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: taken))
            filled += taken.count
            if filled == MerkleTree.blockByteCount { leaf(take()) }
        }
    }

    /// The leaf of the last block if it is not a whole one.
    mutating func finish() -> Bytes32? {
        filled == 0 ? nil : take()
    }

    private mutating func take() -> Bytes32 {
        defer {
            hasher = SHA256()
            filled = 0
        }
        return MerkleTree.digest(of: hasher)
    }
}

/// The whole subtrees over the leaves so far, from high to low: at most one of each height, as the ones of a binary
/// number.
struct Subtrees: Sendable {
    private var nodes: [Node] = []

    private struct Node: Sendable {
        var hash: Bytes32
        var height: Int
    }

    mutating func push(_ leaf: Bytes32) {
        nodes.append(Node(hash: leaf, height: 0))
        while nodes.count > 1, nodes[nodes.count - 1].height == nodes[nodes.count - 2].height { mergeLast() }
    }

    /// The one subtree of this height, if that is all there is.
    mutating func take(height: Int) -> Bytes32? {
        guard nodes.count == 1, nodes[0].height == height else { return nil }
        return nodes.removeLast().hash
    }

    /// A subtree higher than all that are here, and before them.
    mutating func putBack(_ hash: Bytes32, height: Int) {
        precondition(nodes.first.map { $0.height < height } ?? true, "subtrees stand from high to low")
        nodes.insert(Node(hash: hash, height: height), at: 0)
    }

    /// The root over all leaves, filled up with zeros to `height` rows, or to as few as hold them; nothing without
    /// leaves.
    mutating func close(height: Int?) -> Bytes32? {
        guard !nodes.isEmpty else { return nil }
        while nodes.count > 1 {
            raiseLast(to: nodes[nodes.count - 2].height)
            mergeLast()
        }
        if let height { raiseLast(to: height) }
        return nodes.removeLast().hash
    }

    private mutating func raiseLast(to height: Int) {
        var last = nodes.removeLast()
        var padding = MerkleTree.padding(height: last.height)
        while last.height < height {
            last.hash = MerkleTree.parent(last.hash, padding)
            padding = MerkleTree.parent(padding, padding)
            last.height += 1
        }
        nodes.append(last)
    }

    private mutating func mergeLast() {
        let right = nodes.removeLast()
        let left = nodes.removeLast()
        nodes.append(Node(hash: MerkleTree.parent(left.hash, right.hash), height: left.height + 1))
    }
}
