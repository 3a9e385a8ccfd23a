import Primitives
import Synchronization

/// Files that were looked for a moment ago and not found: asked for again, they are answered without asking anybody.
///
/// A table of fixed size in which a file has one place, and whoever comes later has it.
final class Unfound: Sendable {
    /// As many as are looked for in a few seconds at a pace far beyond any real one; a third of a megabyte.
    static let size = 8192
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
            guard let entry = entries[place(of: file)], entry.file == file else { return false }
            return now < entry.until
        }
    }

    func insert(_ file: FileID, at now: Instant) {
        entries.withLock { $0[place(of: file)] = Entry(file: file, until: now + Self.lifetime) }
    }

    /// Hashes differ from process to process, so nobody can choose files that drive out others.
    private func place(of file: FileID) -> Int {
        Int(UInt(bitPattern: file.hashValue) % UInt(Self.size))
    }
}
