internal import Primitives

/// All files known to a node, and what the copies among them take, of each publisher: counted as they come and go, since
/// an offer must not cost a look at every file.
struct KnownFiles: Sendable {
    private var table = FileTable<FileEntry>()
    /// What the copies of each publisher's files occupy here, those still on their way with all of their length; nobody
    /// who has none is in it.
    private(set) var occupied: [NodeID: Occupied] = [:]
    /// What they occupy together.
    private(set) var heldForOthers = ByteCount.zero

    struct Occupied: Sendable {
        var files = 0
        var size = ByteCount.zero
    }

    var count: Int { table.count }
    /// In ascending order.
    var ids: [FileID] { table.ids }

    /// Setting nothing removes.
    subscript(file: FileID) -> FileEntry? {
        get { table[file] }
        _modify {
            let before = Self.copy(table[file])
            yield &table[file]
            let after = Self.copy(table[file])
            guard before != after else { return }
            if let before { count(before, files: -1, size: .zero - before.length) }
            if let after { count(after, files: 1, size: after.length) }
        }
    }

    /// A copy of somebody's file, under the posting that it is held for.
    private struct Copy: Equatable {
        let publisher: NodeID
        let length: ByteCount
    }

    private static func copy(_ entry: FileEntry?) -> Copy? {
        guard let holding = entry?.holding, !holding.isOwn else { return nil }
        let posting = holding.manifest.value.posting
        return Copy(publisher: posting.publisher, length: posting.length)
    }

    private mutating func count(_ copy: Copy, files: Int, size: ByteCount) {
        heldForOthers += size
        var occupied = occupied[copy.publisher] ?? Occupied()
        occupied.files += files
        occupied.size += size
        self.occupied[copy.publisher] = occupied.files == 0 ? nil : occupied
    }
}
