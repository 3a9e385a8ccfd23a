import Allowance
import Catalogue
import Foundation
import Glibc
import Overlay
import Primitives
import Testing

@testable import Storage

/// A file system of a few megabytes in memory, which only root can make.
private final class SmallDisk: Sendable {
    let path: String
    private let scratch: Scratch

    static let isAllowed = (try? SmallDisk(megabytes: 1)) != nil

    init(megabytes: Int) throws {
        scratch = try Scratch()
        path = scratch.path + "/disk"
        try makeDirectory(path)
        try #require(Self.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "potluck", path))
    }

    func becomeReadOnly() throws {
        try #require(Self.run("mount", "-o", "remount,ro", path))
    }

    deinit {
        _ = Self.run("umount", "-l", path)
    }

    private static func run(_ command: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite(.enabled(if: SmallDisk.isAllowed, "needs the right to mount a file system"))
struct DiskFaultTests {
    @Test func roomForAFileIsRefusedBeforeItsFirstByte() throws {
        let disk = try SmallDisk(megabytes: 2)
        let folder = try PieceFolder(at: disk.path + "/files")
        let file = FileID(.zero)
        #expect(throws: StorageError.full(path: folder.path(of: file))) {
            try folder.prepare(file, length: .mebibytes(3))
        }
        #expect(try folder.files() == [])
        #expect(throws: StorageError.self) { try folder.ingest(expecting: .mebibytes(3)) }
        #expect(try names(in: folder.incomingPath) == [])
        try folder.prepare(file, length: .mebibytes(1))
        #expect(try folder.files() == [file])
    }

    @Test func aDiskThatFillsUpWhilePostingEndsTheIngestAndIsFreeAgain() async throws {
        let disk = try SmallDisk(megabytes: 2)
        let folder = try PieceFolder(at: disk.path + "/files")
        do {
            let ingest = try folder.ingest()
            let failure = await #expect(throws: StorageError.self) {
                for seed in 1...16 as ClosedRange<UInt64> { try await ingest.write(bytes(1 << 20, seed: seed)) }
                _ = try await ingest.finish()
            }
            guard case .full = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            await #expect(throws: failure!) { _ = try await ingest.finish() }
        }
        for _ in 0..<200 where try !names(in: folder.incomingPath).isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try names(in: folder.incomingPath) == [])
        let small = try folder.ingest()
        try await small.write(bytes(1 << 20))
        try await small.finish().commit()
        #expect(try folder.files().count == 1)
    }

    @Test func theDatabaseGoesOnAfterTheDiskWasFull() throws {
        let disk = try SmallDisk(megabytes: 1)
        let database = try Database(at: disk.path + "/potluck.sqlite")
        try database.write([.ledger(account(1))])
        do {
            let ballast = try OpenFile(disk.path + "/ballast", O_WRONLY | O_CREAT)
            while (try? ballast.write(bytes(4096), at: try ballast.length().bytes)) != nil {}
        }
        #expect(throws: StorageError.full(path: database.path)) {
            for spent in 2...400 { try database.write([.holding(.holding(holding(of: bytes(spent * 1000))))]) }
        }
        try removeFile(disk.path + "/ballast")
        try database.write([.ledger(account(3))])
        #expect(try database.load().ledger == account(3))
    }

    @Test func aReadOnlyDiskIsNamed() throws {
        let disk = try SmallDisk(megabytes: 2)
        let path = disk.path + "/potluck.sqlite"
        let folder = try PieceFolder(at: disk.path + "/files")
        do { try Database(at: path).write([.ledger(account(1))]) }
        try disk.becomeReadOnly()
        #expect(throws: StorageError.readOnly(path: path)) { try Database(at: path) }
        #expect(throws: StorageError.self) { try folder.ingest() }
        #expect(throws: StorageError.readOnly(path: disk.path)) { try DataDirectory(existing: disk.path) }
    }
}

@Suite struct FileSizeLimitTests {
    /// More than any other test here writes: the limit is the whole process's.
    private static let limit = 48 << 20

    @Test func aLimitOnTheSizeOfFilesEndsTheIngest() async throws {
        signal(SIGXFSZ, SIG_IGN)
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
        var limit = rlimit(rlim_cur: rlim_t(Self.limit), rlim_max: before.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) }
        let scratch = try Scratch()
        let folder = try PieceFolder(at: scratch.path + "/files")
        let ingest = try folder.ingest()
        let block = bytes(1 << 20)
        let failure = await #expect(throws: StorageError.self) {
            for _ in 0...(Self.limit >> 20) { try await ingest.write(block) }
            _ = try await ingest.finish()
        }
        guard case .fileTooLarge = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(throws: StorageError.fileTooLarge(path: folder.path(of: FileID(.zero)))) {
            try folder.prepare(FileID(.zero), length: ByteCount(Self.limit + 1))
        }
    }
}

@Suite struct DescriptorLimitTests {
    /// How many descriptors a database takes, and some.
    private static let most = 16

    @Test func aDatabaseThatFindsNoDescriptorSaysSo() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/potluck.sqlite"
        try Database(at: path).write([.ledger(account(1))])
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        // What others have open leaves gaps, and the limit is on the highest number: with the gaps filled, it counts.
        let fillers = Self.filled(below: Int32(min(before.rlim_cur, 65_536)))
        defer { for filler in fillers { close(filler) } }
        var refusals: [StorageError] = []
        var opened = 0
        for room in 0..<Self.most {
            let next = open("/dev/null", O_RDONLY)
            close(next)
            var limit = rlimit(rlim_cur: rlim_t(Int(next) + room), rlim_max: before.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
            do throws(StorageError) {
                _ = try Database(at: path).load()
                opened += 1
            } catch {
                refusals.append(error)
            }
        }
        // At each of its steps: the database, the log, what is shared, the account.
        #expect(refusals.count >= 4, "\(refusals)")
        for refusal in refusals {
            guard case .tooManyOpenFiles = refusal else {
                Issue.record("\(refusal)")
                continue
            }
        }
        #expect(opened > 0)
    }

    /// Takes every free number below the highest that is in use.
    private static func filled(below limit: Int32) -> [Int32] {
        guard let highest = (0..<limit).last(where: { fcntl($0, F_GETFD) >= 0 }) else { return [] }
        var fillers: [Int32] = []
        while true {
            let filler = open("/dev/null", O_RDONLY)
            guard filler >= 0, filler < highest else {
                close(filler)
                return fillers
            }
            fillers.append(filler)
        }
    }
}
