import Catalogue
import Console
import Primitives
import Synchronization

/// The files posted here that cannot be read whole from this disk: told as a trouble until they are, or are withdrawn.
/// They may be had from other holders; where there are none, only who posted them can bring them back.
final class LostFiles: Sendable {
    private struct File {
        let id: FileID
        let name: String
    }

    /// So many are named; a sentence has no room for more.
    static let namedLimit = 3

    private let troubles: Troubles
    /// In the order in which they were found.
    private let files: Mutex<[File]>

    /// - Parameter holdings: as they were found at the start. What was posted here was whole then.
    init(_ holdings: [Holding], troubles: Troubles) {
        self.troubles = troubles
        files = Mutex(
            holdings.filter { $0.isOwn && !($0.pieces.isFull && $0.sha256 != nil) }
                .map { File(id: $0.file, name: $0.manifest.value.posting.name) })
        files.withLock { tell(&$0) }
    }

    func lose(_ file: FileID, name: String) {
        files.withLock { files in
            guard !files.contains(where: { $0.id == file }) else { return }
            files.append(File(id: file, name: name))
            tell(&files)
        }
    }

    /// It is here again, or is not to be here any more.
    func settle(_ file: FileID) {
        files.withLock { files in
            let count = files.count
            files.removeAll { $0.id == file }
            guard files.count < count else { return }
            if files.isEmpty { troubles.clear(.lostFiles) } else { tell(&files) }
        }
    }

    /// Under the lock, so that the last word is that of the last change.
    private func tell(_ files: inout [File]) {
        guard !files.isEmpty else { return }
        var names = files.prefix(Self.namedLimit).map { "“\(FileName.excerpt($0.name))”" }
        if files.count > names.count { names.append("\(files.count - names.count) more") }
        let last = names.removeLast()
        let all = names.isEmpty ? last : names.joined(separator: ", ") + " and " + last
        troubles.raise(
            .lostFiles,
            files.count == 1
                ? "\(all), posted here, cannot be read whole from the disk and is not offered; post it again, or take it back "
                    + "with `node unpost`."
                : "\(all), posted here, cannot be read whole from the disk and are not offered; post them again, or take them "
                    + "back with `node unpost`.")
    }
}
