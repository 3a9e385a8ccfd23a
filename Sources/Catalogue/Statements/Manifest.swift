public import Primitives

/// A posting with the piece hashes, which prove every piece against the FileID.
public struct Manifest: Hashable, Sendable {
    public let posting: Posting
    public let pieces: [Bytes32]

    public init(posting: Posting, pieces: [Bytes32]) {
        self.posting = posting
        self.pieces = pieces
    }

    public var file: FileID { posting.file }
    public var geometry: PieceGeometry { posting.geometry }

    /// The piece hashes lead to the posting's FileID. About two hashes a piece: 0.1 ms for a thousand pieces.
    public var isConsistent: Bool {
        let geometry = geometry
        return pieces.count == geometry.count && FileID(geometry: geometry, pieces: pieces) == posting.file
    }
}

extension Manifest: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(posting)
        writer.write(UInt32(pieces.count))
        for piece in pieces { writer.write(piece) }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let posting = try reader.value(Posting.self)
        let count = Int(try reader.uint32())
        guard count == posting.geometry.count else {
            throw .malformed("\(count) piece hashes for a file of \(posting.geometry.count) pieces")
        }
        // Memory follows the bytes that are there, not the count that a peer claims.
        var pieces: [Bytes32] = []
        for _ in 0..<count { pieces.append(try reader.bytes32()) }
        self.init(posting: posting, pieces: pieces)
    }
}

extension Manifest: StatementBearing {
    public var statements: [any Statement] { [posting] }
}
