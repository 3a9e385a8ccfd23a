internal import Primitives

/// The files this node knows, in ascending order.
struct FileTable: Sendable {
    private var entries: [FileID: FileEntry] = [:]
    private(set) var ids: [FileID] = []

    var count: Int { ids.count }

    /// Setting nothing removes.
    subscript(file: FileID) -> FileEntry? {
        get { entries[file] }
        _modify {
            let before = entries[file] != nil
            yield &entries[file]
            let after = entries[file] != nil
            guard before != after else { return }
            let position = ids.firstPosition { $0 >= file }
            if after { ids.insert(file, at: position) } else { ids.remove(at: position) }
        }
    }
}
