import CLeaves
import Catalogue
import Primitives

/// Hashes Merkle leaves as many at once as this processor can.
enum LeafLanes {
    static let leafByteCount = Int(CLEAVES_LEAF_SIZE)

    /// The ways this processor can go, the fastest first.
    private static let ways: [(way: cleaves_way, lanes: Int)] = {
        let known = [cleaves_pair, cleaves_sixteen, cleaves_eight].map { (way: $0, lanes: cleaves_lanes($0)) }
        let able = known.filter { $0.lanes > 0 }
        // A pair is faster than any lanes, and leaves at most one leaf over.
        return able.first?.way == cleaves_pair ? Array(able.prefix(1)) : able
    }()

    /// Hashes leaves from the front of `bytes`; returns how many bytes they were. What is left over is less than this
    /// processor does at once.
    static func hash(_ bytes: UnsafeRawBufferPointer, leaf: (Bytes32) -> Void) -> Int {
        var rest = bytes[...]
        withUnsafeTemporaryAllocation(byteCount: Bytes32.byteCount * 16, alignment: 16) { digests in
            for (way, lanes) in ways {
                while rest.count >= lanes * leafByteCount {
                    hash(way, UnsafeRawBufferPointer(rebasing: rest), digests)
                    for lane in 0..<lanes { leaf(digest(UnsafeRawBufferPointer(digests), lane)) }
                    rest = rest.dropFirst(lanes * leafByteCount)
                }
            }
        }
        return bytes.count - rest.count
    }

    private static func hash(
        _ way: cleaves_way, _ leaves: UnsafeRawBufferPointer, _ digests: UnsafeMutableRawBufferPointer
    ) {
        cleaves_hash(
            way, leaves.assumingMemoryBound(to: UInt8.self).baseAddress,
            digests.assumingMemoryBound(to: UInt8.self).baseAddress)
    }

    private static func digest(_ digests: UnsafeRawBufferPointer, _ lane: Int) -> Bytes32 {
        func word(_ index: Int) -> UInt64 {
            UInt64(
                bigEndian: digests.loadUnaligned(fromByteOffset: lane * Bytes32.byteCount + index * 8, as: UInt64.self))
        }
        return Bytes32(word(0), word(1), word(2), word(3))
    }
}

extension FileHasher {
    /// The next bytes of a file, when all before them were whole leaves.
    mutating func update(leaves bytes: UnsafeRawBufferPointer) {
        let hashed = LeafLanes.hash(bytes) { append(leaf: $0) }
        update(UnsafeRawBufferPointer(rebasing: bytes[hashed...]))
    }
}
