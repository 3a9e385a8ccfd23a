internal import Primitives

/// Something for each of some files, in ascending order of these.
struct FileTable<Value: Sendable>: Sendable {
    private var entries: [FileID: Value] = [:]
    private(set) var ids: [FileID] = []

    var count: Int { ids.count }

    /// Setting nothing removes.
    subscript(file: FileID) -> Value? {
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
