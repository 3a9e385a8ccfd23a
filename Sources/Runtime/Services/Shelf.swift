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
            self.attempt(orTell: .noRoom(manifest.file)) {
                try self.folder.prepare(manifest.file, length: manifest.geometry.length)
                self.inbox.post(.prepared(manifest.file))
            }
        }
    }

    func complete(_ file: FileID) {
        guard let manifest = manifest(of: file) else { return inbox.post(.damaged(file)) }
        queue.async {
            self.attempt(orTell: .damaged(file)) {
                let digest = try self.folder.flatDigest(of: file, length: manifest.geometry.length)
                self.inbox.post(.completed(file, sha256: digest))
            }
        }
    }

    func discard(_ file: FileID) {
        _ = manifests.withLock { $0.removeValue(forKey: file) }
        queue.async {
            self.attempt(orTell: nil) { try self.folder.discard(file) }
        }
    }

    private func attempt(orTell failure: Overlay::Event?, _ work: () throws -> Void) {
        do {
            try work()
        } catch {
            logger.error("\(error)")
            if let failure { inbox.post(failure) }
        }
    }
}
