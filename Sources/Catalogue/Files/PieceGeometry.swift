public import Primitives

/// How a file divides into pieces. A file has one geometry, whoever posts it, so that every holder's pieces fit
/// together.
public struct PieceGeometry: Hashable, Sendable {
    /// The leaves of the Merkle tree (BEP 52).
    public static let blockSize = ByteCount.kibibytes(16)
    public static let smallestPiece = ByteCount.kibibytes(256)
    public static let largestPiece = ByteCount.mebibytes(16)
    /// A manifest stays below 2 MiB.
    public static let pieceLimit = 65_536
    /// The longest file: as many of the largest pieces as a manifest may list (1 TiB).
    public static let lengthLimit = ByteCount(largestPiece.bytes * Int64(pieceLimit))
    /// What piece sizes aim at: few enough for a small manifest, enough for many holders to share the work.
    static let aimedPieces: Int64 = 1024

    public let length: ByteCount
    public let pieceSize: ByteCount

    /// The geometry of a file that is not negative and at most `lengthLimit` long.
    public init(length: ByteCount) {
        precondition(length >= .zero && length <= Self.lengthLimit, "a file's length is within the limit")
        self.length = length
        pieceSize = Self.pieceSize(for: length)
    }

    /// The smallest power of two from 256 KiB to 16 MiB with which at most about a thousand pieces cover `length`.
    /// Never falls as the length grows, which is what lets a hasher begin before it knows the end.
    public static func pieceSize(for length: ByteCount) -> ByteCount {
        var size = smallestPiece
        while size < largestPiece,
            length.bytes / aimedPieces > size.bytes
                || (length.bytes / aimedPieces == size.bytes && length.bytes % aimedPieces > 0)
        {
            size = size * 2
        }
        return size
    }

    /// How many pieces: none for an empty file.
    public var count: Int {
        Int(length.bytes / pieceSize.bytes) + (length.bytes % pieceSize.bytes == 0 ? 0 : 1)
    }

    /// The bytes of a piece of this file.
    public func bytes(of piece: Int) -> Range<Int64> {
        precondition(piece >= 0 && piece < count, "the piece is one of the file's")
        let start = Int64(piece) * pieceSize.bytes
        return start..<min(start + pieceSize.bytes, length.bytes)
    }

    /// The bytes of a run of pieces of this file.
    public func bytes(of pieces: Range<Int>) -> Range<Int64> {
        guard !pieces.isEmpty else { return 0..<0 }
        return bytes(of: pieces.lowerBound).lowerBound..<bytes(of: pieces.upperBound - 1).upperBound
    }

    /// The pieces that hold any of these bytes; what lies outside the file is left out.
    public func pieces(covering bytes: Range<Int64>) -> Range<Int> {
        let within = bytes.clamped(to: 0..<length.bytes)
        guard !within.isEmpty else { return 0..<0 }
        return Int(within.lowerBound / pieceSize.bytes)..<Int((within.upperBound - 1) / pieceSize.bytes) + 1
    }
}
