import Catalogue
import Membership
import Overlay
import Primitives
import Storage
import Transport

/// Fetches runs of pieces from holders onto the disk.
final class Fetcher: Sendable {
    private let inbox: Inbox
    private let directory: Directory
    private let client: PeerClient
    private let folder: PieceFolder
    private let shelf: Shelf
    private let troubles: Troubles

    init(
        inbox: Inbox, directory: Directory, client: PeerClient, folder: PieceFolder, shelf: Shelf, troubles: Troubles
    ) {
        self.inbox = inbox
        self.directory = directory
        self.client = client
        self.folder = folder
        self.shelf = shelf
        self.troubles = troubles
    }

    /// Ends in `.fetchEnded`, after a `.stored` for every run of pieces that became durable.
    func fetch(_ id: FetchID, _ file: FileID, pieces: Range<Int>, from holder: NodeID) {
        guard let manifest = shelf.manifest(of: file), let card = directory.card(of: holder) else {
            return inbox.post(.fetchEnded(id, .failed))
        }
        Task {
            let outcome = await run(id, manifest, pieces: pieces, from: card)
            inbox.post(.fetchEnded(id, outcome))
        }
    }

    private func run(
        _ id: FetchID, _ manifest: Manifest, pieces: Range<Int>, from card: Card
    ) async -> FetchOutcome {
        let writer: PieceWriter
        do {
            let inbox = inbox
            writer = try PieceWriter(folder, manifest, pieces: pieces) { inbox.post(.stored(id, $0)) }
        } catch {
            troubles.raise(error)
            return .unwritable
        }
        let transfer = await client.fetch(
            manifest.file, name: manifest.posting.name, bytes: manifest.geometry.bytes(of: pieces),
            of: manifest.geometry.length, from: card, into: { writer.write($0) })
        switch await writer.finish() {
        case .whole: return .finished
        case .corrupt(let piece): return .corrupt(piece: piece)
        case .failed(let error):
            troubles.raise(error)
            return .unwritable
        case .short:
            if case .failure(.unavailable) = transfer { return .unavailable }
            return .failed
        }
    }
}
