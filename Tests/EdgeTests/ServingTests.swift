import Allowance
import Catalogue
import Glibc
import NIOCore
import Overlay
import Primitives
import Routing
import Synchronization
import Testing
import Transport

@testable import Edge

@Suite("Files over the public door")
struct ServingTests {
    @Test("a whole file comes with all that is known of it, and is paid to the byte")
    func whole() async throws {
        let world = try await EdgeWorld.make(length: 3_000_000)
        let response = try await world.client().exchange(world.get())
        #expect(response.status == 200)
        #expect(response.body == world.content)
        let fields = Dictionary(uniqueKeysWithValues: response.fields.map { ($0.name, $0.value) })
        #expect(
            fields == [
                "Date": "Tue, 14 Nov 2023 22:13:20 GMT", "Content-Type": "video/mp4",
                "Content-Disposition": "inline; filename=\"a film.mp4\"", "X-Content-Type-Options": "nosniff",
                "Accept-Ranges": "bytes", "ETag": "\"\(world.file)\"",
                "Repr-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=:",
                "Cache-Control": "public, max-age=86400, immutable, no-transform",
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers":
                    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Repr-Digest",
                "Cross-Origin-Resource-Policy": "cross-origin", "Content-Length": "3000000",
            ])
        let usage = world.account.usage
        #expect(usage.spent == ClassTotals(serving: ByteCount(response.byteCount)))
        #expect(usage.reserved == .zero)
        await world.stop()
    }

    @Test("parts of a file are sent as parts, each paid to the byte")
    func ranges() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        var sent: Int64 = 0
        for (range, part) in [
            ("0-0", 0..<1), ("5-", 5..<100_000), ("-10", 99_990..<100_000), ("99999-200000", 99_999..<100_000),
        ] {
            let response = try await client.exchange(world.get(nil, "Range: bytes=\(range)"))
            #expect(response.status == 206)
            #expect(response["Content-Range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/100000")
            #expect(response.body == Array(world.content[part]))
            sent += response.byteCount
        }
        let several = try await client.exchange(world.get(nil, "Range: bytes=0-1,3-4"))
        #expect(several.status == 200)
        #expect(several.body.count == 100_000)
        sent += several.byteCount
        #expect(world.account.usage.spent == ClassTotals(serving: ByteCount(sent)))
        let beyond = try await client.exchange(world.get(nil, "Range: bytes=100000-"))
        #expect(beyond.status == 416)
        #expect(beyond["Content-Range"] == "bytes */100000")
        #expect(
            world.account.usage.spent == ClassTotals(serving: ByteCount(sent), answers: ByteCount(beyond.byteCount)))
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }

    @Test("conditions are answered without a byte of the file")
    func conditions() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        let fresh = try await client.exchange(world.get(nil, "If-None-Match: \"\(world.file)\""), hasBody: false)
        #expect(fresh.status == 304)
        #expect(fresh["ETag"] == "\"\(world.file)\"")
        #expect(fresh["Content-Length"] == nil)
        let failed = try await client.exchange(world.get(nil, "If-Match: \"x\""))
        #expect(failed.status == 412)
        let stale = try await client.exchange(world.get(nil, "If-Range: \"x\"", "Range: bytes=1-2"))
        #expect(stale.status == 200)
        let current = try await client.exchange(world.get(nil, "If-Range: \"\(world.file)\"", "Range: bytes=1-2"))
        #expect(current.status == 206)
        let usage = world.account.usage
        #expect(usage.spent.answers == ByteCount(fresh.byteCount + failed.byteCount))
        #expect(usage.spent.serving == ByteCount(stale.byteCount + current.byteCount))
        await world.stop()
    }

    @Test("HEAD says what GET would, and costs a head")
    func head() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        let head = try await client.exchange(world.get(method: "HEAD"), hasBody: false)
        let get = try await client.exchange(world.get())
        #expect(head.status == 200)
        #expect(head.lines == get.lines)
        #expect(world.account.usage.spent.answers == ByteCount(head.byteCount))
        await world.stop()
    }

    @Test(
        "a file that is not in memory is served whole, and nobody waits for it but who asked",
        .enabled(if: OneFile.canForget, "temporary files are in memory on this machine"))
    func coldFile() async throws {
        let world = try await EdgeWorld.make(length: 20_000_000)
        for _ in 0..<3 {
            world.forgetContent()
            // No disk answers any more.
            let disk = HeldPool(House.loaders)
            defer { disk.letGo() }
            let cold = try (0..<3).map { _ in try world.client() }
            for client in cold { try await client.send(world.get()) }
            #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(30) })
            #expect(try await world.client().exchange(world.get("/")).status == 200)
            #expect(cold.allSatisfy { $0.isSilent })
            disk.letGo()
            for client in cold { #expect(try await client.response().body == world.content) }
        }
        await world.stop()
    }

    private struct Refusing: PieceFilesFailure {
        var lacksDescriptors: Bool
    }

    @Test("who is idle goes for a file that finds no descriptor, and stays when it is the disk that fails")
    func withoutDescriptors() async throws {
        let world = try await EdgeWorld.make()
        let (idle, client) = (try world.client(), try world.client())
        #expect(try await world.settled { $0.server.counts.connections == 2 })
        world.fail(with: Refusing(lacksDescriptors: false))
        // What the system said last is about something else.
        _ = Glibc.open("/dev/null/none", O_RDONLY)
        #expect(try await client.exchange(world.get()).status == 503)
        #expect(world.server.counts.connections == 2)
        world.fail(with: Refusing(lacksDescriptors: true))
        #expect(try await client.exchange(world.get()).status == 503)
        #expect(try await idle.rest() == [])
        #expect(world.server.counts[.descriptors] == 1 && world.server.counts[.displaced] == 1)
        await world.stop()
    }

    @Test("an empty file is served")
    func emptyFile() async throws {
        let world = try await EdgeWorld.make(length: 0)
        let client = try world.client()
        let response = try await client.exchange(world.get())
        #expect(response.status == 200)
        #expect(response["Content-Length"] == "0")
        #expect(try await client.exchange(world.get(nil, "Range: bytes=0-")).status == 416)
        #expect(world.account.usage.spent.serving == ByteCount(response.byteCount))
        await world.stop()
    }

    @Test("a page that could run scripts is saved, and a name in any script survives")
    func names() async throws {
        let world = try await EdgeWorld.make(length: 10, name: "страница.html", mediaType: "text/html\u{E4}")
        let response = try await world.client().exchange(world.get())
        #expect(response["Content-Type"] == "application/octet-stream")
        let encoded = "%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0.html"
        #expect(
            response["Content-Disposition"] == "attachment; filename=\"________.html\"; filename*=UTF-8''\(encoded)")
        await world.stop()
    }

    @Test("requests sent ahead are answered in order, on one connection")
    func pipelining() async throws {
        let world = try await EdgeWorld.make(length: 2_500_000)
        let client = try world.client()
        let unknown = FileID(Bytes32(1, 1, 1, 1))
        let requests = [
            world.get(nil, "Range: bytes=0-9"), world.get(), world.get("/f/\(unknown)/a"), world.get(method: "HEAD"),
            world.get("/", "Connection: close"),
        ]
        try await client.send(requests.joined())
        #expect(try await client.response().body == Array(world.content[..<10]))
        #expect(try await client.response().body == world.content)
        #expect(try await client.response().status == 404)
        #expect(try await client.response(hasBody: false).status == 200)
        let front = try await client.response()
        #expect(front.status == 200)
        #expect(front["Connection"] == "close")
        #expect(front.text.contains("\(world.own.nodeID)"))
        #expect(try await client.rest() == [])
        await world.stop()
    }

    @Test("a client that ends its side after asking gets its whole answer")
    func halfClosed() async throws {
        let world = try await EdgeWorld.make(length: 5_000_000)
        let client = try world.client()
        try await client.send(world.get() + world.get(nil, "Range: bytes=0-0"))
        client.endOutput()
        #expect(try await client.response().body == world.content)
        #expect(try await client.response().status == 206)
        #expect(try await client.rest() == [])
        await world.stop()
    }

    @Test("HTTP/1.0 is answered and closed")
    func oldVersion() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        let response = try await client.exchange("GET \(world.path) HTTP/1.0\r\n\r\n")
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest() == [])
        await world.stop()
    }

    @Test(
        "what is not a request for a file is told so",
        arguments: [
            ("PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
            ("GET /f/../x HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /peer/v1/join HTTP/1.1\r\nHost: a\r\n\r\n", 405),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            ("GET / HTTP/1.1\nHost: a\n\n", 400),
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ])
    func refused(_ request: String, _ status: Int) async throws {
        let world = try await EdgeWorld.make(length: 1)
        let response = try await world.client().exchange(request)
        #expect(response.status == status)
        #expect(response.text.hasSuffix(".\n"))
        #expect(world.account.usage.spent == ClassTotals(answers: ByteCount(response.byteCount)))
        await world.stop()
    }

    @Test("a page of another site may ask")
    func preflight() async throws {
        let world = try await EdgeWorld.make(length: 1)
        let response = try await world.client().exchange(world.get(method: "OPTIONS"))
        #expect(response.status == 204)
        #expect(response["Access-Control-Allow-Headers"] == "Range, If-Range, If-Match, If-None-Match")
        await world.stop()
    }
}

@Suite("Who serves")
struct RoutedTests {
    private let other = NodeID(Bytes32(9, 9, 9, 9))

    @Test("whom many clients are sent to is told with how much, and who is passed over gets nobody")
    func busyHolder() async throws {
        let world = try await EdgeWorld.make(length: 1_000_000, copy: .none)
        world.route(other, url: "http://other.example:81", remaining: .gigabytes(1))
        world.routing.apply(.file(world.facts(of: world.file, .none, holders: [other])))
        func now() -> Instant { Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }
        let client = try world.client()
        for _ in 0..<2 { #expect(try await client.exchange(world.get()).status == 302) }
        #expect(world.routing.takeBusy(at: now()).isEmpty)
        // Asking alone costs nobody anything.
        for _ in 0..<4 { _ = try await client.exchange(world.get(method: "HEAD")) }
        #expect(world.routing.takeBusy(at: now()).isEmpty)
        for _ in 0..<3 { _ = try await client.exchange(world.get()) }
        let busy = Redirected(node: other, size: .megabytes(5), perSecond: ByteCount(500_000))
        #expect(world.routing.takeBusy(at: now()) == [busy])
        #expect(world.routing.takeBusy(at: now()).map(\.size) == [.zero])
        world.routing.apply(
            .node(
                RoutingNode(
                    id: other, url: "http://other.example:81", place: nil, remaining: .gigabytes(1),
                    share: .gigabytes(10), load: 0, isAlive: true, isPassedOver: true, families: .v4,
                    statusVersion: 1)))
        #expect(try await client.exchange(world.get()).status == 503)
        let why = try await client.exchange(world.get(world.path + "?why"))
        #expect(String(decoding: why.body, as: UTF8.self).contains("is asked again until it does"))
        await world.stop()
    }

    @Test("a client is sent to another holder, with its path and who was tried")
    func redirect() async throws {
        let world = try await EdgeWorld.make(copy: .none)
        world.route(other, url: "http://other.example:81", remaining: .gigabytes(1))
        world.routing.apply(.file(world.facts(of: world.file, .none, holders: [other])))
        let response = try await world.client().exchange(world.get())
        #expect(response.status == 302)
        let location = try #require(response["Location"])
        let prefix = "http://other.example:81\(world.path)?via="
        #expect(location.hasPrefix(prefix))
        #expect(
            world.tokens.tried(in: location.dropFirst(prefix.count), for: world.file, at: EdgeWorld.wallTime)
                == [other.short])
        #expect(response["Cache-Control"] == "no-store")
        #expect(response["ETag"] == "\"\(world.file)\"")
        #expect(response["Access-Control-Allow-Origin"] == "*")
        #expect(response.body.isEmpty)
        #expect(world.account.usage.spent == ClassTotals(answers: ByteCount(response.byteCount)))
        await world.stop()
    }

    @Test("nobody is sent back to whom it came from, and a forged list of the tried counts for nothing")
    func via() async throws {
        let world = try await EdgeWorld.make(copy: .none)
        world.route(other, url: "http://other.example", remaining: .gigabytes(1))
        world.routing.apply(.file(world.facts(of: world.file, .none, holders: [other])))
        let token = world.tokens.token(
            for: world.file, tried: [other.short, world.own.nodeID.short], at: EdgeWorld.wallTime)
        let client = try world.client()
        let response = try await client.exchange(world.get(world.path + "?via=\(token)"))
        #expect(response.status == 503)
        #expect(response["Retry-After"] != nil)
        let forged = try await client.exchange(world.get(world.path + "?via=x\(token.dropFirst())"))
        #expect(forged.status == 302)
        await world.stop()
    }

    @Test("where every allowance is spent, the answer says until when")
    func exhausted() async throws {
        let world = try await EdgeWorld.make(length: 9_000_000, share: .megabytes(10))
        let response = try await world.client().exchange(world.get())
        #expect(response.status == 503)
        #expect(response["Retry-After"] == "4321")
        #expect(world.account.usage.spent == ClassTotals(answers: ByteCount(response.byteCount)))
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }

    @Test("a file that this node does not know is looked for once")
    func resolve() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        let unknown = FileID(Bytes32(4, 4, 4, 4))
        #expect(try await client.exchange(world.get("/f/\(unknown)/x")).status == 404)
        world.door.onResolve.withLock {
            $0 = { file in world.routing.apply(.file(world.facts(of: file, .complete))) }
        }
        // A moment ago it was not there; a file that was not asked for yet is looked for.
        #expect(try await client.exchange(world.get("/f/\(unknown)/x")).status == 404)
        let posted = FileID(Bytes32(4, 4, 4, 5))
        #expect(try await client.exchange(world.get("/f/\(posted)/x")).body == world.content)
        world.door.onResolve.withLock { $0 = nil }
        await world.stop()
    }

    @Test("nobody is told that there is no such file before that is known, and looked for it is again at once")
    func postponed() async throws {
        let world = try await EdgeWorld.make()
        let client = try world.client()
        let path = "/f/\(FileID(Bytes32(4, 4, 4, 6)))/x"
        for (pause, seconds) in [(Duration.milliseconds(9_400), "10"), (.seconds(3), "3"), (.zero, "1")] {
            world.door.outcome.withLock { $0 = .postponed(pause) }
            let response = try await client.exchange(world.get(path))
            #expect(response.status == 503)
            #expect(response["Retry-After"] == seconds)
            #expect(response["Cache-Control"] == "no-store")
        }
        world.door.outcome.withLock { $0 = .settled }
        #expect(try await client.exchange(world.get(path)).status == 404)
        // That is believed for a moment.
        world.door.outcome.withLock { $0 = .postponed(.seconds(3)) }
        #expect(try await client.exchange(world.get(path)).status == 404)
        // What was found meanwhile is served, whatever was said of it.
        let found = FileID(Bytes32(4, 4, 4, 7))
        world.door.onResolve.withLock {
            $0 = { file in world.routing.apply(.file(world.facts(of: file, .complete))) }
        }
        #expect(try await client.exchange(world.get("/f/\(found)/x")).body == world.content)
        world.door.onResolve.withLock { $0 = nil }
        await world.stop()
    }

    @Test("the reasons for a choice, and the list of holders, are told as JSON")
    func explained() async throws {
        let world = try await EdgeWorld.make()
        let dead = NodeID(Bytes32(8, 8, 8, 8))
        world.routing.apply(.file(world.facts(of: world.file, .complete, holders: [dead])))
        let client = try world.client()
        let why = try await client.exchange(world.get(world.path + "?why"))
        #expect(why.status == 200)
        #expect(why["Content-Type"] == "application/json")
        #expect(why.text.contains("\"choice\":\"here\""))
        #expect(why.text.contains("{\"node\":\"\(dead)\",\"reason\":\"not a member\"}"))
        let list = try await client.exchange(world.get(world.path + ".mirrorlist"))
        let url = "http://own.example/f/\(world.file)/a%20film.mp4"
        let digest = String(repeating: "0", count: 63) + "1"
        let entry = """
            [{"url":"\(url)","node":"\(world.own.nodeID)","complete":true,"length":100000,"sha256":"\(digest)"}]

            """
        #expect(list.text == entry)
        #expect(try await client.exchange(world.get(world.path + ".manifest")).status == 404)
        await world.stop()
    }

    @Test("a file whose own name ends like a list is that file")
    func namedLikeAList() async throws {
        let world = try await EdgeWorld.make(length: 10, name: "a.mirrorlist")
        let client = try world.client()
        #expect(try await client.exchange(world.get("/f/\(world.file)/a.mirrorlist")).body == world.content)
        let list = try await client.exchange(world.get("/f/\(world.file)/a.mirrorlist.mirrorlist"))
        #expect(list["Content-Type"] == "application/json")
        await world.stop()
    }
}
