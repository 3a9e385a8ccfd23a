import Console
import Glibc
import Membership
import Overlay
public import Primitives
import Storage
import Synchronization
import Transport

/// One node on this machine.
public enum Node {
    /// Whether a data directory holds a node.
    public static func exists(in data: String) -> Bool {
        (try? DataDirectory(existing: data))?.hasIdentity ?? false
    }

    /// Makes a node: a data directory with an identity, a network of its own, and a commented `node.yaml`.
    /// - Parameter overrides: what the command line said, which `node.yaml` then says.
    /// - Throws: a sentence for the operator, also when there is a node already; then nothing was made.
    public static func initialise(_ settings: Settings, overrides: [String: String]) throws -> NodeID {
        let footprint = Footprint(at: settings.data)
        do {
            return try make(settings, overrides)
        } catch {
            footprint.erase()
            throw error
        }
    }

    private static func make(_ settings: Settings, _ overrides: [String: String]) throws -> NodeID {
        let directory = try DataDirectory(creating: settings.data)
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        let identity = Identity.generate()
        let configuration = try Settings.file(overrides: overrides)
        guard !directory.hasIdentity else { throw StorageError.identityExists(path: directory.identityPath) }
        // The settings first: a node that is killed here is none yet, and no node runs with others than it was given.
        try directory.create(configuration: configuration)
        try directory.create(
            IdentityKeys(signingSeed: identity.signingSecret, agreementSecret: identity.agreementSecret))
        _ = try membership(of: identity, in: Database(at: directory.databasePath))
        _ = try PieceFolder(at: directory.filesPath)
        return identity.nodeID
    }

    /// The network this node belongs to; one of its own when it belongs to none yet.
    static func membership(of identity: Identity, in database: Database) throws -> NetworkMembership {
        if let membership = try database.membership() {
            try membership.check(identity)
            return membership
        }
        let membership = foundation(by: identity, cardVersion: 0)
        try database.write(membership)
        return membership
    }

    /// A new network of nobody but this node.
    static func foundation(by identity: Identity, cardVersion: UInt64) -> NetworkMembership {
        var random = SystemRandomNumberGenerator()
        let key = Bytes32(random.next(), random.next(), random.next(), random.next())
        return NetworkMembership(founder: identity.nodeID, networkKey: key, certificate: nil, cardVersion: cardVersion)
    }

    /// Whether a process runs the node of a data directory.
    public static func isRunning(in data: String) throws -> Bool {
        do throws(StorageError) {
            _ = try DataDirectory(existing: data).lock()
            return false
        } catch {
            guard case .inUse = error else { throw error }
            return true
        }
    }

    /// Whether the node of a data directory, which does not run, is in a network that it founded, and alone there.
    public static func isAlone(in data: String) throws -> Bool {
        let database = try Database(at: DataDirectory(existing: data).databasePath)
        guard let membership = try database.membership(), membership.certificate == nil else { return false }
        return try !hasCompany(membership.founder, in: database)
    }

    /// Whether anybody else was ever in a node's network. Of members that were forgotten the certificates are left.
    static func hasCompany(_ own: NodeID, in database: Database) throws -> Bool {
        try database.load().news.contains { $0.value.subject != own.short }
            || database.certificates().contains { $0.value.subject != own }
    }

    /// Every download takes two descriptors, and the usual soft limit is 1,024: take what the system allows.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many files and connections this process may have open.
    static var descriptorLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Runs the node of a data directory until it is told to stop.
    /// - Throws: a sentence for the operator when it cannot start.
    public static func run(_ settings: Settings) async throws {
        try await run(settings, arriving: nil)
    }

    /// Joins a network and runs, with the node of a data directory or with a new one where there is none. A new one
    /// that is not let in leaves nothing behind.
    /// - Parameter peer: an invite, or the address of a member of an open network.
    /// - Throws: a sentence for the operator when it cannot start, or cannot join.
    public static func join(_ peer: String, _ settings: Settings, overrides: [String: String]) async throws {
        let footprint = exists(in: settings.data) ? nil : Footprint(at: settings.data)
        if footprint != nil { _ = try initialise(settings, overrides: overrides) }
        let hasJoined = Atomic(false)
        defer { if !hasJoined.load(ordering: .relaxed) { footprint?.erase() } }
        try await run(settings, arriving: Goal(peer: peer) { hasJoined.store(true, ordering: .relaxed) })
    }

    private static func run(_ settings: Settings, arriving goal: Goal?) async throws {
        let interruption = Interruption()
        // A limit on the size of files is an error to be told like any other, not a reason to die.
        signal(SIGXFSZ, SIG_IGN)
        // A log that nobody reads any more is no reason either.
        signal(SIGPIPE, SIG_IGN)
        raiseDescriptorLimit()
        defer { LogOutput.standardError.flush() }
        let directory = try DataDirectory(existing: settings.data)
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        try await RunningNode(settings, in: directory, isArriving: goal != nil).run(arriving: goal, interruption)
    }
}
