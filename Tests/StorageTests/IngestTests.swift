import Catalogue
import Glibc
import Primitives
import Testing

@testable import Storage

@Suite struct IngestTests {
    let scratch: Scratch
    let folder: PieceFolder

    init() throws {
        scratch = try Scratch()
        folder = try PieceFolder(at: scratch.path + "/files")
    }

    private func give(_ bytes: [UInt8], to ingest: Ingest, seed: UInt64) async throws {
        var generator = Generator(seed: seed)
        var rest = bytes[...]
        while !rest.isEmpty {
            let most = [1, 1000, 65_536, 1_000_000][Int.random(in: 0..<4, using: &generator)]
            let chunk = rest.prefix(Int.random(in: 0...most, using: &generator))
            rest = rest.dropFirst(chunk.count)
            try await ingest.write(Array(chunk))
        }
    }

    /// Names in the incoming folder, once the lanes have let go of it.
    private func incoming() async throws -> [String] {
        for _ in 0..<200 where try !names(in: folder.incomingPath).isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        return try names(in: folder.incomingPath)
    }

    @Test(arguments: [0, 1, 16_383, 16_384, 16_385, 32_768, 262_144, 262_145, 5_000_000, 9_437_184, 9_437_185])
    func takesAFileInWholeWithItsDigests(length: Int) async throws {
        let bytes = bytes(length, seed: UInt64(length))
        let expected = manifest(of: bytes)
        let ingest = try folder.ingest(expecting: length % 2 == 0 ? ByteCount(length) : nil)
        try await give(bytes, to: ingest, seed: UInt64(length))
        let file = try await ingest.finish()
        #expect(file.digests.fileID == expected.file)
        #expect(file.digests.pieces == expected.pieces)
        #expect(file.digests.length == ByteCount(length))
        #expect(file.sha256 == expected.posting.sha256)
        #expect(try folder.files() == [])
        try file.commit()
        #expect(try folder.files() == [expected.file])
        #expect(try content(of: folder.path(of: expected.file)) == bytes)
        #expect(try names(in: folder.incomingPath) == [])
        #expect(try folder.flatDigest(of: expected.file, length: ByteCount(length)) == file.sha256)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func computesTheSameHoweverTheBytesArrive(seed: UInt64) async throws {
        var generator = Generator(seed: seed)
        let bytes = bytes(Int.random(in: 0...3_000_000, using: &generator), seed: seed)
        let ingest = try folder.ingest()
        try await give(bytes, to: ingest, seed: seed)
        let file = try await ingest.finish()
        let expected = manifest(of: bytes)
        #expect(file.digests.fileID == expected.file)
        #expect(file.sha256 == expected.posting.sha256)
    }

    @Test func leavesNothingWhenItIsDroppedBeforeItsEnd() async throws {
        do {
            let ingest = try folder.ingest(expecting: ByteCount(3_000_000))
            try await ingest.write(bytes(2_000_000))
            #expect(try names(in: folder.incomingPath).count == 1)
        }
        #expect(try await incoming() == [])
        #expect(try folder.files() == [])
    }

    @Test func leavesNothingWhenItsResultIsDropped() async throws {
        do {
            let ingest = try folder.ingest()
            try await ingest.write(bytes(100))
            _ = try await ingest.finish()
        }
        #expect(try await incoming() == [])
        #expect(try folder.files() == [])
    }

    @Test func cutsAReservationThatWasTooLong() async throws {
        let bytes = bytes(1000)
        let ingest = try folder.ingest(expecting: ByteCount(1_000_000))
        try await ingest.write(bytes)
        let file = try await ingest.finish()
        try file.commit()
        #expect(try content(of: folder.path(of: file.digests.fileID)) == bytes)
    }

    @Test func replacesACopyThatWasBeingFilled() async throws {
        let bytes = bytes(600_000)
        let manifest = manifest(of: bytes)
        try folder.prepare(manifest.file, length: manifest.posting.length)
        let ingest = try folder.ingest()
        try await ingest.write(bytes)
        try await ingest.finish().commit()
        #expect(try content(of: folder.path(of: manifest.file)) == bytes)
        // And once more, over the whole one.
        let again = try folder.ingest()
        try await again.write(bytes)
        let file = try await again.finish()
        try file.commit()
        try file.commit()
        #expect(try content(of: folder.path(of: manifest.file)) == bytes)
        #expect(try await incoming() == [])
    }

    @Test func refusesWhatIsLongerThanAFileMayBe() throws {
        let limit = PieceGeometry.lengthLimit
        #expect(throws: StorageError.beyondLimit(limit)) { try folder.ingest(expecting: limit + ByteCount(1)) }
    }

    @Test func severalTakeInFilesAtTheSameTime() async throws {
        let folder = folder
        let contents = (1...8).map { bytes(700_000 + $0, seed: UInt64($0)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bytes in contents {
                group.addTask {
                    let ingest = try folder.ingest()
                    for start in stride(from: 0, to: bytes.count, by: 10_000) {
                        try await ingest.write(Array(bytes[start..<min(start + 10_000, bytes.count)]))
                    }
                    try await ingest.finish().commit()
                }
            }
            try await group.waitForAll()
        }
        #expect(Set(try folder.files()) == Set(contents.map { manifest(of: $0).file }))
    }
}
