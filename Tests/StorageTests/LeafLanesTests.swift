import CLeaves
import Catalogue
import Crypto
import Primitives
import Testing

@testable import Storage

@Suite struct LeafLanesTests {
    @Test(arguments: [cleaves_pair, cleaves_sixteen, cleaves_eight])
    func everyWayComputesSHA256(way: cleaves_way) {
        let lanes = cleaves_lanes(way)
        guard lanes > 0 else { return }
        for seed in 1...20 as ClosedRange<UInt64> {
            let leaves = bytes(lanes * 16_384, seed: seed)
            var digests = [UInt8](repeating: 0, count: lanes * 32)
            cleaves_hash(way, leaves, &digests)
            let expected = (0..<lanes).flatMap { lane in
                Array(SHA256.hash(data: leaves[lane * 16_384..<(lane + 1) * 16_384]))
            }
            #expect(digests == expected)
        }
    }

    @Test(arguments: [0, 1, 16_384, 49_152, 16 * 16_384, 25 * 16_384 + 5])
    func aFileHasTheSameDigestsAsOneLeafAfterTheOther(length: Int) {
        let bytes = bytes(length)
        var one = FileHasher()
        var many = FileHasher()
        bytes.withUnsafeBytes {
            one.update($0)
            many.update(leaves: $0)
        }
        #expect(one.finish() == many.finish())
    }
}
