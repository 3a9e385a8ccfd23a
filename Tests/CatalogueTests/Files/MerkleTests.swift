import Catalogue
import Primitives
import Testing

/// Roots and piece layers of v2 torrents that libtorrent 2.1.1 made of files with the bytes of `Content`.
struct TorrentFixture: Sendable, CustomStringConvertible {
    let length: Int
    let root: String
    /// How many hashes the piece layer has, and their SHA-256; a file of one piece has no layer.
    var layer: (count: Int, sha256: String)?
    let sha256: String

    var description: String { "\(length) bytes" }

    static let piece = 262_144
    static let all = [
        TorrentFixture(
            length: 1, root: "8e35c2cd3bf6641bdb0e2050b76932cbb2e6034a0ddacc1d9bea82a6ba57f7cf",
            sha256: "8e35c2cd3bf6641bdb0e2050b76932cbb2e6034a0ddacc1d9bea82a6ba57f7cf"),
        TorrentFixture(
            length: 16_384, root: "16343fff34a428d4ff0cff88c8d5b483f97e91a0830c36b00f79326f89c48e7a",
            sha256: "16343fff34a428d4ff0cff88c8d5b483f97e91a0830c36b00f79326f89c48e7a"),
        TorrentFixture(
            length: 16_385, root: "66d4b99ac067e680c6ffed0cbd2c531f49c2e28f940a9798acff6e1da2873051",
            sha256: "6a63209dbc415f0858cbf9e5ec731aaca4978fc8f15cf376eae6b3a15e676190"),
        TorrentFixture(
            length: piece - 1, root: "1cdc939773bab366cc37368e94a98b83240585abe057425e6940e5a82d9c02bf",
            sha256: "621449fa4a5fd8ed5eb69f5652ec1e8da9860953308d9510d2cccca0f013b6fa"),
        TorrentFixture(
            length: piece, root: "80973b4222bf74d481b0ce5c72d5be262f2f815bf07d2c28dbd255c03f7decf6",
            sha256: "d3e5daeca5bd413772809fa1b46cadfd4508476b17d9597c78fba5646d0dde05"),
        TorrentFixture(
            length: piece + 1, root: "16532680885f864fcd7651b820bc9e6e1159dca839f429a0545c910f64ebb7c1",
            layer: (2, "16532680885f864fcd7651b820bc9e6e1159dca839f429a0545c910f64ebb7c1"),
            sha256: "8b7c7eb35463f4f9daf85cd0fc3da8b5ee82f737b432fc88b68e787a12c46542"),
        TorrentFixture(
            length: 5 * piece, root: "7c2e6edc78879ed067ab4f752e374ddd50cbd0f5368609f3ee7dac647bc7099c",
            layer: (5, "b5b5acabbdd89d254715e2c67d222ec932892d6933842f4b75fb858d0a376891"),
            sha256: "06fc591910469f1d3a5a413deb087417594eb591d9736de1a3a1e7c907bf16cb"),
        TorrentFixture(
            length: 5 * piece + 3 * 16_384 + 77,
            root: "221893c854f374c897e265f88712bb240a4c07146d275a2c77cb0b5f068ebc89",
            layer: (6, "d60082dc9ff368eaa1547a0720b3948d042a2e7dd505790bd26f65c865b573cc"),
            sha256: "19db9f0945e778f8fbb66cc04316106b43285786f1eb282b145eecda05a1b377"),
    ]
}

/// The bytes that the fixtures were made of: a linear congruential generator's, so that files need not be kept.
enum Content {
    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt32 = 0x1234_5678
        return (0..<count).map { _ in
            state = state &* 1_103_515_245 &+ 12345
            return UInt8(truncatingIfNeeded: state >> 16)
        }
    }
}

extension Bytes32 {
    var hex: String {
        array.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

@Suite("The Merkle tree")
struct MerkleTests {
    static func digests(of bytes: [UInt8], chunk: Int) -> FileDigests {
        var hasher = FileHasher()
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            bytes[start..<min(start + chunk, bytes.count)].withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish()
    }

    static func flat(_ bytes: [UInt8]) -> Bytes32 {
        var hasher = FlatHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    @Test("gives the roots and piece layers of libtorrent, however the bytes arrive", arguments: TorrentFixture.all)
    func matchesTorrents(_ fixture: TorrentFixture) {
        let bytes = Content.bytes(fixture.length)
        let whole = Self.digests(of: bytes, chunk: max(bytes.count, 1))
        #expect(whole.piecesRoot.hex == fixture.root)
        #expect(whole.length == ByteCount(fixture.length))
        #expect(Self.flat(bytes).hex == fixture.sha256)
        if let layer = fixture.layer {
            #expect(whole.pieces.count == layer.count)
            #expect(Self.flat(whole.pieces.flatMap(\.array)).hex == layer.sha256)
        } else {
            #expect(whole.pieces.map(\.hex) == [fixture.root])
        }
        for chunk in [1000, 16_384, 16_385, 65_536] {
            #expect(Self.digests(of: bytes, chunk: chunk) == whole)
        }
    }

    @Test("changes over to larger pieces on the way, as libtorrent would have begun with")
    func enlargesPieces() {
        let length = 300 * 1_048_576 + 3 * 16_384 + 77
        let zeros = [UInt8](repeating: 0, count: 1_000_000)
        var hasher = FileHasher()
        for start in stride(from: 0, to: length, by: zeros.count) {
            zeros[..<min(zeros.count, length - start)].withUnsafeBytes { hasher.update($0) }
        }
        let digests = hasher.finish()
        #expect(digests.pieceSize == .kibibytes(512))
        #expect(digests.pieces.count == 601)
        #expect(digests.piecesRoot.hex == "f75275767291b88c30439618bb8a9fb47ef4c0946bed7d91282112c90c7cc9e6")
        #expect(
            Self.flat(digests.pieces.flatMap(\.array)).hex
                == "ef381087b9da7edf4230433ac2de06d7e40c68225c100d6942e6bbd3da4b18ab")
    }

    @Test("of an empty file has no pieces and the root SHA-256 of nothing")
    func emptyFile() {
        let digests = Self.digests(of: [], chunk: 1)
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(digests.piecesRoot.hex == nothing)
        #expect(digests.pieces.isEmpty)
        #expect(digests.fileID == FileID(Self.flat([UInt8](repeating: 0, count: 8) + digests.piecesRoot.array)))
    }

    @Test("proves each piece by itself", arguments: TorrentFixture.all)
    func provesPieces(_ fixture: TorrentFixture) {
        let bytes = Content.bytes(fixture.length)
        let digests = Self.digests(of: bytes, chunk: 65_536)
        let geometry = PieceGeometry(length: digests.length)
        var hasher = PieceHasher(geometry)
        for piece in 0..<geometry.count {
            let range = geometry.bytes(of: piece)
            bytes[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { hasher.update($0) }
            #expect(hasher.finish() == digests.pieces[piece])
        }
        #expect(FileID(geometry: geometry, pieces: digests.pieces) == digests.fileID)
    }

    @Test("has another FileID for the same root with another length")
    func lengthIsPartOfTheFileID() {
        let root = Bytes32(1, 2, 3, 4)
        #expect(FileID(length: ByteCount(1), piecesRoot: root) != FileID(length: ByteCount(2), piecesRoot: root))
    }
}
