import Catalogue
import Console
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
    private let troubles: Troubles
    private let lost: LostFiles
    private let queue = DispatchQueue(label: "potluck.shelf")
    /// A disk that fails may take minutes for a file.
    private let rereading = DispatchQueue(label: "potluck.rereading", qos: .utility)
    /// Files that were posted here and could not be read, nor since; at most all of those.
    private let unread = Mutex<Set<FileID>>([])
    /// Files that are being posted.
    private let claims = Mutex<[FileID: Claim]>([:])

    private struct Claim {
        var posts = 0
        /// The machine wanted its bytes removed meanwhile.
        var isDiscarded = false
    }

    /// What is needed to verify pieces of the files that are here or on their way.
    private let manifests: Mutex<[FileID: Manifest]>

    init(folder: PieceFolder, inbox: Inbox, holdings: [Holding], logger: Logger, troubles: Troubles) {
        self.folder = folder
        self.inbox = inbox
        self.logger = logger
        self.troubles = troubles
        lost = LostFiles(holdings, troubles: troubles)
        manifests = Mutex(
            Dictionary(holdings.map { ($0.file, $0.manifest.value) }, uniquingKeysWith: { _, newer in newer }))
    }

    func manifest(of file: FileID) -> Manifest? {
        manifests.withLock { $0[file] }
    }

    private func keep(_ manifest: Manifest) {
        manifests.withLock { $0[manifest.file] = manifest }
    }

    /// Gives a posted file its place, and tells the machine. In turn with all else that is done to files: what was
    /// decided about an earlier copy of it is done before, or not at all until `release`.
    func place(_ file: IngestedFile, as manifest: Verified<Manifest>) async throws {
        claims.withLock { $0[manifest.value.file, default: Claim()].posts += 1 }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async {
                continuation.resume(
                    with: Result {
                        try file.commit()
                        self.keep(manifest.value)
                        self.lost.settle(manifest.value.file)
                        self.inbox.post(.posted(manifest, sha256: file.sha256))
                    })
            }
        }
    }

    /// What `place` led to is on disk, or never will be.
    /// - Parameter isHeld: whether the machine, having heard of it, holds the file.
    func release(_ file: FileID, isHeld: Bool) {
        let wasDiscarded = claims.withLock { claims -> Bool in
            guard var claim = claims[file] else { return false }
            claim.posts -= 1
            claims[file] = claim.posts > 0 ? claim : nil
            return claim.posts == 0 && claim.isDiscarded
        }
        if wasDiscarded, !isHeld { discard(file) }
    }

    func prepare(_ manifest: Manifest) {
        keep(manifest)
        queue.async {
            self.attempt(.noRoom(manifest.file), when: .noRoom) { () throws(StorageError) in
                try self.folder.prepare(manifest.file, length: manifest.geometry.length)
                self.inbox.post(.prepared(manifest.file))
            }
        }
    }

    func complete(_ file: FileID) {
        guard let manifest = manifest(of: file) else { return inbox.post(.damaged(file)) }
        queue.async {
            self.attempt(.damaged(file), when: .damage) { () throws(StorageError) in
                let digest = try self.folder.flatDigest(of: file, length: manifest.geometry.length)
                self.lost.settle(file)
                self.inbox.post(.completed(file, sha256: digest))
            }
        }
    }

    func discard(_ file: FileID) {
        // Decided before the machine heard that it was posted, or after: `release` is told which.
        let isClaimed = claims.withLock { claims in
            claims[file]?.isDiscarded = true
            return claims[file] != nil
        }
        guard !isClaimed else { return }
        lost.settle(file)
        _ = manifests.withLock { $0.removeValue(forKey: file) }
        queue.async {
            self.attempt(nil, when: .damage) { () throws(StorageError) in try self.folder.discard(file) }
        }
    }

    /// A file that was to be sent could not be read. One that is gone or unreadable is fetched again, unless it was
    /// posted here: then its bytes may be the only ones. Those are offered again once they read as they should; until
    /// then a person may decide.
    /// - Parameter sha256: of the whole file, where that is known.
    func unreadable(_ file: FileID, _ error: any Error, isOwn: Bool, sha256: Bytes32?) {
        let error = error as? StorageError
        if let error { troubles.raise(error) }
        switch error?.meaning {
        case .noRoom, .passing: return
        case .damage where isOwn: break
        case .damage, .failure, nil:
            troubles.raise(
                .diskFailing,
                "The file \(file) cannot be read from the disk as it should be; check the disk"
                    + (isOwn ? ", and post the file again." : "; it is fetched again."))
        }
        guard isOwn else { return inbox.post(.damaged(file)) }
        lost.lose(file, name: manifest(of: file)?.posting.name ?? "\(file)")
        guard unread.withLock({ $0.insert(file).inserted }) else { return }
        inbox.post(.readable(file, false))
        readAgain(file, sha256, after: Self.firstReread)
    }

    /// Reads all of a file, less and less often, until it is what it should be.
    private func readAgain(_ file: FileID, _ sha256: Bytes32?, after pause: Duration) {
        rereading.asyncAfter(deadline: .now() + .nanoseconds(Int(pause.wholeNanoseconds))) {
            // Gone meanwhile, by a person's will.
            guard let manifest = self.manifest(of: file) else {
                self.unread.withLock { _ = $0.remove(file) }
                return
            }
            let digest = try? self.folder.flatDigest(of: file, length: manifest.geometry.length)
            guard let digest, sha256 == nil || digest == sha256 else {
                return self.readAgain(file, sha256, after: min(pause * 2, Self.lastReread))
            }
            self.unread.withLock { _ = $0.remove(file) }
            self.lost.settle(file)
            self.inbox.post(.readable(file, true))
        }
    }

    /// A failure of the kind that the machine should hear of is told; any other, such as too many open files, passes,
    /// and the work is tried again.
    private func attempt(
        _ failure: Overlay::Event?, when meaning: StorageError.Meaning,
        _ work: @escaping @Sendable () throws(StorageError) -> Void
    ) {
        do throws(StorageError) {
            try work()
        } catch {
            if !troubles.raise(error) { logger.error("\(error)") }
            if error.meaning == meaning {
                if let failure { inbox.post(failure) }
            } else if failure != nil {
                queue.asyncAfter(deadline: .now() + Self.retryDelay) { self.attempt(failure, when: meaning, work) }
            }
        }
    }

    /// How soon a file is read again that could not be, and how seldom in the end (guesses: a cable that is put back,
    /// and a disk that is done for).
    private static let firstReread = Duration.seconds(5)
    private static let lastReread = Duration.seconds(300)

    /// How long a disk that failed is left alone.
    private static let retryDelay = DispatchTimeInterval.seconds(5)
}

extension StorageError {
    /// What it says of a file that was read or written.
    fileprivate enum Meaning {
        /// It is not what it should be, and has to be fetched again.
        case damage
        /// It does not fit.
        case noRoom
        /// The system could not, and does not say that it may pass.
        case failure
        /// Nothing about the file itself.
        case passing
    }

    fileprivate var meaning: Meaning {
        switch self {
        case .noSuchFile, .wrongLength: .damage
        case .full, .fileTooLarge: .noRoom
        case .system: .failure
        case .notADirectory, .noSuchDirectory, .noPermission, .readOnly, .tooManyOpenFiles, .inUse, .identityMissing,
            .identityExists, .identityExposed, .identityMalformed, .identityKept, .databaseNewer, .databaseDamaged,
            .databaseBusy, .accountDamaged, .beyondLimit, .abandoned:
            .passing
        }
    }
}
