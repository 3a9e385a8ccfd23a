import Catalogue
import Console
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
        into folder: PieceFolder, _ content: [UInt8] = [UInt8](repeating: 7, count: 300_000), name: String = "a"
    ) async throws -> (IngestedFile, Verified<Manifest>) {
        let ingest = try folder.ingest(expecting: ByteCount(content.count))
        try await ingest.write(content)
        let file = try await ingest.finish()
        let posting = Posting(
            file: file.digests.fileID, publisher: NodeID(.zero), length: file.digests.length, name: name,
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

    // MARK: What was posted here and is missing

    private func withTroubles(
        _ count: Int, pieces: Bitfield = Bitfield(count: 1), isOwn: Bool = true,
        _ body: (Shelf, PieceFolder, Troubles, [Holding]) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let folder = try PieceFolder(at: directory.path)
        var holdings: [Holding] = []
        for number in 0..<count {
            let (_, manifest) = try await ingested(
                into: folder, [UInt8](repeating: UInt8(number), count: 1000), name: "film \(number)")
            holdings.append(
                Holding(manifest: manifest, pieces: pieces, sha256: pieces.isFull ? .zero : nil, isOwn: isOwn))
        }
        let troubles = Troubles(logger: Logger(label: "test"))
        let shelf = Shelf(
            folder: folder, inbox: Inbox(), holdings: holdings, logger: Logger(label: "test"), troubles: troubles)
        try await body(shelf, folder, troubles, holdings)
    }

    @Test func aPostedFileThatIsMissingAtTheStartIsATroubleUntilItIsPostedAgainOrTakenBack() async throws {
        try await withTroubles(5) { shelf, folder, troubles, holdings in
            #expect(
                troubles.current.map(\.sentence) == [
                    "“film 0”, “film 1”, “film 2” and 2 more, posted here, cannot be read whole from the disk and are not "
                        + "offered; post them again, or take them back with `node unpost`."
                ])
            for holding in holdings[1..<4] { shelf.discard(holding.file) }
            let (file, manifest) = try await ingested(into: folder, [UInt8](repeating: 4, count: 1000))
            #expect(manifest.value.file == holdings[4].file)
            try await shelf.place(file, as: manifest)
            shelf.release(manifest.value.file, isHeld: true)
            #expect(
                troubles.current.map(\.sentence) == [
                    "“film 0”, posted here, cannot be read whole from the disk and is not offered; post it again, or take it "
                        + "back with `node unpost`."
                ])
            // Reserved again, but not there yet.
            shelf.prepare(holdings[0].manifest.value)
            try await drain(shelf, folder)
            #expect(troubles.current.map(\.kind) == [.lostFiles])
            // Another holder had it.
            shelf.complete(holdings[0].file)
            try await drain(shelf, folder)
            #expect(troubles.current.isEmpty)
        }
    }

    @Test func aPostedFileThatIsMissingWhenItIsToBeSentIsATroubleUntilItIsPostedAgain() async throws {
        try await withTroubles(1, pieces: Bitfield(count: 1, full: true)) { shelf, folder, troubles, holdings in
            let file = holdings[0].file
            #expect(troubles.current.isEmpty)
            for _ in 0..<2 { shelf.unreadable(file, StorageError.noSuchFile(file), isOwn: true, sha256: nil) }
            #expect(troubles.current.map(\.kind) == [.lostFiles])
            // The disk is as it was: it can be posted again at once.
            #expect(troubles.ofTheDisk == nil)
            let (again, manifest) = try await ingested(into: folder, [UInt8](repeating: 0, count: 1000))
            try await shelf.place(again, as: manifest)
            shelf.release(file, isHeld: true)
            #expect(troubles.current.isEmpty)
        }
    }

    @Test func aPostedFileThatTheDiskDoesNotReadIsATroubleOfTheDiskToo() async throws {
        try await withTroubles(1, pieces: Bitfield(count: 1, full: true)) { shelf, _, troubles, holdings in
            shelf.unreadable(
                holdings[0].file, StorageError.system(path: "/x", code: 5), isOwn: true, sha256: nil)
            #expect(troubles.current.map(\.kind) == [.diskFailing, .lostFiles])
            shelf.unreadable(holdings[0].file, StorageError.tooManyOpenFiles(path: "/x"), isOwn: true, sha256: nil)
            #expect(troubles.current.map(\.kind) == [.diskFailing, .lostFiles, .descriptors])
        }
    }

    @Test func whatOthersPostedIsFetchedAgainWithoutAWord() async throws {
        try await withTroubles(1, isOwn: false) { _, _, troubles, _ in #expect(troubles.current.isEmpty) }
    }

    @Test func filesThatWereSetAsideAreATroubleUntilSomebodyMovesThem() async throws {
        try await withTroubles(1) { _, folder, _, holdings in
            let troubles = Troubles(logger: Logger(label: "test"))
            Rhythm.check(folder, troubles)
            #expect(troubles.current.isEmpty)
            try folder.prepare(holdings[0].file, length: ByteCount(10 as Int64))
            try folder.setAside(holdings[0].file)
            Rhythm.check(folder, troubles)
            #expect(
                troubles.current.map(\.sentence) == [
                    "Files that no record names were set aside in \(folder.orphansPath); look at them, and move or remove "
                        + "them."
                ])
            try FileManager.default.removeItem(atPath: folder.orphansPath + "/\(holdings[0].file)")
            Rhythm.check(folder, troubles)
            #expect(troubles.current.isEmpty)
        }
    }
}
