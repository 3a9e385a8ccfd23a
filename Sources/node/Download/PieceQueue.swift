import Catalogue
import Primitives

/// Which pieces of a download are still to be fetched, and which are on their way.
struct PieceQueue {
    let geometry: PieceGeometry
    private(set) var present: Bitfield
    /// Runs to hand out, the next one last.
    private var waiting: [Range<Int>]

    /// Small pieces are asked for together, up to this many bytes at once: a request costs about as much as it is
    /// short.
    static let runSize = ByteCount.mebibytes(4)

    init(_ geometry: PieceGeometry, present: Bitfield) {
        self.geometry = geometry
        self.present = present
        let longest = max(1, Int(Self.runSize.bytes / geometry.pieceSize.bytes))
        var runs: [Range<Int>] = []
        var piece = 0
        while piece < geometry.count {
            guard !present[piece] else {
                piece += 1
                continue
            }
            var end = piece + 1
            while end < geometry.count, !present[end], end - piece < longest { end += 1 }
            runs.append(piece..<end)
            piece = end
        }
        waiting = runs.reversed()
    }

    var isComplete: Bool { present.isFull }

    /// Bytes of the pieces that are there.
    var done: ByteCount {
        present.runs.reduce(.zero) { sum, run in
            let bytes = geometry.bytes(of: run)
            return sum + ByteCount(bytes.upperBound - bytes.lowerBound)
        }
    }

    /// The next run to fetch.
    mutating func take() -> Range<Int>? { waiting.popLast() }

    /// These came, were right and are on disk.
    mutating func stored(_ pieces: Range<Int>) { present.insert(pieces) }

    /// These did not come: they are next.
    mutating func putBack(_ pieces: Range<Int>) {
        if !pieces.isEmpty { waiting.append(pieces) }
    }
}
