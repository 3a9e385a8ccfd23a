public import Primitives

/// Which pieces of a file are there.
public struct Bitfield: Hashable, Sendable {
    /// How many pieces the file has.
    public let count: Int
    /// How many of them are there.
    public private(set) var setCount: Int
    /// Sixty-four pieces a word, the first in the lowest bit; bits beyond `count` are zero.
    private var words: [UInt64]

    /// All pieces missing, or all there.
    public init(count: Int, full: Bool = false) {
        precondition((0...PieceGeometry.pieceLimit).contains(count), "a file has no more pieces than its limit")
        self.count = count
        setCount = full ? count : 0
        words = Array(repeating: full ? ~0 : 0, count: (count + 63) / 64)
        if full, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    public var isFull: Bool { setCount == count }
    public var isEmpty: Bool { setCount == 0 }

    public subscript(piece: Int) -> Bool {
        get {
            precondition(piece >= 0 && piece < count, "the piece is one of the file's")
            return words[piece / 64] >> UInt64(piece % 64) & 1 == 1
        }
        set {
            guard self[piece] != newValue else { return }
            words[piece / 64] ^= 1 << UInt64(piece % 64)
            setCount += newValue ? 1 : -1
        }
    }

    /// Every piece of the run is there.
    public func contains(_ pieces: Range<Int>) -> Bool {
        firstMissing(in: pieces) == nil
    }

    /// The first piece of the run that is not there.
    public func firstMissing(in pieces: Range<Int>) -> Int? {
        first(in: pieces) { ~$0 }
    }

    /// The first piece of the run that is there.
    public func firstPresent(in pieces: Range<Int>) -> Int? {
        first(in: pieces) { $0 }
    }

    /// The first set bit of the run after `transform`, a word at a time.
    private func first(in pieces: Range<Int>, _ transform: (UInt64) -> UInt64) -> Int? {
        precondition(pieces.lowerBound >= 0 && pieces.upperBound <= count, "the pieces are the file's")
        var piece = pieces.lowerBound
        while piece < pieces.upperBound {
            let word = transform(words[piece / 64]) >> UInt64(piece % 64)
            if word != 0 {
                let found = piece + word.trailingZeroBitCount
                return found < pieces.upperBound ? found : nil
            }
            piece = (piece / 64 + 1) * 64
        }
        return nil
    }

    public mutating func insert(_ pieces: Range<Int>) {
        for piece in pieces { self[piece] = true }
    }

    /// The pieces that are there, as maximal runs in ascending order.
    public var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        var position = 0
        while let start = firstPresent(in: position..<count) {
            position = firstMissing(in: start..<count) ?? count
            runs.append(start..<position)
        }
        return runs
    }
}

extension Bitfield: WireCodable {
    /// The count, then a bit a piece, the first in the highest bit of the first byte, as BitTorrent writes them (BEP
    /// 3).
    public func encode(into writer: inout WireWriter) {
        writer.write(UInt32(count))
        for byte in 0..<(count + 7) / 8 {
            let bits = UInt8(truncatingIfNeeded: words[byte / 8] >> UInt64(byte % 8 * 8))
            writer.write(Self.reversed(bits))
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let count = Int(try reader.uint32())
        guard count <= PieceGeometry.pieceLimit else {
            throw .tooLong(what: "a bitfield", count: count, limit: PieceGeometry.pieceLimit)
        }
        let bytes = try reader.raw(count: (count + 7) / 8)
        self.init(count: count)
        for (index, byte) in bytes.enumerated() {
            words[index / 8] |= UInt64(Self.reversed(byte)) << UInt64(index % 8 * 8)
        }
        if count % 64 != 0, words[words.count - 1] >> UInt64(count % 64) != 0 {
            throw .malformed("a bitfield with pieces beyond the file's end")
        }
        setCount = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    private static func reversed(_ byte: UInt8) -> UInt8 {
        var reversed: UInt8 = 0
        for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 { reversed |= 0x80 >> UInt8(bit) }
        return reversed
    }
}
