import Catalogue
import Foundation
import Logging
import Overlay
@_spi(Verification) import Primitives
import Storage
import Testing

@testable import Runtime

/// Posting a file while the machine is doing something else to it.
@Suite struct ShelfTests {
    private func withShelf(_ body: (Shelf, PieceFolder) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let folder = try PieceFolder(at: directory.path)
        try await body(
            Shelf(
                folder: folder, inbox: Inbox(), holdings: [], logger: Logger(label: "test"),
                troubles: Troubles(logger: Logger(label: "test"))), folder)
    }

    private func ingested(
        into folder: PieceFolder, _ content: [UInt8] = [UInt8](repeating: 7, count: 300_000)
    ) async throws -> (IngestedFile, Verified<Manifest>) {
        let ingest = try folder.ingest(expecting: ByteCount(content.count))
        try await ingest.write(content)
        let file = try await ingest.finish()
        let posting = Posting(
            file: file.digests.fileID, publisher: NodeID(.zero), length: file.digests.length, name: "a",
            mediaType: "a/b", sha256: file.sha256, audience: .network, replicas: 0,
            postedAt: WallTime(milliseconds: 1), expires: nil, sequence: 1)
        let manifest = Manifest(posting: try #require(posting), pieces: file.digests.pieces)
        return (file, Verified(checked: manifest))
    }

    /// Returns when all that the shelf was asked for is done: it does one thing after the other.
    private func drain(_ shelf: Shelf, _ folder: PieceFolder) async throws {
        let (file, manifest) = try await ingested(into: folder, [1, 2, 3])
        try await shelf.place(file, as: manifest)
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func whatIsPostedOutlivesWhatWasDecidedOfAnEarlierCopy(seed: UInt64) async throws {
        var generator = Generator(seed: seed)
        try await withShelf { shelf, folder in
            let (file, manifest) = try await ingested(into: folder)
            let id = manifest.value.file
            if Bool.random(using: &generator) { shelf.prepare(manifest.value) }
            if Bool.random(using: &generator) { shelf.discard(id) }
            try await shelf.place(file, as: manifest)
            // Decided before the machine heard of the posting, and told late.
            if Bool.random(using: &generator) { shelf.discard(id) }
            if Bool.random(using: &generator) { shelf.prepare(manifest.value) }
            shelf.release(id, isHeld: true)
            try await drain(shelf, folder)
            #expect(try folder.flatDigest(of: id, length: manifest.value.geometry.length) == file.sha256)
            #expect(shelf.manifest(of: id) == manifest.value)
        }
    }

    @Test func whatIsWithdrawnWhileItIsPostedIsRemovedInTheEnd() async throws {
        try await withShelf { shelf, folder in
            let (file, manifest) = try await ingested(into: folder)
            let id = manifest.value.file
            try await shelf.place(file, as: manifest)
            shelf.discard(id)
            shelf.release(id, isHeld: false)
            try await drain(shelf, folder)
            #expect(try folder.length(of: id) == nil)
            #expect(shelf.manifest(of: id) == nil)
        }
    }
}
