import Primitives
import Synchronization

/// Files that were looked for a moment ago and not found: asked for again, they are answered without asking anybody.
///
/// A table of fixed size in which a file has four places, and whoever comes later has the one that ends first.
final class Unfound: Sendable {
    /// As many as are looked for in a few seconds at a pace far beyond any real one; a third of a megabyte.
    static let size = 8192
    /// Places that a file may have: with one, two files of a handful would drive each other out now and then.
    private static let ways = 4
    /// No longer than the trackers' answer holds while it is unsettled: a file posted now is found then.
    static let lifetime = Duration.seconds(5)

    private struct Entry {
        var file: FileID
        var until: Instant
    }

    private let entries: Mutex<[Entry?]>
    init() {
        entries = Mutex(Array(repeating: nil, count: Self.size))
    }

    func contains(_ file: FileID, at now: Instant) -> Bool {
        entries.withLock { entries in
            places(of: file).contains { entries[$0].map { $0.file == file && now < $0.until } ?? false }
        }
    }

    func insert(_ file: FileID, at now: Instant) {
        entries.withLock { entries in
            let places = places(of: file)
            let place =
                places.first { entries[$0]?.file == file }
                ?? places.min { (entries[$0]?.until ?? .zero) < (entries[$1]?.until ?? .zero) }
            if let place { entries[place] = Entry(file: file, until: now + Self.lifetime) }
        }
    }

    /// Hashes differ from process to process, so nobody can choose files that drive out others.
    private func places(of file: FileID) -> Range<Int> {
        let first = Int(UInt(bitPattern: file.hashValue) % UInt(Self.size / Self.ways)) * Self.ways
        return first..<first + Self.ways
    }
}
