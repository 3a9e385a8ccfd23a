public import Overlay
public import Primitives
public import Routing
internal import Synchronization
public import Transport

/// What the driver tells the public door about nodes and files. Event loops read it without waiting: the lock is held
/// for one look-up or one change.
public final class RoutingTable: Sendable {
    private let router: Mutex<Router>

    public init(_ router: sending Router) {
        self.router = Mutex(router)
    }

    public func apply(_ change: RoutingChange) {
        router.withLock { $0.apply(change) }
    }

    public func file(_ id: FileID) -> RoutingFile? {
        router.withLock { $0[id] }
    }

    /// Why a file that was offered is not any more.
    public func absence(of id: FileID) -> Absence? {
        router.withLock { $0.absence(of: id) }
    }

    /// Chooses, and counts what it chose as spent there.
    public func decide(_ query: Query, at now: Instant) -> Decision {
        router.withLock { $0.decide(query, at: now) }
    }

    /// Whom many clients were sent to since this was last asked.
    public func takeBusy(at now: Instant) -> [Redirected] {
        router.withLock { $0.takeBusy(at: now) }
    }

    /// What `decide` would choose.
    public func explain(_ query: Query, at now: Instant) -> Decision {
        router.withLock { $0.explain(query, at: now) }
    }
}

/// Who this node is, for who asks for `/`.
public struct Greeting: Sendable {
    public var name: String
    public var node: NodeID
    public var network: NodeID
    public var version: String

    public init(name: String, node: NodeID, network: NodeID, version: String) {
        self.name = name
        self.node = node
        self.network = network
        self.version = version
    }
}

/// What the public door works with.
public struct EdgeServices: Sendable {
    public var own: NodeID
    public var routing: RoutingTable
    public var account: Account
    public var files: any PieceFiles
    public var door: any PeerDoor
    public var directory: Directory
    public var verifier: RequestVerifier
    /// Makes and checks the `via` of redirects; asked each time, since a node may join another network.
    public var via: @Sendable () -> ViaTokens
    /// Where a client is; nothing for addresses in no table.
    public var place: @Sendable (IPAddress) -> Place?
    public var now: @Sendable () -> Instant
    public var wallTime: @Sendable () -> WallTime
    /// Until the allowance's period ends: what `Retry-After` says when nobody has any left.
    public var untilPeriodEnds: @Sendable () -> Duration
    public var greeting: @Sendable () -> Greeting
    /// Told of every response, on the event loop: be quick.
    public var log: (@Sendable (AccessRecord) -> Void)?
    /// Told, on the event loop, each time that connections cannot be taken for want of descriptors or memory, with the
    /// system's error number; and with nothing when that is over.
    public var shortage: @Sendable (Int32?) -> Void
    /// Told each time that a socket which failed cannot be opened again; and with nothing when it is open.
    public var shut: @Sendable ((any Error)?) -> Void
    /// Told of a file that should be here and cannot be read, on the event loop.
    public var unreadable: @Sendable (FileID, any Error) -> Void

    public init(
        own: NodeID, routing: RoutingTable, account: Account, files: any PieceFiles, door: any PeerDoor,
        directory: Directory, verifier: RequestVerifier, via: @escaping @Sendable () -> ViaTokens,
        place: @escaping @Sendable (IPAddress) -> Place?, now: @escaping @Sendable () -> Instant,
        wallTime: @escaping @Sendable () -> WallTime, untilPeriodEnds: @escaping @Sendable () -> Duration,
        greeting: @escaping @Sendable () -> Greeting, log: (@Sendable (AccessRecord) -> Void)? = nil,
        shortage: @escaping @Sendable (Int32?) -> Void = { _ in },
        shut: @escaping @Sendable ((any Error)?) -> Void = { _ in },
        unreadable: @escaping @Sendable (FileID, any Error) -> Void = { _, _ in }
    ) {
        self.own = own
        self.routing = routing
        self.account = account
        self.files = files
        self.door = door
        self.directory = directory
        self.verifier = verifier
        self.via = via
        self.place = place
        self.now = now
        self.wallTime = wallTime
        self.untilPeriodEnds = untilPeriodEnds
        self.greeting = greeting
        self.log = log
        self.shortage = shortage
        self.shut = shut
        self.unreadable = unreadable
    }
}
