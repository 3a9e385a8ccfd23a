import Allowance
import Catalogue
import Console
import Dispatch
import Edge
import Geography
import Logging
import Membership
import Overlay
import Primitives
import Routing
import Storage
import Transport

/// Does what the operator asks of the running node.
struct OperatorDesk: Operator {
    let inbox: Inbox
    let identity: Identity
    let directory: Directory
    let database: Database
    let belonging: Belonging
    let folder: PieceFolder
    let shelf: Shelf
    let scribe: Scribe
    let account: Account
    let routing: Edge.RoutingTable
    let peers: PeerDesk
    let joiner: Joiner
    let atlas: Atlas
    let settings: Settings
    let card: OwnCard
    let clock: MonotonicClock
    let startedAt: WallTime
    let troubles: Troubles
    let server: PublicServer
    let leaving: Leaving
    /// What is shown when the machine has stopped already.
    let initial: Overlay

    func about() async -> NodeFacts {
        let overlay = await snapshot()
        return NodeFacts(
            id: identity.nodeID, name: settings.name, url: card.url, listen: settings.listen.description,
            dataDirectory: settings.data, software: Software.version, place: card.place,
            network: belonging.membership.founder, isOpen: belonging.isOpen, replicas: Int(settings.replicas),
            lists: settings.lists,
            freeDisk: (try? folder.freeDisk()) ?? overlay.freeDisk, allowance: settings.quota.limit,
            share: settings.share,
            period: overlay.ledger.state.period, startedAt: startedAt, wallClock: MonotonicClock.wallTime,
            now: clock.now, troubles: troubles.current, door: DoorView(server.counts),
            datagrams: DatagramsView(
                joiner.datagrams.counts, inboxFull: inbox.dropped, disbelieved: directory.rejections))
    }

    func snapshot() async -> Overlay {
        await inbox.ask { $0 } ?? initial
    }

    func usage() -> Usage { account.usage }

    func post(
        _ request: PostRequest, body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws -> Verified<Manifest> {
        if let trouble = troubles.ofTheDisk ?? (scribe.isRefused ? troubles.ofTheDatabase : nil) {
            throw OperatorError(.failed, "The file was not posted: \(trouble.sentence)")
        }
        try leaving.enter()
        defer { leaving.exit() }
        do {
            let ingest = try folder.ingest(expecting: request.length)
            for try await chunk in body { try await ingest.write(chunk) }
            let file = try await ingest.finish()
            let manifest = try await manifest(of: file, request)
            try await place(file, as: manifest)
            return manifest
        } catch let error as StorageError {
            troubles.raise(error)
            throw OperatorError(.failed, "The file was not posted: \(error)")
        }
    }

    /// Returns once the catalogue has the file, durably: only then may its link be told.
    private func place(_ file: IngestedFile, as manifest: Verified<Manifest>) async throws {
        let id = manifest.value.file
        let wasPosted = await inbox.ask { $0.curator.isPosted(here: id) } ?? false
        try await scribe.perform { [database] in try database.noteLeftover(id) }
        let placing: Result<Void, any Error>
        do {
            placing = .success(try await shelf.place(file, as: manifest))
        } catch {
            placing = .failure(error)
        }
        var isHeld = await inbox.ask { $0.curator.holds(id) }
        let isKept = await scribe.settled(within: Self.diskPatience)
        if !isKept, !wasPosted { isHeld = await takeBack(id) }
        shelf.release(id, isHeld: isHeld ?? true)
        try placing.get()
        guard isKept else { throw OperatorError(.failed, "The file was not posted: \(slowDisk)") }
        guard isHeld != nil else {
            throw OperatorError(.failed, "The node is stopping; post the file again when it runs.")
        }
    }

    /// Nobody has heard of the file yet: the machine is to let go of it, and its bytes go when the disk takes that.
    /// - Returns: whether the machine holds the file nevertheless, for others.
    private func takeBack(_ file: FileID) async -> Bool? {
        inbox.post(.withdraw(file))
        for _ in 0..<Self.patience {
            guard await inbox.ask({ $0.curator.isPosted(here: file) }) ?? false else { break }
            guard (try? await Task.sleep(for: Self.pause)) != nil else { break }
        }
        return await inbox.ask { $0.curator.holds(file) }
    }

    private var slowDisk: String {
        troubles.ofTheDisk?.sentence
            ?? "The disk has not taken it within \(Self.diskPatience.components.seconds) seconds; check the disk, and try "
            + "again."
    }

    private func manifest(of file: IngestedFile, _ request: PostRequest) async throws -> Verified<Manifest> {
        let digests = file.digests
        let now = MonotonicClock.wallTime
        let sequence = await snapshot().curator.nextSequence(for: digests.fileID, at: now)
        let replicas = request.audience.limit(request.replicas ?? Int(settings.replicas), beside: identity.nodeID)
        let draft = Posting(
            file: digests.fileID, publisher: identity.nodeID, length: digests.length, name: request.name,
            mediaType: request.mediaType, sha256: file.sha256, audience: request.audience,
            replicas: UInt8(clamping: replicas), postedAt: now, expires: request.expires, sequence: sequence)
        guard let draft else {
            throw OperatorError(
                .unusable, "This name or media type cannot be posted; give others with --name and --type.")
        }
        let posting = identity.sign(draft)
        return try directory.verify(Manifest(posting: posting.value, pieces: digests.pieces))
    }

    func invite(uses: Int, lifetime: Duration) async throws -> String {
        let now = MonotonicClock.wallTime
        let invite = Invite(
            inviter: identity.nodeID, network: belonging.membership.founder, url: card.url, expires: now + lifetime)
        do {
            let record = InviteRecord(secretHash: invite.id, expires: invite.expires, usesLeft: uses)
            try await scribe.perform { [database] in try database.write(record, at: now) }
        } catch {
            throw OperatorError(.failed, "The invite could not be kept: \(error)")
        }
        return invite.description
    }

    func join(_ peer: String) async throws -> JoinResult {
        try await joiner.join(peer)
    }

    func withdraw(_ file: FileID) async throws {
        inbox.post(.withdraw(file))
        try await become("withdrawn") { !$0.curator.isPosted(here: file) }
    }

    func deny(_ denial: Denial, isUndone: Bool) async throws {
        inbox.post(isUndone ? .allow(denial) : .deny(denial))
        try await become("noted") { $0.curator.denials.contains(denial) != isUndone }
    }

    /// Waits until the machine has done what it was told, durably; it may need a signature in between.
    private func become(_ what: String, _ isSo: @escaping @Sendable (borrowing Overlay) -> Bool) async throws {
        for _ in 0..<Self.patience {
            if await inbox.ask(isSo) ?? false {
                guard await scribe.settled(within: Self.diskPatience) else {
                    throw OperatorError(.failed, "That is \(what), but would be forgotten at a restart: \(slowDisk)")
                }
                return
            }
            try await Task.sleep(for: Self.pause)
        }
        throw OperatorError(.failed, "That was not \(what): the node is stopping or too busy; try again.")
    }

    /// How long a disk that takes nothing is waited for before the operator is told.
    private static let diskPatience = Duration.seconds(15)
    static let pause = Duration.milliseconds(20)
    /// In pauses: some ten seconds.
    static let patience = 500

    func why(_ file: FileID, from address: IPAddress) async throws -> Decision {
        if routing.file(file) == nil { _ = await peers.resolve(file) }
        let query = Query(
            file: file, client: atlas.place(of: address), family: AddressFamilies(address),
            ownRemaining: account.remaining)
        return routing.explain(query, at: clock.now)
    }

    func place(of address: IPAddress) async -> Place? { atlas.place(of: address) }
}

extension DatagramsView {
    /// - Parameter inboxFull: those that came so fast that the machine could not handle them.
    init(_ counts: DatagramCounts, inboxFull: UInt64, disbelieved: Int) {
        var dropped = Dictionary(uniqueKeysWithValues: counts.dropped.map { ($0.key.rawValue, $0.value) })
        dropped["inboxFull"] = Int(clamping: inboxFull)
        self.init(sent: counts.sent, received: counts.received, dropped: dropped, disbelieved: disbelieved)
    }
}

extension DoorView {
    init(_ counts: EdgeCounts) {
        self.init(
            connections: counts.connections, memberConnections: counts.memberConnections, responses: counts.responses,
            refused: Dictionary(uniqueKeysWithValues: EdgeCounts.Reason.allCases.map { ($0.rawValue, counts[$0]) }))
    }
}
