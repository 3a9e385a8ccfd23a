import ArgumentParser
import Catalogue
import Console
import Foundation
import Primitives
import Testing
import Transport

@testable import node

@Suite struct DownloadTests {
    private static let content: [UInt8] = {
        var generator = Generator(seed: 42)
        return (0..<(9 << 20) + 12_345).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }()

    private func manifest(of content: [UInt8]) throws -> Manifest {
        var hasher = FileHasher()
        content.withUnsafeBytes { hasher.update($0) }
        let digests = hasher.finish()
        let posting = try #require(
            Posting(
                file: digests.fileID, publisher: NodeID(.zero), length: digests.length, name: "夏 祭り.mp4",
                mediaType: "video/mp4", sha256: .zero, audience: .network, replicas: 3,
                postedAt: WallTime(milliseconds: 0), expires: nil, sequence: 1))
        return Manifest(posting: posting, pieces: digests.pieces)
    }

    /// Runs holders of such conduct, the first of them named by the link, and `get` into an empty directory.
    private func withHolders(
        _ conducts: [HolderServer.Conduct], content: [UInt8] = content,
        _ body: (Link, String, [HolderServer]) async throws -> Void
    ) async throws {
        let manifest = try manifest(of: content)
        let holders = try conducts.map { try HolderServer(content, $0) }
        defer { for holder in holders { holder.stop() } }
        let links = holders.map { Link(node: $0.url, file: manifest.file, name: manifest.posting.name) }
        let mirrors = links.map { #"{"url":"\#($0)","complete":true}"# }.joined(separator: ",")
        let path = links[0].description.dropFirst(holders[0].url.count)
        holders[0].serve(manifest.wireBytes, at: path + ".manifest")
        holders[0].serve(Array("[\(mirrors)]".utf8), at: path + ".mirrorlist")
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(links[0], directory.path, holders)
    }

    private func get(_ link: Link, into directory: String, force: Bool = false) async throws {
        let get = try Get.parse([link.description, "-o", directory] + (force ? ["--force"] : []))
        try await get.run()
    }

    private func read(_ directory: String) throws -> [UInt8]? {
        FileManager.default.contents(atPath: directory + "/夏 祭り.mp4").map { Array($0) }
    }

    @Test func `a file comes whole from several holders, each sending a part`() async throws {
        try await withHolders([.honest, .honest, .honest]) { link, directory, holders async throws in
            try await get(link, into: directory)
            #expect(try read(directory) == Self.content)
            #expect(holders.allSatisfy { $0.bytesSent > 0 })
            #expect(holders.reduce(0) { $0 + $1.bytesSent } == Self.content.count)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["夏 祭り.mp4"])
        }
    }

    @Test func `liars, refusers and those who break off do not keep it from coming right`() async throws {
        try await withHolders([.lying, .refusing, .breaking, .honest]) { link, directory, holders async throws in
            try await get(link, into: directory)
            #expect(try read(directory) == Self.content)
            #expect(holders[0].requests >= 1)
        }
    }

    @Test func `what is there already is not fetched again, what is wrong is`() async throws {
        try await withHolders([.honest]) { link, directory, holders async throws in
            var part = Self.content
            part[5 << 20] ^= 1
            try Data(part).write(to: URL(fileURLWithPath: directory + "/夏 祭り.mp4.part"))
            try await get(link, into: directory)
            #expect(try read(directory) == Self.content)
            #expect(holders[0].bytesSent == 256 << 10)
        }
    }

    @Test func `only liars: it ends with a sentence, and nothing under the file's name`() async throws {
        try await withHolders([.lying, .lying]) { link, directory, _ async throws in
            let error = await #expect(throws: Complaint.self) { try await get(link, into: directory) }
            #expect(error?.description.contains("right bytes") == true)
            #expect(try read(directory) == nil)
        }
    }

    @Test func `another file in the way stays, unless it is to be replaced`() async throws {
        try await withHolders([.honest]) { link, directory, holders async throws in
            try Data("mine".utf8).write(to: URL(fileURLWithPath: directory + "/夏 祭り.mp4"))
            let error = await #expect(throws: Complaint.self) { try await get(link, into: directory) }
            #expect(error?.description.contains("--force") == true)
            #expect(try read(directory) == Array("mine".utf8))
            #expect(holders[0].bytesSent == 0)
            try await get(link, into: directory, force: true)
            #expect(try read(directory) == Self.content)
            try await get(link, into: directory)
            #expect(holders[0].bytesSent == Self.content.count)
        }
    }

    @Test(arguments: [0, 1, 16_384, 262_145])
    func `small files come too`(length: Int) async throws {
        let content = Array(Self.content.prefix(length))
        try await withHolders([.honest], content: content) { link, directory, _ async throws in
            try await get(link, into: directory)
            #expect(try read(directory) == content)
        }
    }

    @Test func `a manifest of another file than the link's is refused`() async throws {
        try await withHolders([.honest]) { link, directory, holders async throws in
            let wrong = Link(node: link.node, file: FileID(.zero), name: link.name)
            let path = wrong.description.dropFirst(link.node.utf8.count)
            holders[0].serve(try manifest(of: Self.content).wireBytes, at: path + ".manifest")
            let error = await #expect(throws: Complaint.self) { try await get(wrong, into: directory) }
            #expect(error?.description.contains("does not fit the link") == true)
        }
    }

    @Test func `a node that is not there is said to be so`() async throws {
        let link = Link(node: "http://127.0.0.1:1", file: FileID(.zero), name: "a")
        let error = await #expect(throws: Complaint.self) { try await get(link, into: "/tmp") }
        #expect(error?.description.contains("does not answer") == true)
    }
}
