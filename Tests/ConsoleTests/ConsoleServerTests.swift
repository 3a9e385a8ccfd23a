import Catalogue
import Foundation
import Logging
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Console

@Suite struct ConsoleServerTests {
    /// Runs the daemon's door over a made-up node in a directory of its own, and removes both.
    private func withServer(_ body: @Sendable (SocketClient, SampleOperator) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "potluck-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let node = SampleOperator(overlay: try Sample.overlay())
        let (ready, signal) = AsyncStream.makeStream(of: Void.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try ConsoleServer(operator: node, dataDirectory: directory.path, logger: logger) {
            signal.finish()
        }
        let path = try API.socketPath(dataDirectory: directory.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await _ in ready {}
            try await body(SocketClient(path: path), node)
            group.cancelAll()
            // A cancelled server may say so.
            do { try await group.waitForAll() } catch is CancellationError {}
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private func value<Value: Codable & Sendable>(
        _ reply: SocketClient.Reply, as type: Value.Type = Value.self
    ) throws -> Value {
        #expect(reply.status == 200)
        let answer = try JSONDecoder().decode(Answer<Value>.self, from: reply.body)
        #expect(answer.api == API.version)
        return try #require(answer.value)
    }

    private func error(_ reply: SocketClient.Reply, status: Int) throws -> String {
        #expect(reply.status == status)
        let answer = try JSONDecoder().decode(EmptyAnswer.self, from: reply.body)
        #expect(answer.api == API.version)
        return try #require(answer.error)
    }

    @Test func `every view is served as it is made`() async throws {
        try await withServer { client, _ in
            let reading = Reading(facts: Sample.facts, overlay: try Sample.overlay(), usage: Sample.usage)
            #expect(try await value(client.get("/v1/status")) == reading.status())
            #expect(try await value(client.get("/v1/peers")) == reading.peers())
            #expect(try await value(client.get("/v1/allowance")) == reading.allowance())
            #expect(try await value(client.get("/v1/files")) == reading.files())
            let file = try Sample.manifest().value.file
            #expect(try await value(client.get("/v1/files/\(file)")) == reading.file(file))
            #expect(
                try await value(client.get("/v1/estimate?length=1000&replicas=2"))
                    == reading.estimate(length: ByteCount(1000), replicas: 2))
            let why: DecisionView = try await value(client.get("/v1/why?file=\(file)&from=2001%3Adb8%3A%3A1"))
            #expect(why.choice == .here)
            #expect(why.from == "2001:db8::1")
            #expect(why.place == Sample.berlin)
        }
    }

    @Test func `only the node's user and group may talk to it`() async throws {
        try await withServer { client, _ in
            let attributes = try FileManager.default.attributesOfItem(atPath: client.path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o660)
        }
    }

    @Test func `a posted file arrives byte for byte, under its name`() async throws {
        try await withServer { client, node in
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let name = PercentEncoding.encode("夏 祭り&b=1.mp4")
            let posted: PostedView = try await value(client.post("/v1/posts?name=\(name)&replicas=5", bytes))
            #expect(posted.name == "夏 祭り&b=1.mp4")
            #expect(posted.link == "http://192.0.2.1:8080/f/\(posted.id)/\(name)")
            node.state.withLock { state in
                #expect(
                    state.posted.map(\.0) == [
                        PostRequest(
                            name: "夏 祭り&b=1.mp4", mediaType: "video/mp4", length: ByteCount(bytes.count), replicas: 5)
                    ])
                #expect(state.posted.map(\.1) == [bytes])
            }
        }
    }

    @Test func `an empty file can be posted`() async throws {
        try await withServer { client, node in
            let _: PostedView = try await value(client.post("/v1/posts?name=empty", []))
            #expect(node.state.withLock { $0.posted.map(\.1) } == [[]])
        }
    }

    @Test func `a file that breaks off is not taken for a whole one`() async throws {
        try await withServer { client, node in
            _ = try await client.post("/v1/posts?name=a", [1, 2, 3], length: 1_000_000)
            // Whatever the broken connection was told, nothing was posted, and the node goes on.
            let _: StatusView = try await value(client.get("/v1/status"))
            #expect(node.state.withLock { $0.posted.isEmpty })
        }
    }

    @Test(arguments: [
        ("/v1/posts", "lacks “name”"), ("/v1/posts?name=a%2Fb", "no slashes"),
        ("/v1/posts?name=a&type=x", "media type"),
        ("/v1/posts?name=a&replicas=256", "from 0 to 255"), ("/v1/posts?name=a&name=b", "cannot be read"),
        ("/v1/posts?name=%ff", "cannot be read"),
    ])
    func `a post that makes no sense is refused with the reason`(target: String, reason: String) async throws {
        try await withServer { client, node in
            let sentence = try await error(client.post(target, [1]), status: 400)
            #expect(sentence.contains(reason))
            #expect(node.state.withLock { $0.posted.isEmpty })
        }
    }

    @Test func `a file that the disk cannot hold is refused before it is sent`() async throws {
        try await withServer { client, _ in
            let reply = try await client.post("/v1/posts?name=a", [], length: 41_000_000_000)
            #expect(try error(reply, status: 507).contains("41.0 GB"))
        }
    }

    @Test func `invites and joining are passed on, and refusals come back as sentences`() async throws {
        try await withServer { client, node in
            let invite: InviteView = try await value(
                client.post("/v1/invites", Array(#"{"uses":2,"lifetimeSeconds":60}"#.utf8)))
            #expect(invite == InviteView(invite: "potluck1sample", uses: 2, expires: Sample.noon + .seconds(60)))
            let joined: JoinView = try await value(
                client.post("/v1/network", Array(#"{"peer":"192.0.2.9:8080"}"#.utf8)))
            #expect(joined.memberCount == 3)
            #expect(node.state.withLock { $0.invites.map(\.0) } == [2])
            #expect(node.state.withLock { $0.joined } == ["192.0.2.9:8080"])
            #expect(
                try await error(client.post("/v1/network", Array(#"{"peer":"x"}"#.utf8)), status: 409)
                    == "This node belongs to a network already; leave it first.")
            #expect(
                try await error(
                    client.post("/v1/invites", Array(#"{"uses":0,"lifetimeSeconds":60}"#.utf8)), status: 400
                )
                .contains("1 to 10000 times"))
            #expect(try await error(client.post("/v1/invites", Array("{".utf8)), status: 400).contains("JSON"))
            let long = [UInt8](repeating: UInt8(ascii: " "), count: 100_000)
            #expect(try await error(client.post("/v1/invites", long), status: 413).contains("longer"))
        }
    }

    @Test(arguments: [
        ("/v1/files/abc", 400, "names no file"), ("/v1/files/" + String(repeating: "a", count: 52), 404, "node list"),
        ("/v1/estimate", 400, "lacks “length”"), ("/v1/estimate?length=-1", 400, "whole number"),
        ("/v1/why?file=" + String(repeating: "a", count: 52) + "&from=here", 400, "no address"),
        ("/v2/status", 404, "different versions"), ("/", 404, "different versions"),
    ])
    func `questions that cannot be answered get a sentence`(target: String, status: Int, part: String) async throws {
        try await withServer { client, _ in
            let sentence = try await error(client.get(target), status: status)
            #expect(sentence.contains(part))
        }
    }

    @Test func `withdrawing, denying and leaving are passed on`() async throws {
        try await withServer { client, node in
            let file = try Sample.manifest().value.file
            let link = "http://192.0.2.1:8080/f/\(file)/a"
            let withdrawn: WithdrawnView = try await value(
                client.post("/v1/withdrawals", Array(#"{"file":"\#(link)"}"#.utf8)))
            #expect(withdrawn == WithdrawnView(id: file, name: "夏祭り.mp4", holders: 0))
            let denied: DenialView = try await value(
                client.post("/v1/denials", Array(#"{"what":"cellar","isUndone":false}"#.utf8)))
            #expect(denied == DenialView(kind: .publisher, id: Sample.other.description, name: "cellar"))
            #expect(try await value(client.get("/v1/denials"), as: [DenialView].self) == [])
            let left: LeavingView = try await value(client.post("/v1/leave", Array(#"{"withinSeconds":60}"#.utf8)))
            #expect(left == LeavingView(left: 1, of: 3))
            #expect(
                try await error(client.post("/v1/leave", Array(#"{"withinSeconds":86401}"#.utf8)), status: 400)
                    .contains("--within"))
            node.state.withLock { state in
                #expect(state.withdrawn == [file])
                #expect(state.denied.map(\.0) == [.publisher(Sample.other)])
                #expect(state.left == [.seconds(60)])
            }
        }
    }

    @Test func `a post may be for a list, and for a time`() async throws {
        try await withServer { client, node in
            let end = Sample.noon.milliseconds + 1000
            let _: PostedView = try await value(client.post("/v1/posts?name=a&to=friends&expires=\(end)", [1]))
            #expect(node.state.withLock { $0.posted[0].0.audience } == .named([Sample.other]))
            #expect(node.state.withLock { $0.posted[0].0.expires } == WallTime(milliseconds: end))
            for (target, part) in [
                ("/v1/posts?name=a&expires=\(Sample.noon.milliseconds)", "expired already"),
                ("/v1/posts?name=a&expires=\(Int64.max)", "whole number"),
            ] {
                #expect(try await error(client.post(target, [1]), status: 400).contains(part))
            }
            #expect(try await error(client.post("/v1/posts?name=a&to=x", [1]), status: 404).contains("no list “x”"))
            #expect(node.state.withLock { $0.posted.count } == 1)
        }
    }

    @Test func `a path too long for a socket is refused`() {
        let error = #expect(throws: OperatorError.self) {
            try API.socketPath(dataDirectory: "/" + String(repeating: "x", count: 107))
        }
        #expect(error?.sentence.contains("--data") == true)
    }
}
