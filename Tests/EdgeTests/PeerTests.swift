import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Routing
import Synchronization
import Testing
import Transport

@testable import Edge

@Suite("Nodes at the public door")
struct PeerTests {
    private let request = PeerRequest.catalogue(.lookUp(FileID(Bytes32(1, 2, 3, 4))))

    @Test("a member's request is answered, also when it waits to be told to go on")
    func asked() async throws {
        let world = try await EdgeWorld.make()
        let body = request.wireBytes
        let client = try world.client()
        try await client.send(world.signed("POST", PeerProtocol.path(of: request), "Expect: 100-continue", body: body))
        #expect(try await client.response(hasBody: false).status == 100)
        try await client.send(body)
        let response = try await client.response()
        #expect(response.status == 200)
        #expect(response.body == PeerAnswer.catalogue(.unknown).wireBytes)
        #expect(world.door.asked.withLock { $0.map(\.request) } == [request])
        #expect(world.door.asked.withLock { $0.map(\.from) } == [world.member.nodeID])
        #expect(
            world.account.usage.spent
                == ClassTotals(
                    overlay: ByteCount(response.byteCount + Int64("HTTP/1.1 100 Continue\r\n\r\n".utf8.count))))
        await world.stop()
    }

    @Test("what is unsigned, signed by a stranger, replayed or altered is refused")
    func refused() async throws {
        let world = try await EdgeWorld.make()
        let (path, body) = (PeerProtocol.path(of: request), request.wireBytes)
        func status(_ head: String, _ body: [UInt8]) async throws -> Int {
            let client = try world.client()
            try await client.send(Array(head.utf8) + body)
            return try await client.response().status
        }
        let good = world.signed("POST", path, body: body)
        #expect(
            try await status("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n", body) == 401)
        #expect(try await status(world.signed("POST", path, body: body, by: .generate()), body) == 403)
        #expect(try await status(good, body) == 200)
        #expect(try await status(good, body) == 401)
        let altered = body.dropLast() + [body.last! ^ 1]
        #expect(try await status(world.signed("POST", path, body: body), Array(altered)) == 401)
        let elsewhere = PeerProtocol.path(of: .introduce([]))
        #expect(try await status(world.signed("POST", elsewhere, body: body), body) == 400)
        #expect(
            try await status("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n", []) == 413)
        #expect(world.door.asked.withLock { $0.count } == 1)
        await world.stop()
    }

    @Test("a newcomer may join with its own key")
    func join() async throws {
        let world = try await EdgeWorld.make()
        let newcomer = Identity.generate()
        let body = Array("let me in".utf8)
        let path = PeerProtocol.prefix + PeerProtocol.joinName
        let client = try world.client()
        try await client.send(Array(world.signed("POST", path, body: body, by: newcomer).utf8) + body)
        let response = try await client.response()
        #expect(response.status == 200)
        #expect(response.text == "welcome")
        #expect(world.door.joined.withLock { $0.map(\.signer) } == [newcomer.nodeID])
        await world.stop()
    }

    @Test("what a node refuses another is one sentence, and marked as a node's")
    func marked() async throws {
        let world = try await EdgeWorld.make()
        let path = PeerProtocol.prefix + PeerProtocol.joinName
        func ask(_ head: String, _ body: [UInt8] = []) async throws -> RawClient.Response {
            let client = try world.client()
            try await client.send(Array(head.utf8) + body)
            return try await client.response()
        }
        world.door.joinAnswer.withLock { $0 = (403, Array("\(AdmissionRefusal.inviteVoid)".utf8)) }
        let body = Array("let me in".utf8)
        let refused = try await ask(world.signed("POST", path, body: body, by: .generate()), body)
        #expect(refused.status == 403)
        #expect(refused.text == "\(AdmissionRefusal.inviteVoid)")
        #expect(refused["Content-Type"] == "text/plain; charset=utf-8")
        let unsigned = try await ask("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        #expect(unsigned.text == "\(RequestRefusal.unsigned)\n")
        let unread = try await ask(
            world.signed("POST", PeerProtocol.path(of: .introduce([])), body: body, by: world.member), body)
        #expect(unread.status == 400)
        for refusal in [refused, unsigned, unread] { #expect(refusal[PeerProtocol.refusalField] == "1") }
        let strange = try await world.client().exchange(world.get("/nothing"))
        #expect(strange.status == 404)
        #expect(strange[PeerProtocol.refusalField] == nil)
        await world.stop()
    }

    @Test("who calls himself a member and signs as nobody does is checked so often, and keeps no other network waiting")
    func falseSignatures() async throws {
        let world = try await EdgeWorld.make()
        let (path, body) = (PeerProtocol.path(of: request), request.wireBytes)
        func ask(
            _ path: String, from network: UInt32, as signedPath: String? = nil
        ) async throws -> RawClient.Response {
            let client = try world.client(network: network)
            let head = world.signed("POST", signedPath ?? path, body: body)
            try await client.send(
                Array(head.replacing("POST \(signedPath ?? path) ", with: "POST \(path) ").utf8) + body)
            return try await client.response()
        }
        var statuses: [Int] = []
        for _ in 0..<62 { statuses.append(try await ask(path, from: 1, as: path + "?x").status) }
        #expect(statuses == Array(repeating: 401, count: 60) + [429, 429])
        let waiting = try await ask(path, from: 1)
        #expect(waiting.status == 429)
        #expect(waiting["Retry-After"] == Self.restOfMinute)
        #expect(waiting[PeerProtocol.refusalField] == "1")
        #expect(try await ask(path, from: 2).status == 200)
        await world.stop()
    }

    /// Seconds, after `EdgeWorld.wallTime`.
    private static let restOfMinute = "40"

    @Test("who knocks more often than is kept track of is told when to come back")
    func knocks() async throws {
        let world = try await EdgeWorld.make()
        let (newcomer, body) = (Identity.generate(), Array("let me in".utf8))
        let path = PeerProtocol.prefix + PeerProtocol.joinName
        var answers: [RawClient.Response] = []
        for _ in 0..<11 {
            let client = try world.client()
            try await client.send(Array(world.signed("POST", path, body: body, by: newcomer).utf8) + body)
            answers.append(try await client.response())
        }
        #expect(answers.map(\.status) == Array(repeating: 200, count: 10) + [429])
        #expect(answers.map { $0["Retry-After"] } == Array(repeating: nil, count: 10) + [Self.restOfMinute])
        await world.stop()
    }

    @Test("a member takes its copy from here, or is told that it is not here; it is never sent elsewhere")
    func copies() async throws {
        let world = try await EdgeWorld.make(copy: .filling(pieceSize: .kibibytes(16), has: [0..<16_384]))
        let other = NodeID(Bytes32(9, 9, 9, 9))
        world.route(other, url: "http://other.example", remaining: .gigabytes(1))
        let client = try world.client()
        let part = try await client.exchange(world.signed("GET", world.path, "Range: bytes=100-16383"))
        #expect(part.status == 206)
        #expect(part.body == Array(world.content[100..<16_384]))
        #expect(world.account.usage.spent == ClassTotals(replication: ByteCount(part.byteCount)))
        #expect(try await world.settled { $0.log.map(\.peer) == [$0.member.nodeID] })
        let missing = try await client.exchange(world.signed("GET", world.path, "Range: bytes=100-16384"))
        #expect(missing.status == 404)
        #expect(try await client.exchange(world.signed("GET", world.path, by: .generate())).status == 403)
        await world.stop()
    }

    @Test("without an allowance for copies a member is told to come back")
    func noAllowance() async throws {
        let world = try await EdgeWorld.make(length: 9_500_000, share: .megabytes(10))
        let response = try await world.client().exchange(world.signed("GET", world.path))
        #expect(response.status == 503)
        #expect(response["Retry-After"] == "2")
        await world.stop()
    }

    @Test("piece hashes are there for clients that verify")
    func manifest() async throws {
        let world = try await EdgeWorld.make(length: 100)
        let posting = try #require(
            Posting(
                file: world.file, publisher: world.own.nodeID, length: ByteCount(100), name: "a film.mp4",
                mediaType: "video/mp4", sha256: .zero, audience: .network, replicas: 3, postedAt: EdgeWorld.wallTime,
                expires: nil, sequence: 1))
        let manifest = Manifest(posting: posting, pieces: [Bytes32(1, 2, 3, 4)])
        world.door.kept.withLock { $0 = manifest }
        let response = try await world.client().exchange(world.get(world.path + ".manifest"))
        #expect(response.body == manifest.wireBytes)
        #expect(world.account.usage.spent == ClassTotals(serving: ByteCount(response.byteCount)))
        await world.stop()
    }
}

@Suite("Limits of the public door")
struct LimitTests {
    private func settings(_ change: (inout EdgeSettings) -> Void) -> EdgeSettings {
        var settings = EdgeSettings()
        change(&settings)
        return settings
    }

    @Test("one connection too many, where all others are served, is closed at once")
    func connections() async throws {
        let world = try await EdgeWorld.make(length: 20_000_000, settings: settings { $0.connectionLimit = 2 })
        let readers = try (0..<2).map { _ in try world.client(receiveBuffer: 8192) }
        for reader in readers { try await reader.send(world.get()) }
        #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(20) })
        let three = try world.client()
        #expect(try await three.rest() == [])
        #expect(world.server.counts[.connections] == 1)
        #expect(world.server.counts.connections == 2)
        await world.stop()
    }

    @Test(
        "a body that nobody reads is not taken for the next request",
        arguments: ["/f/a%2fb", "/f/%zz", "/f/..", "/f/a", "/", "/elsewhere", "/peer/v1/%2f"])
    func unreadBody(path: String) async throws {
        let world = try await EdgeWorld.make(length: 10)
        let client = try world.client()
        let body = world.get()
        let answer = try await client.exchange(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect((400..<500).contains(answer.status))
        #expect(answer["Connection"] == "close")
        #expect(try await client.rest() == [])
        #expect(world.log.map(\.status) == [answer.status])
        await world.stop()
    }

    @Test("an expectation that is not met ends the connection")
    func unmetExpectation() async throws {
        let world = try await EdgeWorld.make(length: 10)
        let client = try world.client()
        let body = world.get()
        let answer = try await client.exchange(
            "POST /peer/v1/lookup HTTP/1.1\r\nHost: a\r\nExpect: something\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(answer.status == 417)
        #expect(answer["Connection"] == "close")
        #expect(try await client.rest() == [])
        await world.stop()
    }

    /// Announces a body and holds it back: whose connection that is, and what it is told.
    private func begin(
        _ path: String, _ body: [UInt8], by signer: Identity, at world: EdgeWorld
    ) async throws -> (RawClient, Int) {
        let client = try world.client()
        try await client.send(world.signed("POST", path, "Expect: 100-continue", body: body, by: signer))
        return (client, try await client.response(hasBody: false).status)
    }

    @Test("strangers who knock slowly keep each other waiting, and no member")
    func slowKnocks() async throws {
        let world = try await EdgeWorld.make(
            length: 10,
            settings: settings {
                $0.bodyLimit = 16
                $0.knockTimeLimit = .seconds(60)
            })
        let (path, body) = (PeerProtocol.prefix + PeerProtocol.joinName, Array("let me in".utf8))
        var knocks: [RawClient] = []
        for _ in 0..<16 {
            let (client, status) = try await begin(path, body, by: .generate(), at: world)
            #expect(status == 100)
            knocks.append(client)
        }
        func ask(_ path: String, _ body: [UInt8], by signer: Identity) async throws -> RawClient.Response {
            let client = try world.client()
            try await client.send(Array(world.signed("POST", path, body: body, by: signer).utf8) + body)
            return try await client.response()
        }
        let late = try await ask(path, body, by: .generate())
        #expect(late.status == 503)
        #expect(late["Retry-After"] == "2")
        let request = PeerRequest.catalogue(.lookUp(world.file))
        #expect(try await ask(PeerProtocol.path(of: request), request.wireBytes, by: world.member).status == 200)
        try await knocks[7].send(body)
        #expect(try await knocks[7].response().status == 200)
        #expect(try await ask(path, body, by: .generate()).status == 200)
        await world.stop()
    }

    @Test("a member that never ends its requests keeps no other waiting; strangers keep no member from knocking")
    func unendedBodies() async throws {
        let world = try await EdgeWorld.make(length: 10)
        let (founder, other) = (world.member, Identity.generate())
        let certificate = Certificate(
            subject: other.nodeID, issuer: founder.nodeID, network: founder.nodeID,
            issuedAt: WallTime(milliseconds: 0))
        world.directory.learn([founder.sign(certificate).value])
        let request = PeerRequest.catalogue(.lookUp(world.file))
        let (path, body) = (PeerProtocol.path(of: request), request.wireBytes)
        func begin(_ path: String, by signer: Identity) async throws -> (RawClient, Int) {
            try await self.begin(path, body, by: signer, at: world)
        }
        var open: [RawClient] = []
        for _ in 0..<16 {
            let (client, status) = try await begin(path, by: other)
            #expect(status == 100)
            open.append(client)
        }
        #expect(try await begin(path, by: other).1 == 503)
        for _ in 0..<16 { open.append(try await begin(PeerProtocol.prefix + PeerProtocol.joinName, by: .generate()).0) }
        #expect(try await begin(PeerProtocol.prefix + PeerProtocol.joinName, by: .generate()).1 == 503)
        for name in [path, PeerProtocol.prefix + PeerRequest.introduction] {
            #expect(try await begin(name, by: founder).1 == 100)
        }
        #expect(open.count == 32)
        await world.stop()
    }

    @Test(
        "a stranger who does not finish its knock loses its place soon, and is answered as others are that are refused")
    func unfinishedKnock() async throws {
        let world = try await EdgeWorld.make(
            length: 10,
            settings: settings {
                $0.knockLimit = 1
                $0.knockTimeLimit = .milliseconds(150)
            })
        let (path, body) = (PeerProtocol.prefix + PeerProtocol.joinName, Array("let me in".utf8))
        var sent = ByteCount.zero
        for _ in 0..<2 {
            let client = try world.client()
            try await client.send(world.signed("POST", path, body: body, by: .generate()))
            let answer = try await client.response()
            #expect(answer.status == 408)
            #expect(answer[PeerProtocol.refusalField] == "1")
            #expect(answer["Connection"] == "close")
            #expect(try await client.rest() == [])
            sent += ByteCount(answer.byteCount)
        }
        #expect(world.account.usage.spent == ClassTotals(answers: sent))
        #expect(world.log.map { "\($0.method) \($0.path) \($0.status)" } == ["POST \(path) 408", "POST \(path) 408"])
        #expect(world.log.reduce(.zero) { $0 + $1.sent } == sent)
        #expect(world.server.counts[.late] == 2)
        await world.stop()
    }

    @Test("an idle connection ends silently, one that sends half a head is told why")
    func idle() async throws {
        let world = try await EdgeWorld.make(length: 10, settings: settings { $0.idleLimit = .milliseconds(150) })
        let silent = try world.client()
        #expect(try await silent.rest() == [])
        #expect(world.account.usage.spent == .zero)
        let half = try world.client()
        try await half.send("GET / HTTP/1.1\r\nHost: ")
        let answer = try await half.response()
        #expect(answer.status == 408)
        #expect(try await half.rest() == [])
        #expect(world.account.usage.spent == ClassTotals(answers: ByteCount(answer.byteCount)))
        await world.stop()
    }

    @Test("a client that takes nothing for too long is let go, and its reservation with it")
    func stalled() async throws {
        let world = try await EdgeWorld.make(
            length: 30_000_000, settings: settings { ($0.stallLimit, $0.leastPace) = (.milliseconds(200), 1 << 30) })
        let client = try world.client(receiveBuffer: 32_768)
        try await client.send(world.get())
        #expect(try await world.settled { $0.log.count == 1 })
        #expect(world.account.usage.reserved == .zero)
        #expect(world.log.map(\.isComplete) == [false])
        await world.stop()
    }

    @Test("a server that stops lets responses end, and cuts those that do not in time")
    func shutDown() async throws {
        let world = try await EdgeWorld.make(length: 30_000_000)
        let (reader, sleeper, idle) = (
            try world.client(receiveBuffer: 65_536), try world.client(receiveBuffer: 32_768), try world.client()
        )
        #expect(try await idle.exchange(world.get(nil, "Range: bytes=0-0")).status == 206)
        try await reader.send(world.get())
        try await sleeper.send(world.get())
        #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(30) })
        async let report = world.server.shutDown(grace: .seconds(2))
        #expect(try await reader.response().body == world.content)
        #expect(try await idle.rest() == [])
        #expect(await report == ShutdownReport(cut: 1))
        #expect(throws: (any Error).self) { try world.client() }
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }
}
