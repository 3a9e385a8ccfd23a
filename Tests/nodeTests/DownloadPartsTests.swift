import Catalogue
import Foundation
import Glibc
import Primitives
import Testing

@testable import node

@Suite struct HolderPoolTests {
    private func pool(_ urls: String...) -> HolderPool {
        var pool = HolderPool()
        pool.add(urls)
        return pool
    }

    @Test func `work spreads over all holders, the preferred first`() {
        var pool = pool("a", "b", "c")
        let taken = (0..<6).map { _ in pool.take(at: .zero) }
        #expect(taken == ["a", "b", "c", "a", "b", "c"])
    }

    @Test func `who failed rests, longer each time, and is asked again`() {
        var pool = pool("a")
        var now = Instant.zero
        for rest in [1, 2, 4, 8, 16, 30, 30] {
            #expect(pool.take(at: now) == "a")
            pool.failed("a", at: now)
            #expect(pool.take(at: now + .milliseconds(rest * 1000 - 1)) == nil)
            now = now + .seconds(rest)
        }
        #expect(pool.take(at: now) == "a")
        pool.succeeded("a", .mebibytes(1))
        #expect(pool.take(at: now) == "a")
        pool.failed("a", at: now)
        #expect(pool.take(at: now + .seconds(1)) == "a")
    }

    @Test func `a holder that asks to be left alone is, within bounds`() {
        var pool = pool("a", "b")
        _ = pool.take(at: .zero)
        pool.failed("a", rest: .seconds(10), at: .zero)
        #expect((0..<3).map { _ in pool.take(at: .zero + .seconds(9)) } == ["b", "b", "b"])
        #expect(pool.take(at: .zero + .seconds(10)) == "a")
        pool.failed("a", rest: .seconds(86_400), at: .zero + .seconds(10))
        #expect(pool.take(at: .zero + .seconds(41)) == "a")
    }

    @Test func `who sent wrong bytes is never asked again`() {
        var pool = pool("a", "b")
        #expect(pool.take(at: .zero) == "a")
        pool.exclude("a")
        #expect(!pool.isExhausted)
        #expect((0..<4).map { _ in pool.take(at: .zero + .seconds(1000)) } == ["b", "b", "b", "b"])
        pool.exclude("b")
        #expect(pool.isExhausted)
        #expect(pool.take(at: .zero + .seconds(1000)) == nil)
    }

    @Test func `a list of mirrors without end is cut`() {
        var pool = HolderPool()
        pool.add((0..<1000).map { "\($0)" } + ["0"])
        #expect(pool.holders.count == HolderPool.limit)
    }
}

@Suite struct PieceQueueTests {
    @Test func `what is missing is handed out once, small pieces together`() {
        let geometry = PieceGeometry(length: .mebibytes(10) + ByteCount(5))
        var present = Bitfield(count: geometry.count)
        present.insert(3..<5)
        var queue = PieceQueue(geometry, present: present)
        var runs: [Range<Int>] = []
        while let run = queue.take() { runs.append(run) }
        #expect(runs == [0..<3, 5..<21, 21..<37, 37..<41])
        #expect(queue.done == .kibibytes(512))
        queue.putBack(5..<21)
        #expect(queue.take() == 5..<21)
        for run in runs { queue.stored(run) }
        #expect(queue.isComplete)
        #expect(queue.done == geometry.length)
    }

    @Test func `an empty file is complete at once`() {
        var queue = PieceQueue(PieceGeometry(length: .zero), present: Bitfield(count: 0))
        #expect(queue.isComplete)
        #expect(queue.take() == nil)
    }
}

@Suite struct DestinationTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    @Test func `without -o it is the file's name here; a directory takes it in; a path is a path`() throws {
        try withDirectory { directory throws in
            #expect(try Destination(output: nil, name: "夏.mp4").path == "夏.mp4")
            #expect(try Destination(output: directory, name: "夏.mp4").path == directory + "/夏.mp4")
            #expect(try Destination(output: directory + "/", name: "夏.mp4").path == directory + "/夏.mp4")
            #expect(try Destination(output: directory + "/x", name: "夏.mp4").path == directory + "/x")
        }
    }

    @Test(arguments: [".bashrc", "..", "a/b", "a\u{1B}[2J", "\u{202E}gpj.exe"])
    func `a name that hides or steps elsewhere is refused unless -o names another`(name: String) throws {
        #expect(throws: Complaint.self) { try Destination(output: nil, name: name) }
        #expect(try Destination(output: "/tmp/x-that-is-not-there", name: name).path == "/tmp/x-that-is-not-there")
    }

    @Test func `a stream, a directory that is not there and one in the way are refused`() throws {
        #expect(throws: Complaint.self) { try Destination(output: "-", name: "a") }
        #expect(throws: Complaint.self) { try Destination(output: "/nowhere/at/all/", name: "a") }
        try withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/a", withIntermediateDirectories: false)
            #expect(throws: Complaint.self) { try Destination(output: directory, name: "a") }
        }
    }
}

@Suite struct PostSourceTests {
    private func withFile(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try body(path)
    }

    @Test func `a file is posted under its own name and the type of its ending`() throws {
        try withFile("夏 祭り.mp4", [1, 2, 3]) { path in
            let source = try PostSource(path: path, name: nil, mediaType: nil)
            #expect(source.name == "夏 祭り.mp4")
            #expect(source.mediaType == "video/mp4")
            #expect(source.length == ByteCount(3))
            let renamed = try PostSource(path: path, name: "x.bin", mediaType: "a/b")
            #expect(renamed.name == "x.bin")
            #expect(renamed.mediaType == "a/b")
            #expect(throws: (any Error).self) { try PostSource(path: path, name: "a/b", mediaType: nil) }
        }
    }

    @Test(arguments: [
        ("/nowhere/at/all", "There is no file"), ("/tmp", "is a directory"), ("/dev/null", "no regular file"),
        ("/tmp/caf\u{FFFD}", "not UTF-8"),
    ])
    func `what cannot be posted is refused with what to do`(path: String, part: String) {
        let error = #expect(throws: Complaint.self) { try PostSource(path: path, name: nil, mediaType: nil) }
        #expect(error?.description.contains(part) == true)
    }
}
