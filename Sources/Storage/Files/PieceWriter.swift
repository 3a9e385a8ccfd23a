public import Catalogue
import Dispatch
import Glibc
import Primitives
import Synchronization

/// Takes the bytes of a fetched run of pieces as they arrive, verifies every piece when it is whole, and only then
/// writes it. Pieces are reported once they are durable.
///
/// `write` is called by one thread at a time. Memory is one piece, at most 16 MiB.
public final class PieceWriter: Sendable {
    /// How a run ended.
    public enum End: Hashable, Sendable {
        /// All its pieces were reported.
        case whole
        /// The bytes ended before this piece was whole; those before it were reported.
        case short(of: Int)
        /// This piece is not what the manifest says; those before it were reported.
        case corrupt(piece: Int)
        /// The disk failed. Pieces that were not reported have to be fetched again.
        case failed(StorageError)
    }

    private struct State {
        var hasher: PieceHasher
        /// What has arrived of the piece `written.upperBound`.
        var partial: [UInt8] = []
        /// Verified, and handed to the kernel.
        var written: Range<Int>
        /// Reported as durable.
        var durable: Range<Int>
        var isSynchronizing = false
        var end: End?
    }

    private let file: OpenFile
    private let geometry: PieceGeometry
    private let hashes: [Bytes32]
    private let pieces: Range<Int>
    private let report: @Sendable (Range<Int>) -> Void
    private let queue = DispatchQueue(label: "potluck.pieces")
    private let state: Mutex<State>

    /// A writer for a run of pieces of a file that was prepared. `durable` is called on a queue of the writer's own,
    /// with runs that follow each other; the next pieces gather meanwhile, so a slow disk makes the runs longer, not
    /// more.
    public init(
        _ folder: PieceFolder, _ manifest: Manifest, pieces: Range<Int>,
        durable: @escaping @Sendable (Range<Int>) -> Void
    ) throws(StorageError) {
        precondition(pieces.clamped(to: manifest.pieces.indices) == pieces, "the run is one of the file's")
        guard let file = try folder.existing(manifest.file, O_RDWR) else { throw .noSuchFile(manifest.file) }
        self.file = file
        guard try file.length() == manifest.geometry.length else { throw .wrongLength(manifest.file) }
        geometry = manifest.geometry
        hashes = manifest.pieces
        self.pieces = pieces
        report = durable
        let none = pieces.lowerBound..<pieces.lowerBound
        state = Mutex(State(hasher: PieceHasher(geometry), written: none, durable: none))
    }

    /// The next bytes of the run. Whether more are welcome: not after a corrupt piece or a failure, and not beyond the
    /// run's end.
    public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (isWelcome, mustSynchronize) = state.withLock { state in
            let isWelcome = take(bytes, into: &state)
            let mustSynchronize = state.written != state.durable && !state.isSynchronizing
            if mustSynchronize { state.isSynchronizing = true }
            return (isWelcome, mustSynchronize)
        }
        if mustSynchronize { queue.async { self.synchronize() } }
        return isWelcome
    }

    /// No more bytes come. Returns when every verified piece is durable and reported, or never will be.
    public func finish() async -> End {
        await withCheckedContinuation { continuation in
            queue.async {
                // Whatever was to be synchronised before has been: the queue is serial.
                let end = self.state.withLock { state in
                    state.partial = []
                    if let end = state.end { return end }
                    let next = state.written.upperBound
                    return next == self.pieces.upperBound ? .whole : .short(of: next)
                }
                continuation.resume(returning: end)
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer, into state: inout State) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = state.written.upperBound
            guard state.end == nil, piece < pieces.upperBound else { return false }
            let place = geometry.bytes(of: piece)
            let missing = place.count - state.partial.count
            let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(missing))
            rest = rest.dropFirst(taken.count)
            state.hasher.update(taken)
            if state.partial.isEmpty { state.partial.reserveCapacity(place.count) }
            state.partial.append(contentsOf: taken)
            if taken.count == missing { finish(piece, at: place.lowerBound, &state) }
        }
        return state.end == nil
    }

    private func finish(_ piece: Int, at offset: Int64, _ state: inout State) {
        defer { state.partial.removeAll(keepingCapacity: true) }
        guard state.hasher.finish() == hashes[piece] else {
            state.end = .corrupt(piece: piece)
            return
        }
        do throws(StorageError) {
            try file.write(state.partial, at: offset)
            file.beginWriteback(offset..<offset + Int64(state.partial.count))
            state.written = state.written.lowerBound..<piece + 1
        } catch {
            state.end = .failed(error)
        }
    }

    /// Runs on the queue until all that was written is durable.
    private func synchronize() {
        while true {
            let written = state.withLock { state -> Range<Int>? in
                if state.written != state.durable { return state.written }
                state.isSynchronizing = false
                return nil
            }
            guard let written else { return }
            do throws(StorageError) {
                try file.synchronize()
            } catch {
                // The kernel may have dropped what it could not write, so a second try that succeeds means nothing.
                state.withLock { state in
                    state.end = .failed(error)
                    state.written = state.durable
                    state.isSynchronizing = false
                }
                return
            }
            let news = state.withLock { state in
                defer { state.durable = written }
                return state.durable.upperBound..<written.upperBound
            }
            report(news)
        }
    }
}
