import Catalogue
import Primitives
import Testing

@Suite("Pieces")
struct GeometryTests {
    @Test("are a power of two from 256 KiB to 16 MiB, about a thousand a file")
    func pieceSizes() {
        let cases: [(ByteCount, ByteCount)] = [
            (.zero, .kibibytes(256)), (ByteCount(1), .kibibytes(256)),
            (.mebibytes(256), .kibibytes(256)), (.mebibytes(256) + ByteCount(1), .kibibytes(512)),
            (.mebibytes(1024), .mebibytes(1)), (.mebibytes(16 << 10), .mebibytes(16)),
            (.mebibytes(1 << 20), .mebibytes(16)),
        ]
        for (length, size) in cases { #expect(PieceGeometry.pieceSize(for: length) == size, "\(length)") }
    }

    @Test("cover every byte once", arguments: [0, 1, 262_143, 262_144, 262_145, 1_359_949])
    func coverage(_ length: Int) {
        let geometry = PieceGeometry(length: ByteCount(length))
        var end: Int64 = 0
        for piece in 0..<geometry.count {
            let bytes = geometry.bytes(of: piece)
            #expect(bytes.lowerBound == end)
            #expect(geometry.pieces(covering: bytes) == piece..<piece + 1)
            end = bytes.upperBound
        }
        #expect(end == Int64(length))
        #expect(geometry.pieces(covering: 0..<Int64(length)) == 0..<geometry.count)
        #expect(geometry.pieces(covering: Int64(length)..<Int64(length) + 10).isEmpty)
    }
}

@Suite("A bitfield")
struct BitfieldTests {
    @Test("counts what is set and lists it in runs", arguments: 0..<50)
    func runs(seed: UInt64) {
        var generator = Generator(seed: seed)
        let count = Int.random(in: 0...200, using: &generator)
        var field = Bitfield(count: count)
        var model = [Bool](repeating: false, count: count)
        for _ in 0..<count {
            let piece = Int.random(in: 0..<count, using: &generator)
            let value = Int.random(in: 0..<3, using: &generator) > 0
            field[piece] = value
            model[piece] = value
        }
        #expect(field.setCount == model.count { $0 })
        #expect(field.runs.flatMap { Array($0) } == model.indices.filter { model[$0] })
        #expect(field.isFull == model.allSatisfy { $0 })
    }

    @Test("reads back what it wrote, in BitTorrent's order of bits", arguments: 0..<50)
    func wireForm(seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let count = Int.random(in: 0...200, using: &generator)
        var field = Bitfield(count: count, full: seed == 0)
        for _ in 0..<count { field[Int.random(in: 0..<count, using: &generator)] = true }
        #expect(try Bitfield(wireBytes: field.wireBytes) == field)
        var first = Bitfield(count: 9)
        first[0] = true
        first[8] = true
        #expect(first.wireBytes == [0, 0, 0, 9, 0x80, 0x80])
    }

    @Test("refuses pieces beyond the end, a count beyond the limit, and too few bytes")
    func badInput() {
        #expect(throws: WireError.self) { try Bitfield(wireBytes: [0, 0, 0, 9, 0x80, 0xC0]) }
        #expect(throws: WireError.self) { try Bitfield(wireBytes: [0, 1, 0, 1] + [UInt8](repeating: 0, count: 8193)) }
        #expect(throws: WireError.truncated) { try Bitfield(wireBytes: [0, 0, 0, 9, 0x80]) }
    }
}
