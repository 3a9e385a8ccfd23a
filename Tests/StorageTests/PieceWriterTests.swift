import Catalogue
import Glibc
import Primitives
import Synchronization
import Testing

@testable import Storage

/// What a writer reported.
private final class Reports: Sendable {
    private let list = Mutex<[Range<Int>]>([])
    func add(_ pieces: Range<Int>) { list.withLock { $0.append(pieces) } }
    /// The pieces of all reports, in their order.
    var pieces: [Int] { list.withLock { $0.flatMap { Array($0) } } }
}

@Suite struct PieceWriterTests {
    let scratch: Scratch
    let folder: PieceFolder
    private let reports = Reports()

    init() throws {
        scratch = try Scratch()
        folder = try PieceFolder(at: scratch.path + "/files")
    }

    private func prepared(_ bytes: [UInt8]) throws -> Manifest {
        let manifest = manifest(of: bytes)
        try folder.prepare(manifest.file, length: manifest.posting.length)
        return manifest
    }

    private func writer(_ manifest: Manifest, _ pieces: Range<Int>? = nil) throws -> PieceWriter {
        try PieceWriter(folder, manifest, pieces: pieces ?? manifest.pieces.indices) { [reports] in reports.add($0) }
    }

    /// Gives the bytes in chunks of random sizes; whether all were welcome.
    private func give(_ bytes: some Collection<UInt8>, to writer: PieceWriter, seed: UInt64) -> Bool {
        var generator = Generator(seed: seed)
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let most = [1, 100, 16_384, 300_000, 2_000_000][Int.random(in: 0..<5, using: &generator)]
            let chunk = rest.prefix(Int.random(in: 1...most, using: &generator))
            rest = rest.dropFirst(chunk.count)
            guard chunk.withUnsafeBytes({ writer.write($0) }) else { return false }
        }
        return true
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func writesEveryPieceHoweverItsBytesArrive(seed: UInt64) async throws {
        var generator = Generator(seed: seed)
        let bytes = bytes(Int.random(in: 1...3_000_000, using: &generator), seed: seed)
        let manifest = try prepared(bytes)
        let writer = try writer(manifest)
        #expect(give(bytes, to: writer, seed: seed))
        #expect(await writer.finish() == .whole)
        #expect(reports.pieces == Array(manifest.pieces.indices))
        #expect(try content(of: folder.path(of: manifest.file)) == bytes)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func writesARunAndLeavesTheRest(seed: UInt64) async throws {
        let bytes = bytes(5 * 262_144 + 17, seed: seed)
        let manifest = try prepared(bytes)
        let run = Int(seed % 4)..<Int(seed % 4) + 2
        let place = manifest.geometry.bytes(of: run)
        let writer = try writer(manifest, run)
        #expect(give(bytes[Int(place.lowerBound)..<Int(place.upperBound)], to: writer, seed: seed))
        #expect(await writer.finish() == .whole)
        #expect(reports.pieces == Array(run))
        var expected = [UInt8](repeating: 0, count: bytes.count)
        expected.replaceSubrange(
            Int(place.lowerBound)..<Int(place.upperBound), with: bytes[Int(place.lowerBound)..<Int(place.upperBound)])
        #expect(try content(of: folder.path(of: manifest.file)) == expected)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func stopsAtTheFirstCorruptPieceWithoutWritingAnyOfIt(seed: UInt64) async throws {
        var generator = Generator(seed: seed)
        let bytes = bytes(6 * 262_144, seed: seed)
        let manifest = try prepared(bytes)
        let spoilt = Int.random(in: 0..<bytes.count, using: &generator)
        var received = bytes
        received[spoilt] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        let writer = try writer(manifest)
        #expect(!give(received, to: writer, seed: seed))
        let corrupt = spoilt / 262_144
        #expect(await writer.finish() == .corrupt(piece: corrupt))
        #expect(reports.pieces == Array(0..<corrupt))
        let written = try content(of: folder.path(of: manifest.file))
        #expect(written == bytes.prefix(corrupt * 262_144) + [UInt8](repeating: 0, count: (6 - corrupt) * 262_144))
    }

    @Test func tellsWhereTheBytesEnded() async throws {
        let bytes = bytes(4 * 262_144)
        let manifest = try prepared(bytes)
        let writer = try writer(manifest)
        #expect(give(bytes.prefix(2 * 262_144 + 1), to: writer, seed: 3))
        #expect(await writer.finish() == .short(of: 2))
        #expect(reports.pieces == [0, 1])
    }

    @Test func takesNothingBeyondTheRun() async throws {
        let bytes = bytes(4 * 262_144)
        let manifest = try prepared(bytes)
        let writer = try writer(manifest, 1..<2)
        #expect(!bytes[262_144...].withUnsafeBytes { writer.write($0) })
        #expect(await writer.finish() == .whole)
        #expect(reports.pieces == [1])
        #expect(try content(of: folder.path(of: manifest.file))[524_288...].allSatisfy { $0 == 0 })
    }

    @Test func isWholeAtOnceForAnEmptyFile() async throws {
        let manifest = try prepared([])
        let writer = try writer(manifest)
        #expect(await writer.finish() == .whole)
        #expect(reports.pieces == [])
    }

    @Test func wantsAFileThatWasPreparedAtItsLength() throws {
        let manifest = manifest(of: bytes(1000))
        #expect(throws: StorageError.noSuchFile(manifest.file)) { try writer(manifest) }
        try folder.prepare(manifest.file, length: ByteCount(999))
        #expect(throws: StorageError.wrongLength(manifest.file)) { try writer(manifest) }
    }

    @Test func twoWritersFillOneFileSideBySide() async throws {
        let bytes = bytes(8 * 262_144)
        let manifest = try prepared(bytes)
        let one = try writer(manifest, 0..<4)
        let two = try writer(manifest, 4..<8)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = give(bytes[..<(4 * 262_144)], to: one, seed: 1) }
            group.addTask { _ = give(bytes[(4 * 262_144)...], to: two, seed: 2) }
        }
        #expect(await one.finish() == .whole)
        #expect(await two.finish() == .whole)
        #expect(reports.pieces.sorted() == Array(0..<8))
        #expect(try content(of: folder.path(of: manifest.file)) == bytes)
    }
}
