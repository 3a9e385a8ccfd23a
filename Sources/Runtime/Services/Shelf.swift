import Catalogue
import Dispatch
import Logging
import Overlay
import Primitives
import Storage
import Synchronization

/// The files on this node's disk, as the machine asks for them. Everything slow runs on a queue of its own, so that a
/// large digest never delays a pulse.
final class Shelf: Sendable {
    private let folder: PieceFolder
    private let inbox: Inbox
    private let logger: Logger
    private let queue = DispatchQueue(label: "potluck.shelf")
    /// What is needed to verify pieces of the files that are here or on their way.
    private let manifests: Mutex<[FileID: Manifest]>

    init(folder: PieceFolder, inbox: Inbox, holdings: [Holding], logger: Logger) {
        self.folder = folder
        self.inbox = inbox
        self.logger = logger
        manifests = Mutex(
            Dictionary(holdings.map { ($0.file, $0.manifest.value) }, uniquingKeysWith: { _, newer in newer }))
    }

    func manifest(of file: FileID) -> Manifest? {
        manifests.withLock { $0[file] }
    }

    /// A file that was posted here and lies in its place.
    func keep(_ manifest: Manifest) {
        manifests.withLock { $0[manifest.file] = manifest }
    }

    func prepare(_ manifest: Manifest) {
        keep(manifest)
        queue.async {
            self.attempt(.noRoom(manifest.file), when: { $0.isForWantOfRoom }) { () throws(StorageError) in
                try self.folder.prepare(manifest.file, length: manifest.geometry.length)
                self.inbox.post(.prepared(manifest.file))
            }
        }
    }

    func complete(_ file: FileID) {
        guard let manifest = manifest(of: file) else { return inbox.post(.damaged(file)) }
        queue.async {
            self.attempt(.damaged(file), when: { $0.isDamage }) { () throws(StorageError) in
                let digest = try self.folder.flatDigest(of: file, length: manifest.geometry.length)
                self.inbox.post(.completed(file, sha256: digest))
            }
        }
    }

    func discard(_ file: FileID) {
        _ = manifests.withLock { $0.removeValue(forKey: file) }
        queue.async {
            self.attempt(nil, when: { $0.isDamage }) { () throws(StorageError) in try self.folder.discard(file) }
        }
    }

    /// A failure of the kind that the machine should hear of is told; any other, such as too many open files, passes, and
    /// the work is tried again.
    private func attempt(
        _ failure: Overlay::Event?, when isMeant: @escaping @Sendable (StorageError) -> Bool,
        _ work: @escaping @Sendable () throws(StorageError) -> Void
    ) {
        do throws(StorageError) {
            try work()
        } catch {
            logger.error("\(error)")
            if isMeant(error) {
                if let failure { inbox.post(failure) }
            } else if failure != nil {
                queue.asyncAfter(deadline: .now() + Self.retryDelay) { self.attempt(failure, when: isMeant, work) }
            }
        }
    }

    /// How long a disk that failed is left alone.
    private static let retryDelay = DispatchTimeInterval.seconds(5)
}

extension StorageError {
    /// The file is not what it should be, and has to be fetched again.
    fileprivate var isDamage: Bool {
        switch self {
        case .noSuchFile, .wrongLength: true
        default: false
        }
    }

    fileprivate var isForWantOfRoom: Bool {
        switch self {
        case .full, .fileTooLarge, .readOnly, .noPermission: true
        default: false
        }
    }
}
