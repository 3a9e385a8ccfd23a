internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

struct TransferID: Hashable, Comparable {
    let number: Int

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A response with the bytes of a file, slice by slice: each is paid for, and then leaves as fast as the source's line,
/// which it shares, and its own path allow.
struct VirtualTransfer {
    enum Sink {
        case node(Run, FetchID)
        case client(ClientID)
    }

    let file: FileID
    let geometry: PieceGeometry
    let source: Run
    let sink: Sink
    /// Not yet paid.
    var pieces: Range<Int>
    /// Of the slices not yet paid.
    var reserved: ByteCount
    /// The slice on its way.
    var flying: Range<Int>
    /// The period that the slice was paid in.
    var era: UInt32 = 0

    var kind: TrafficClass {
        switch sink {
        case .node: .replication
        case .client: .serving
        }
    }
}

/// Bytes of a file, where they were wanted.
struct Arrival {
    let transfer: TransferID
    let sink: VirtualTransfer.Sink
    let file: FileID
    let pieces: Range<Int>
    let source: Int
    let isLast: Bool
    /// They are not the file's.
    let isBad: Bool
}

/// File bytes, to other nodes and to clients.
extension VirtualNetwork {
    private static let headCost = ByteCount(WireCost.fileHead)
    /// Who fetches gives up after so long without bytes (`PeerClient`).
    static let stallLimit = Duration.seconds(15)
    /// Responses to clients leave in about so many slices: nobody asks after each of their pieces.
    private static let clientSlices = 16
    /// How likely a connection is to break off after a slice, as a part of how likely a datagram is to get lost. What gets
    /// lost of a connection is sent again; but ways that lose much also break, as when an address or a route changes. A
    /// guess.
    private static let breakingPart = 0.1

    mutating func fetch(_ id: FetchID, _ file: FileID, _ pieces: Range<Int>, by run: Run, from holder: NodeID) {
        guard knows(holder.short, at: run.node), reserve(Self.headCost, for: .replication, at: run)
        else { return schedule(.event(.fetchEnded(id, .failed), run)) }
        nodes[run.node].process?.door.fetches.insert(id)
        let index = index(of: holder)
        let arrival = Happening.fetch(id, file, pieces: pieces, by: run, from: index)
        let way = delay(from: run.node, to: index)
        pay(VirtualDoor.Bill(size: Self.headCost, kind: .replication, then: arrival, delay: way), at: run)
    }

    mutating func beginFetch(_ id: FetchID, of file: FileID, _ pieces: Range<Int>, by sink: Run, from index: Int) {
        let back = delay(from: index, to: sink.node)
        guard nodes[index].isUp, !isLost(from: sink.node, to: index), canReach(index, from: sink.node) else {
            return schedule(.fetchEnded(id, .failed, sink), after: back)
        }
        guard knows(nodes[sink.node].id.short, at: index),
            let route = nodes[index].process?.door.router[file]
        else { return schedule(.fetchEnded(id, .unavailable, sink), after: back) }
        let isBegun =
            route.own.covers(pieces, of: PieceGeometry(length: route.length))
            && begin(.node(sink, id), file, pieces, length: route.length, at: currentRun(of: index))
        if !isBegun { schedule(.fetchEnded(id, .unavailable, sink), after: back) }
    }

    /// False when it does not fit the account.
    mutating func begin(
        _ sink: VirtualTransfer.Sink, _ file: FileID, _ pieces: Range<Int>, length: ByteCount, at source: Run
    ) -> Bool {
        let geometry = PieceGeometry(length: length)
        let range = geometry.bytes(of: pieces)
        let size = ByteCount(range.upperBound - range.lowerBound) + Self.headCost
        let transfer = VirtualTransfer(
            file: file, geometry: geometry, source: source, sink: sink, pieces: pieces, reserved: size,
            flying: pieces.lowerBound..<pieces.lowerBound)
        guard reserve(size, for: transfer.kind, at: source) else { return false }
        checkServing(file, pieces, from: source, toClient: transfer.kind == .serving)
        numbers += 1
        let id = TransferID(number: numbers)
        transfers[id] = transfer
        paySlice(of: id)
        return true
    }

    // MARK: Leaving

    private mutating func paySlice(of id: TransferID) {
        guard var transfer = transfers[id] else { return }
        guard isWanted(transfer) else { return settle(id) }
        // The head goes with the last slice.
        var count = 1
        if case .client = transfer.sink { count = max(1, transfer.pieces.count / Self.clientSlices) }
        let isLast = transfer.pieces.count <= count
        transfer.flying = transfer.pieces.prefix(count)
        transfer.pieces = transfer.pieces.dropFirst(count)
        let range = transfer.geometry.bytes(of: transfer.flying)
        let size = isLast ? transfer.reserved : ByteCount(range.upperBound - range.lowerBound)
        transfer.reserved -= size
        if transfer.kind == .replication { measures.copying.sent(size, of: transfer.file, by: transfer.source.node) }
        transfer.era = nodes[transfer.source.node].process?.door.leases.era ?? 0
        transfers[id] = transfer
        pay(
            VirtualDoor.Bill(size: size, kind: transfer.kind, then: .sliceBegins(id, size), delay: .zero),
            at: transfer.source)
    }

    mutating func sliceBegins(_ id: TransferID, _ size: ByteCount) {
        guard let transfer = transfers[id] else { return }
        transfers[id]?.era = nodes[transfer.source.node].process?.door.leases.era ?? 0
        nodes[transfer.source.node].uplink.begin(id, size, cap: conditions.links.capacity, at: now)
        foresee(transfer.source.node)
    }

    private mutating func foresee(_ index: Int) {
        guard let next = nodes[index].uplink.next else { return }
        schedule(.uplink(index, version: nodes[index].uplink.version), at: next)
    }

    mutating func uplink(_ index: Int, version: Int) {
        guard nodes[index].uplink.version == version else { return }
        for id in nodes[index].uplink.takeDone(at: now) { sliceLeft(id) }
        foresee(index)
    }

    /// A process that stands still sends nothing; whoever waits for it does so for some time.
    mutating func stop(_ isStopped: Bool, at index: Int) {
        guard nodes[index].uplink.isStopped != isStopped else { return }
        nodes[index].uplink.stop(isStopped, at: now)
        if isStopped {
            for id in nodes[index].uplink.ids { schedule(.stalled(id), after: Self.stallLimit) }
        } else {
            foresee(index)
        }
    }

    mutating func stalled(_ id: TransferID) {
        guard let transfer = transfers[id], nodes[transfer.source.node].uplink.isStopped,
            case .node(let run, let fetch) = transfer.sink
        else { return }
        settle(id)
        failed(fetch, .failed, of: run)
    }

    private mutating func sliceLeft(_ id: TransferID) {
        guard let transfer = transfers[id] else { return }
        if case .node(let run, let fetch) = transfer.sink, !canReach(run.node, from: transfer.source.node) {
            settle(id)
            return schedule(.fetchEnded(fetch, .failed, run), after: Self.stallLimit)
        }
        let isLast = transfer.pieces.isEmpty
        let arrival = Arrival(
            transfer: id, sink: transfer.sink, file: transfer.file, pieces: transfer.flying,
            source: transfer.source.node, isLast: isLast,
            isBad: nodes[transfer.source.node].honesty == .sendsBadPieces)
        schedule(.arrived(arrival), after: way(from: transfer.source.node, to: transfer.sink))
        transfers[id]?.flying = transfer.pieces.prefix(0)
        if isLast {
            transfers[id] = nil
        } else if draws(conditions.links.loss * Self.breakingPart, at: transfer.source.node) {
            breakOff(id)
        } else {
            paySlice(of: id)
        }
    }

    // MARK: Arriving

    mutating func arrived(_ arrival: Arrival) {
        switch arrival.sink {
        case .client(let client): arrived(arrival, at: client)
        case .node(let run, let fetch): arrived(arrival, at: run, fetch)
        }
    }

    private mutating func arrived(_ arrival: Arrival, at client: ClientID) {
        if arrival.isBad { clients[client]?.isSpoilt = true }
        guard arrival.isLast, let isSpoilt = clients[client]?.isSpoilt else { return }
        let source = nodes[arrival.source].id
        conclude(client, isSpoilt ? .spoilt(by: source) : .served(by: source))
    }

    private mutating func arrived(_ arrival: Arrival, at run: Run, _ fetch: FetchID) {
        guard isRunning(run), nodes[run.node].process?.door.fetches.contains(fetch) == true else { return }
        if arrival.isBad, let piece = arrival.pieces.first {
            return failed(fetch, .corrupt(piece: piece), of: run)
        }
        let written = write(arrival.pieces, of: arrival.file, at: run.node)
        schedule(.synchronised(fetch, arrival.file, arrival.pieces, run), at: written)
        if arrival.isLast { schedule(.fetchEnded(fetch, .finished, run), at: written) }
        crashIfTorn(run.node)
    }

    mutating func failed(_ fetch: FetchID, _ outcome: FetchOutcome, of run: Run) {
        guard isRunning(run), nodes[run.node].process?.door.fetches.remove(fetch) != nil else { return }
        deliver(.fetchEnded(fetch, outcome), to: run)
    }

    // MARK: Ending

    /// The connection is gone.
    mutating func breakOff(_ id: TransferID) {
        guard let transfer = transfers[id] else { return }
        settle(id)
        switch transfer.sink {
        case .node(let run, let fetch):
            schedule(.fetchEnded(fetch, .failed, run), after: delay(from: transfer.source.node, to: run.node))
        case .client(let client): conclude(client, .cutOff(by: nodes[transfer.source.node].id))
        }
    }

    /// What was not sent is given back.
    private mutating func settle(_ id: TransferID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        let unsent = nodes[transfer.source.node].uplink.end(id, at: now)
        foresee(transfer.source.node)
        release(transfer.reserved, of: transfer.kind, at: transfer.source)
        credit(unsent, to: transfer.kind, debitedIn: transfer.era, at: transfer.source)
    }

    private func isWanted(_ transfer: VirtualTransfer) -> Bool {
        switch transfer.sink {
        case .node(let run, let fetch):
            isRunning(run) && nodes[run.node].process?.door.fetches.contains(fetch) == true
        case .client(let client): clients[client].map { $0.outcome == nil } ?? false
        }
    }
}

extension RoutingFile.OwnCopy {
    /// Whether these pieces are here, as the door was told.
    func covers(_ pieces: Range<Int>, of geometry: PieceGeometry) -> Bool {
        let bytes = geometry.bytes(of: pieces)
        return switch self {
        case .none: false
        case .complete: true
        case .filling(_, let has):
            has.contains { $0.lowerBound <= bytes.lowerBound && bytes.upperBound <= $0.upperBound }
        }
    }
}
