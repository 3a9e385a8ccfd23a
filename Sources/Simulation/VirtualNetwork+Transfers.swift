internal import Allowance
internal import Catalogue
internal import Overlay
internal import Primitives
internal import Routing

struct TransferID: Hashable, Comparable {
    let number: Int

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A response with the bytes of a file, slice by slice.
struct VirtualTransfer {
    enum Sink {
        case node(Run, FetchID)
        case client(ClientID)
    }

    let file: FileID
    let geometry: PieceGeometry
    let source: Run
    let sink: Sink
    /// Not yet paid; each is a slice of its own.
    var pieces: Range<Int>
    /// Of the slices not yet paid.
    var reserved: ByteCount
    /// The slice on its way.
    var flying: Range<Int>

    var kind: TrafficClass {
        switch sink {
        case .node: .replication
        case .client: .serving
        }
    }
}

/// File bytes, to other nodes and to clients.
extension VirtualNetwork {
    private static let headCost = ByteCount(WireCost.fileHead)

    mutating func fetch(_ id: FetchID, _ file: FileID, _ pieces: Range<Int>, by run: Run, from holder: NodeID) {
        guard nodes[run.node].process?.knows(holder) == true, reserve(Self.headCost, for: .replication, at: run)
        else { return schedule(.event(.fetchEnded(id, .failed), run)) }
        let index = index(of: holder)
        let arrival = Happening.fetch(id, file, pieces: pieces, by: run, from: index)
        let way = delay(from: run.node, to: index)
        pay(VirtualDoor.Bill(size: Self.headCost, kind: .replication, then: arrival, delay: way), at: run)
    }

    mutating func beginFetch(_ id: FetchID, of file: FileID, _ pieces: Range<Int>, by sink: Run, from index: Int) {
        let back = delay(from: index, to: sink.node)
        guard nodes[index].isUp, !isLost(from: sink.node, to: index), canReach(index, from: sink.node) else {
            return schedule(.event(.fetchEnded(id, .failed), sink), after: back)
        }
        guard nodes[index].process?.knows(nodes[sink.node].id) == true,
            let route = nodes[index].process?.door.router[file]
        else { return schedule(.event(.fetchEnded(id, .unavailable), sink), after: back) }
        let isBegun =
            route.own.covers(pieces, of: PieceGeometry(length: route.length))
            && begin(.node(sink, id), file, pieces, length: route.length, at: currentRun(of: index))
        if !isBegun { schedule(.event(.fetchEnded(id, .unavailable), sink), after: back) }
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
        sendSlice(of: id)
        return true
    }

    private mutating func sendSlice(of id: TransferID) {
        guard var transfer = transfers[id] else { return }
        guard isWanted(transfer) else { return settle(id) }
        // The head goes with the last slice.
        let next = transfer.pieces.lowerBound
        let isLast = transfer.pieces.count <= 1
        let bytes = transfer.pieces.isEmpty ? 0 : transfer.geometry.bytes(of: next).count
        let size = isLast ? transfer.reserved : ByteCount(bytes)
        transfer.flying = transfer.pieces.prefix(1)
        transfer.pieces = transfer.pieces.dropFirst()
        transfer.reserved -= size
        if transfer.kind == .replication { measures.copying.sent(size, of: transfer.file, by: transfer.source.node) }
        transfers[id] = transfer
        let rate = nodes[transfer.source.node].machine.uplink.bytes
        let time = Duration.nanoseconds(Int64(Double(size.bytes) / Double(rate) * 1e9))
        pay(
            VirtualDoor.Bill(
                size: size, kind: transfer.kind, then: .slice(id),
                delay: time + delay(from: transfer.source.node, to: transfer.sink)),
            at: transfer.source)
    }

    mutating func sliceArrived(_ id: TransferID) {
        guard let transfer = transfers[id] else { return }
        if case .node(let run, _) = transfer.sink, !canReach(run.node, from: transfer.source.node) {
            return breakOff(id)
        }
        if !transfer.flying.isEmpty, case .node(let run, let fetch) = transfer.sink, isRunning(run) {
            nodes[run.node].disk.store(transfer.flying, of: transfer.file)
            schedule(.event(.stored(fetch, transfer.flying), run), after: .milliseconds(1))
        }
        if transfer.pieces.isEmpty {
            finish(id)
        } else if draws(conditions.links.loss / 10, at: transfer.source.node) {
            breakOff(id)
        } else {
            sendSlice(of: id)
        }
    }

    private mutating func finish(_ id: TransferID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        switch transfer.sink {
        case .node(let run, let fetch): schedule(.event(.fetchEnded(fetch, .finished), run), after: .milliseconds(2))
        case .client(let client): conclude(client, .served(by: nodes[transfer.source.node].id))
        }
    }

    /// The connection is gone.
    mutating func breakOff(_ id: TransferID) {
        guard let transfer = transfers[id] else { return }
        settle(id)
        switch transfer.sink {
        case .node(let run, let fetch):
            let way = delay(from: transfer.source.node, to: run.node)
            schedule(.event(.fetchEnded(fetch, .failed), run), after: way)
        case .client(let client): conclude(client, .cutOff(by: nodes[transfer.source.node].id))
        }
    }

    private mutating func settle(_ id: TransferID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        release(transfer.reserved, of: transfer.kind, at: transfer.source)
    }

    private func isWanted(_ transfer: VirtualTransfer) -> Bool {
        switch transfer.sink {
        case .node(let run, _): isRunning(run)
        case .client: true
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
