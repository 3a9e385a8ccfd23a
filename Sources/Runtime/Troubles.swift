import Console
import Logging
import Primitives
import Storage
import Synchronization

/// What is wrong with this node at the moment, for `node status` and the log. Whoever meets a trouble raises it, as
/// often as it is met; the log says it once, and once when it is over.
final class Troubles: Sendable {
    private let logger: Logger
    /// In the order they began, each with when it was raised last.
    private let state = Mutex<[(trouble: Trouble, raised: ContinuousClock.Instant)]>([])

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter sentence: what is wrong and what to do; the latest one counts.
    func raise(_ kind: Trouble.Kind, _ sentence: String) {
        let trouble = Trouble(kind: kind, sentence: sentence, since: MonotonicClock.wallTime)
        let isNew = state.withLock { troubles in
            if let index = troubles.firstIndex(where: { $0.trouble.kind == kind }) {
                troubles[index].trouble.sentence = sentence
                troubles[index].raised = .now
                return false
            }
            troubles.append((trouble, .now))
            return true
        }
        if isNew { logger.error("\(sentence)", metadata: ["trouble": "\(kind.rawValue)"]) }
    }

    /// Nothing where there was no such trouble.
    /// - Parameter quiet: it is over only if nobody has met it for so long.
    func clear(_ kind: Trouble.Kind, after quiet: Duration = .zero) {
        let wasThere = state.withLock { troubles in
            let count = troubles.count
            troubles.removeAll { $0.trouble.kind == kind && $0.raised.duration(to: .now) >= quiet }
            return troubles.count < count
        }
        if wasThere { logger.notice("\(kind.relief)", metadata: ["trouble": "\(kind.rawValue)"]) }
    }

    var current: [Trouble] { state.withLock { $0.map(\.trouble) } }

    /// What the operator is told who wants something written while the disk takes nothing.
    var ofTheDisk: Trouble? {
        current.first { [.diskFull, .diskReadOnly, .diskFailing].contains($0.kind) }
    }

    /// What the operator is told who wants something kept while the database takes nothing.
    var ofTheDatabase: Trouble? { current.first { $0.kind == .database } }
}

extension Troubles {
    /// What the disk did not do; whether that is trouble, and not merely a file that is not there.
    @discardableResult
    func raise(_ error: StorageError) -> Bool {
        guard let kind = Trouble.Kind(error) else { return false }
        raise(kind, "\(error)")
        return true
    }
}

extension Trouble.Kind {
    init?(_ error: StorageError) {
        switch error {
        case .full: self = .diskFull
        case .readOnly, .noPermission: self = .diskReadOnly
        case .system, .databaseBusy: self = .diskFailing
        case .tooManyOpenFiles: self = .descriptors
        case .databaseDamaged, .databaseNewer, .accountDamaged: self = .database
        case .notADirectory, .noSuchDirectory, .fileTooLarge, .inUse, .identityMissing, .identityExists,
            .identityExposed, .identityMalformed, .identityKept, .noSuchFile, .wrongLength, .beyondLimit, .abandoned:
            return nil
        }
    }
}
