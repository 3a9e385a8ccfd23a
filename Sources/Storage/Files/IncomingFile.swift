import Catalogue
import Glibc
import Primitives
import Synchronization

/// A file on its way in, under a name that means nothing; removed with the last reference, unless it was moved to its
/// place.
final class IncomingFile: Sendable {
    private static let counter = Atomic<UInt64>(0)

    let file: OpenFile
    private let folder: PieceFolder
    private let path: String
    private let isPlaced = Mutex(false)

    init(in folder: PieceFolder) throws(StorageError) {
        self.folder = folder
        // Unique within the run; what an earlier run left was removed when the folder was opened.
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        path = folder.incomingPath + "/\(number)"
        file = try OpenFile(path, O_RDWR | O_CREAT | O_EXCL)
    }

    deinit {
        if !isPlaced.withLock({ $0 }) { unlink(path) }
    }

    /// Gives the file, whose content is on the disk already, its name; durable on return. A file of the same name has
    /// the same content, or a part of it, and is replaced.
    func place(as id: FileID) throws(StorageError) {
        try isPlaced.withLock { isPlaced throws(StorageError) in
            guard !isPlaced else { return }
            try folder.makeFolder(of: id)
            let destination = folder.path(of: id)
            guard rename(path, destination) == 0 else { throw StorageError(code: errno, path: destination) }
            isPlaced = true
            try synchronizeDirectory(folder.folderPath(of: id))
        }
    }
}
