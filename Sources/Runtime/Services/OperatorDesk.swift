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
    /// What is shown when the machine has stopped already.
    let initial: Overlay

    func about() async -> NodeFacts {
        let overlay = await snapshot()
        return NodeFacts(
            id: identity.nodeID, name: settings.name, url: card.url, listen: settings.listen.description,
            dataDirectory: settings.data, software: Software.version, place: card.place,
            network: belonging.membership.founder, isOpen: belonging.isOpen, replicas: Int(settings.replicas),
            freeDisk: (try? folder.freeDisk()) ?? overlay.freeDisk, allowance: settings.quota.limit,
            share: settings.share,
            period: overlay.ledger.state.period, startedAt: startedAt, wallClock: MonotonicClock.wallTime,
            now: clock.now, troubles: troubles.current, door: DoorView(server.counts))
    }

    func snapshot() async -> Overlay {
        await inbox.ask { $0 } ?? initial
    }

    func usage() -> Usage { account.usage }

    func post(
        _ request: PostRequest, body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws -> Verified<Manifest> {
        do {
            let ingest = try folder.ingest(expecting: request.length)
            for try await chunk in body { try await ingest.write(chunk) }
            let file = try await ingest.finish()
            let manifest = try await manifest(of: file, request)
            try await place(file, as: manifest)
            return manifest
        } catch let error as StorageError {
            throw OperatorError(.failed, "The file was not posted: \(error)")
        }
    }

    /// Returns once the catalogue has the file, durably: only then may its link be told.
    private func place(_ file: IngestedFile, as manifest: Verified<Manifest>) async throws {
        let id = manifest.value.file
        try await scribe.perform { [database] in try database.noteLeftover(id) }
        let placing: Result<Void, any Error>
        do {
            placing = .success(try await shelf.place(file, as: manifest))
        } catch {
            placing = .failure(error)
        }
        let isHeld = await inbox.ask { $0.curator.holds(id) }
        await scribe.settled()
        shelf.release(id, isHeld: isHeld ?? true)
        try placing.get()
        guard isHeld != nil else {
            throw OperatorError(.failed, "The node is stopping; post the file again when it runs.")
        }
    }

    private func manifest(of file: IngestedFile, _ request: PostRequest) async throws -> Verified<Manifest> {
        let digests = file.digests
        let now = MonotonicClock.wallTime
        // The wall clock orders the postings of one publisher; where it was set back, what is known already does.
        let known = routing.file(digests.fileID) == nil ? nil : await snapshot().curator.route(of: digests.fileID)
        let last = known.flatMap { $0.posting.publisher == identity.nodeID ? $0.posting.sequence : nil } ?? 0
        let draft = Posting(
            file: digests.fileID, publisher: identity.nodeID, length: digests.length, name: request.name,
            mediaType: request.mediaType, sha256: file.sha256, audience: .network,
            replicas: request.replicas.map { UInt8(clamping: $0) } ?? settings.replicas, postedAt: now, expires: nil,
            sequence: max(last + 1, UInt64(max(0, now.milliseconds))))
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

    func why(_ file: FileID, from address: IPAddress) async throws -> Decision {
        if routing.file(file) == nil { await peers.resolve(file) }
        let query = Query(
            file: file, client: atlas.place(of: address), family: AddressFamilies(address),
            ownRemaining: account.usage.remaining)
        return routing.explain(query, at: clock.now)
    }

    func place(of address: IPAddress) async -> Place? { atlas.place(of: address) }
}

extension DoorView {
    init(_ counts: EdgeCounts) {
        self.init(
            connections: counts.connections, memberConnections: counts.memberConnections, responses: counts.responses,
            refused: Dictionary(uniqueKeysWithValues: EdgeCounts.Reason.allCases.map { ($0.rawValue, counts[$0]) }))
    }
}
