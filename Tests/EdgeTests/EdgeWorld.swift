import Allowance
import CLinux
import Catalogue
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Overlay
import Primitives
import Routing
import Synchronization
import Transport

@testable import Edge

/// A server on loopback with one file, an account that renews its leases, and a door that answers what it is told to.
final class EdgeWorld: Sendable {
    static let wallTime = WallTime(milliseconds: 1_700_000_000_000)

    let server: PublicServer
    let account: Account
    let routing: RoutingTable
    let own: Identity
    /// A member that may ask.
    let member: Identity
    let door: TestDoor
    let file: FileID
    let content: [UInt8]
    let directory: Directory
    let tokens = ViaTokens(networkKey: Bytes32(1, 2, 3, 4))
    let records: Records
    private let lender: Lender
    private let group: MultiThreadedEventLoopGroup
    private let files: OneFile

    static func make(
        length: Int = 100_000, share: ByteCount = .gigabytes(10), copy: RoutingFile.OwnCopy = .complete,
        name: String = "a film.mp4", mediaType: String = "video/mp4", leases: Lender.Policy = .generous,
        settings: EdgeSettings = EdgeSettings()
    ) async throws -> EdgeWorld {
        let (own, member) = (Identity.generate(), Identity.generate())
        let directory = Directory(founder: member.nodeID)
        let lender = Lender(leases)
        let account = Account(Leases(terms: Terms(share: share), spent: .zero, durable: .zero)) { lender.renew($0) }
        lender.lend(to: account)
        var generator = Generator(seed: UInt64(length))
        // A prime number of random bytes, over and over: no two slices of a file are alike.
        let pattern = (0..<min(length, 65_521)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        var content: [UInt8] = []
        content.reserveCapacity(length + pattern.count)
        while content.count < length { content += pattern }
        content.removeLast(content.count - length)
        let files = OneFile(content)
        let file = FileID(Bytes32(7, 8, 9, UInt64(length)))
        let routing = RoutingTable(Router(own: own.nodeID, generator: Generator(seed: 1)))
        let (tokens, door, records) = (ViaTokens(networkKey: Bytes32(1, 2, 3, 4)), TestDoor(), Records())
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let services = EdgeServices(
            own: own.nodeID, routing: routing, account: account, files: files, door: door, directory: directory,
            verifier: RequestVerifier(own: own.nodeID, directory: directory), via: { tokens },
            place: { _ in nil }, now: { Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) },
            wallTime: { wallTime }, untilPeriodEnds: { .seconds(4321) },
            greeting: { Greeting(name: "a node", node: own.nodeID, network: member.nodeID, version: "1") },
            log: { record in records.all.withLock { $0.append(record) } },
            shortage: { number in records.shortages.withLock { $0.append(number) } },
            shut: { error in records.shut.withLock { $0.append(error.map { SocketError.number(of: $0) ?? 0 }) } })
        let server = try await PublicServer.start(
            on: Endpoint(address: .v4(0x7F00_0001), port: 0), group: group, services: services, settings: settings)
        let world = EdgeWorld(
            server: server, account: account, routing: routing, own: own, member: member, door: door, file: file,
            content: content, directory: directory, records: records, lender: lender, group: group, files: files)
        world.route(own.nodeID, url: "http://own.example", remaining: .gigabytes(10))
        routing.apply(.file(world.facts(of: file, copy, name: name, mediaType: mediaType)))
        return world
    }

    private init(
        server: PublicServer, account: Account, routing: RoutingTable, own: Identity, member: Identity, door: TestDoor,
        file: FileID, content: [UInt8], directory: Directory, records: Records, lender: Lender,
        group: MultiThreadedEventLoopGroup, files: OneFile
    ) {
        self.server = server
        self.account = account
        self.routing = routing
        self.own = own
        self.member = member
        self.door = door
        self.file = file
        self.content = content
        self.directory = directory
        self.records = records
        self.lender = lender
        self.group = group
        self.files = files
    }

    func stop() async {
        _ = await server.shutDown(grace: .zero)
        try? await group.shutdownGracefully()
    }

    func forgetContent() { files.forget() }

    /// Files cannot be opened any more.
    func fail(with failure: any Error) { files.failure.withLock { $0 = failure } }

    var log: [AccessRecord] { records.all.withLock { $0 } }

    func facts(
        of file: FileID, _ copy: RoutingFile.OwnCopy, holders: [NodeID] = [], name: String = "a film.mp4",
        mediaType: String = "video/mp4"
    ) -> RoutingFile {
        RoutingFile(
            id: file, length: ByteCount(content.count), name: name, mediaType: mediaType, publisher: own.nodeID,
            vouched: .network, holders: holders.map { RoutingHolder(id: $0, isComplete: true) }, own: copy,
            sha256: Bytes32(0, 0, 0, 1))
    }

    func route(_ node: NodeID, url: String, remaining: ByteCount) {
        routing.apply(
            .node(
                RoutingNode(
                    id: node, url: url, place: nil, remaining: remaining, share: .gigabytes(10), load: 0,
                    isAlive: true, families: [.v4, .v6], statusVersion: 1)))
    }

    /// `network`: another /24 of loopback, so that it shares nothing with the others.
    func client(receiveBuffer: Int32? = nil, network: UInt32 = 0) throws -> RawClient {
        try RawClient(
            to: server.endpoint, receiveBuffer: receiveBuffer, from: network == 0 ? nil : 0x7F00_0001 + network << 8)
    }

    var path: String { "/f/\(file)/a%20film.mp4" }

    func get(_ path: String? = nil, _ fields: String..., method: String = "GET") -> String {
        "\(method) \(path ?? self.path) HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// A request as the member signs it.
    func signed(
        _ method: String, _ path: String, _ fields: String..., body: [UInt8]? = nil, by signer: Identity? = nil
    ) -> String {
        let signed = RequestSigner(identity: signer ?? member).fields(
            method: method, target: path, body: body, receiver: own.nodeID, at: Self.wallTime)
        let length = body.map { ["Content-Length: \($0.count)"] } ?? []
        let all = signed.map { "\($0.name): \($0.value)" } + length + fields
        return "\(method) \(path) HTTP/1.1\r\nHost: a\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// Waits until the account has come to rest: what the server does after a client has gone takes a moment.
    func settled(_ condition: (EdgeWorld) -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if condition(self) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

final class Records: Sendable {
    let all = Mutex<[AccessRecord]>([])
    /// Error numbers, and nothing when it was over.
    let shortages = Mutex<[Int32?]>([])
    let shut = Mutex<[Int32?]>([])
}

/// Extends leases as a disk would: a moment later.
final class Lender: Sendable {
    enum Policy: Sendable {
        case generous
        /// Each lease has so many bytes more than what was asked for.
        case small(ByteCount)
        /// Nothing beyond so many bytes of each class.
        case upTo(ByteCount)
        /// So many bytes of each class at first, and no lease after that.
        case once(ByteCount)
    }

    private let policy: Policy
    private let account = Mutex<Account?>(nil)

    init(_ policy: Policy) {
        self.policy = policy
    }

    func lend(to account: Account) {
        self.account.withLock { $0 = account }
        renew(account.usage)
    }

    func renew(_ usage: Usage) {
        guard let account = account.withLock({ $0 }) else { return }
        var durable = usage.spent
        for kind in TrafficClass.allCases {
            switch policy {
            case .generous: durable[kind] += .mebibytes(64) + usage.wanted[kind]
            case .small(let more): durable[kind] += more + usage.wanted[kind]
            case .upTo(let limit), .once(let limit): durable[kind] = limit
            }
        }
        if case .once = policy, usage.durable != .zero { return }
        if usage.spent == .zero { return account.extend(to: durable) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) { [durable] in
            account.extend(to: durable)
        }
    }
}

/// One file for every FileID.
final class OneFile: PieceFiles {
    let failure = Mutex<(any Error)?>(nil)
    private let descriptor: Int32

    init(_ content: [UInt8]) {
        var template = Array("/tmp/potluck-edge-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
        var written = 0
        while written < content.count {
            written += content[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        }
    }

    deinit {
        close(descriptor)
    }

    /// Drops it from memory, so that it has to come from the disk.
    func forget() {
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
    }

    /// Whether that works here.
    static let canForget: Bool = {
        let length = 1 << 20
        let file = OneFile([UInt8](repeating: 1, count: length))
        file.forget()
        return clinux_is_cached(file.descriptor, 0, Int64(length)) == 0
    }()

    func open(_ file: FileID) throws -> Int32 {
        if let failure = failure.withLock({ $0 }) { throw failure }
        return dup(descriptor)
    }
}

final class TestDoor: PeerDoor {
    let asked = Mutex<[(request: PeerRequest, from: NodeID)]>([])
    let joined = Mutex<[(body: [UInt8], signer: NodeID)]>([])
    let joinAnswer = Mutex((status: 200, body: Array("welcome".utf8)))
    let onResolve = Mutex<(@Sendable (FileID) -> Void)?>(nil)
    let delay = Mutex<(@Sendable () async -> Void)?>(nil)
    let outcome = Mutex(LookUpOutcome.settled)
    let kept = Mutex<Manifest?>(nil)

    func handle(_ request: Verified<PeerRequest>, from node: NodeID) async -> PeerAnswer? {
        asked.withLock { $0.append((request.value, node)) }
        return .catalogue(.unknown)
    }

    func join(_ body: [UInt8], signedBy signer: NodeID, from: IPAddress) async -> (status: Int, body: [UInt8]) {
        joined.withLock { $0.append((body, signer)) }
        return joinAnswer.withLock { $0 }
    }

    func resolve(_ file: FileID) async -> LookUpOutcome {
        onResolve.withLock { $0 }?(file)
        await delay.withLock { $0 }?()
        return outcome.withLock { $0 }
    }

    func manifest(of file: FileID) async -> Manifest? {
        kept.withLock { $0 }
    }
}

/// Threads of which none is free until they are let go.
final class HeldPool: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let isHeld = Mutex(true)
    private let count = NIOSingletons.blockingPoolThreadCountSuggestion

    init(_ pool: NIOThreadPool) {
        let taken = DispatchSemaphore(value: 0)
        for _ in 0..<count {
            pool.submit { [gate] _ in
                taken.signal()
                gate.wait()
            }
        }
        for _ in 0..<count { taken.wait() }
    }

    /// More than once is as good as once.
    func letGo() {
        guard
            isHeld.withLock({ isHeld in
                defer { isHeld = false }; return isHeld
            })
        else { return }
        for _ in 0..<count { gate.signal() }
    }
}
