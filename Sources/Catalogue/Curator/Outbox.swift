internal import OrderedCollections
internal import Primitives

/// What one tracker is still to be told, in the order it arose; one call at a time.
struct Outbox: Sendable {
    /// The files, and whether everything known of each goes or only what this node holds.
    var files: OrderedDictionary<FileID, Bool> = [:]
    var isUnderWay = false
    var failures = 0
    var restsUntil: Instant

    mutating func add(_ file: FileID, everything: Bool) {
        files[file] = everything || files[file] == true
    }

    /// What was under way, and did not get there.
    mutating func put(back items: [(file: FileID, everything: Bool)]) {
        for (file, everything) in items { add(file, everything: everything) }
    }
}
