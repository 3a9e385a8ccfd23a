import Foundation
import Glibc
import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct CourierTests {
    let courier: Courier

    init() throws {
        courier = try Courier()
    }

    private func ok(_ body: String, _ status: String = "200 OK", _ fields: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    private func failure(_ request: CourierRequest) async -> CourierError? {
        do throws(CourierError) {
            _ = try await courier.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func anExchangeGoesOutAsItIsAndComesBackWhole() async throws {
        let server = TinyServer { _ in
            .bytes("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Two:  a b \r\nX-Two: c\r\n\r\nhi")
        }
        defer { server.close() }
        let request = CourierRequest(
            "POST", server.url + "/a/../b%20c?d=e", fields: [HeaderField(name: "X-One", value: "1")],
            body: Array("body".utf8))
        let answer = try await courier.send(request)
        #expect(answer.status == 201)
        #expect(answer.head.fields.values(of: "x-two") == ["a b", "c"])
        #expect(answer.body == Array("hi".utf8))
        let seen = try #require(server.requests.first)
        #expect(seen.line == "POST /a/../b%20c?d=e HTTP/1.1")
        #expect(seen.fields.sorted() == ["Content-Length: 4", "Host: 127.0.0.1:\(server.port)", "X-One: 1"])
        #expect(seen.body == Array("body".utf8))
    }

    @Test func aConnectionServesManyRequests() async throws {
        let server = TinyServer { _ in .bytes(ok("x")) }
        defer { server.close() }
        for _ in 0..<5 { _ = try await courier.send(CourierRequest("GET", server.url + "/")) }
        #expect(server.requests.map(\.connection) == [1, 1, 1, 1, 1])
    }

    @Test func connectionsToOneHostAreBounded() async throws {
        let server = TinyServer { _ in
            usleep(20_000)
            return .bytes(ok("x"))
        }
        defer { server.close() }
        try await withThrowingTaskGroup { group in
            for _ in 0..<40 { group.addTask { _ = try await courier.send(CourierRequest("GET", server.url + "/")) } }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 40)
        #expect(Set(server.requests.map(\.connection)).count <= Courier.Settings().connectionsPerHost)
    }

    @Test func moreTransfersThanAllowedAreRefused() async throws {
        let server = TinyServer { _ in .stall("") }
        defer { server.close() }
        var settings = Courier.Settings()
        settings.transfers = 1
        let courier = try Courier(settings: settings)
        let first = Task { try await courier.send(CourierRequest("GET", server.url + "/")) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        await #expect(throws: CourierError.busy) { try await courier.send(CourierRequest("GET", server.url + "/")) }
        courier.stop()
        await #expect(throws: CourierError.stopped) { try await first.value }
        await #expect(throws: CourierError.stopped) { try await courier.send(CourierRequest("GET", server.url + "/")) }
    }

    @Test func redirectsAreFollowedOnlyWhenAskedAndNotForEver() async throws {
        let server = TinyServer { request in
            request.line.contains(" /end ")
                ? .bytes(ok("there"))
                : .bytes(ok("", "302 Found", "Location: \(request.line.contains(" /loop ") ? "/loop" : "/end")\r\n"))
        }
        defer { server.close() }
        var request = CourierRequest("GET", server.url + "/start")
        let plain = try await courier.send(request)
        #expect(plain.status == 302)
        #expect(plain.head.fields.value(of: "location") == "/end")
        #expect(server.requests.count == 1)
        request.redirects = 1
        let followed = try await courier.send(request)
        #expect(followed.status == 200)
        #expect(followed.body == Array("there".utf8))
        #expect(followed.url == server.url + "/end")
        request.url = server.url + "/loop"
        request.redirects = 3
        #expect(await failure(request) == .tooManyRedirects)
    }

    @Test func anEndlessBodyIsCutOff() async {
        let server = TinyServer { _ in
            .endless("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", piece: String(repeating: "x", count: 64 << 10))
        }
        defer { server.close() }
        var request = CourierRequest("GET", server.url + "/")
        request.answerLimit = .kibibytes(300)
        #expect(await failure(request) == .answerTooLarge(limit: .kibibytes(300)))
    }

    @Test func anEndlessHeadIsCutOff() async {
        let server = TinyServer { _ in
            .endless("HTTP/1.1 200 OK\r\n", piece: "X-Field: " + String(repeating: "x", count: 1_000) + "\r\n")
        }
        defer { server.close() }
        #expect(await failure(CourierRequest("GET", server.url + "/")) == .answerTooLarge(limit: .kibibytes(64)))
    }

    @Test func aTruncatedBodyIsAnError() async {
        let server = TinyServer { request in
            request.line.contains("chunked")
                ? .thenClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
                : .thenClose("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        }
        defer { server.close() }
        #expect(await failure(CourierRequest("GET", server.url + "/plain")) == .truncated)
        #expect(await failure(CourierRequest("GET", server.url + "/chunked")) == .truncated)
    }

    @Test func whatIsNotHTTPIsAnError() async {
        let server = TinyServer { _ in .thenClose("SSH-2.0-OpenSSH_9.2\r\n") }
        defer { server.close() }
        #expect(await failure(CourierRequest("GET", server.url + "/")) == .notHTTP)
        let silent = TinyServer { _ in .thenClose("") }
        defer { silent.close() }
        #expect(await failure(CourierRequest("GET", silent.url + "/")) == .connectionLost)
    }

    @Test func aStallEndsTheTransfer() async {
        let server = TinyServer { _ in .stall("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel") }
        defer { server.close() }
        var slow = CourierRequest("GET", server.url + "/")
        slow.slowest = CourierRequest.Pace(bytesPerSecond: .kibibytes(1), over: .seconds(1))
        var late = CourierRequest("GET", server.url + "/")
        late.timeLimit = .milliseconds(200)
        #expect(await failure(late) == .timedOut)
        #expect(await failure(slow) == .stalled)
    }

    @Test func whereNothingListensIsSaid() async {
        let server = TinyServer { _ in .bytes("") }
        server.close()
        #expect(await failure(CourierRequest("GET", server.url + "/")) == .unreachable)
        #expect(
            await failure(CourierRequest("GET", "ftp://127.0.0.1/"))
                == .badRequest("the URL is not one of http or https"))
        #expect(await failure(CourierRequest("GET", "http://")) == .badRequest("the URL is not one of http or https"))
        let split = CourierRequest("GET", server.url, fields: [HeaderField(name: "A", value: "b\r\nC: d")])
        #expect(await failure(split) == .badRequest("a field with a line break"))
        #expect(
            await failure(CourierRequest("GET /", server.url)) == .badRequest("the method is not a word in capitals"))
    }

    @Test func cancellingTheTaskCancelsTheTransfer() async throws {
        let server = TinyServer { _ in .stall("") }
        defer { server.close() }
        let task = Task { try await courier.send(CourierRequest("GET", server.url + "/")) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CourierError.cancelled) { try await task.value }
        let early = Task {
            try? await Task.sleep(for: .seconds(30))
            return try await courier.send(CourierRequest("GET", server.url + "/"))
        }
        early.cancel()
        await #expect(throws: CourierError.cancelled) { try await early.value }
    }

    @Test func aDownloadGoesToItsSinkAndARefusalToMemory() async throws {
        let server = TinyServer { request in
            request.line.contains("gone")
                ? .bytes(ok("no such file", "404 Not Found"))
                : .bytes(ok(String(repeating: "0123456789", count: 50_000), "206 Partial Content"))
        }
        defer { server.close() }
        let taken = Mutex<[UInt8]>([])
        var request = CourierRequest("GET", server.url + "/file")
        request.range = 10..<500_010
        let answer = try await courier.download(request) { bytes in
            taken.withLock { $0 += bytes }
            return true
        }
        #expect(answer.status == 206)
        #expect(answer.body.isEmpty)
        #expect(taken.withLock { $0 } == Array(String(repeating: "0123456789", count: 50_000).utf8))
        #expect(server.requests.first?.fields.contains("Range: bytes=10-500009") == true)
        let refused = try await courier.download(CourierRequest("GET", server.url + "/gone")) { _ in
            Issue.record("the sink must see nothing of a refusal")
            return true
        }
        #expect(refused.status == 404)
        #expect(refused.body == Array("no such file".utf8))
        await #expect(throws: CourierError.declined) { try await courier.download(request) { _ in false } }
    }

    @Test func aFileGoesUpWithItsLengthAndAPipeInChunks() async throws {
        let server = TinyServer { _ in .bytes(ok("thanks")) }
        defer { server.close() }
        let content = String(repeating: "potluck ", count: 20_000)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        #expect(FileManager.default.createFile(atPath: path, contents: Data(content.utf8)))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = open(path, O_RDONLY)
        defer { close(file) }
        let progress = Mutex<[ByteCount]>([])
        let size = ByteCount(content.utf8.count)
        let answer = try await courier.upload(
            CourierRequest("POST", server.url + "/up"), from: UploadSource(descriptor: file, length: size)
        ) { done in progress.withLock { $0.append(done) } }
        #expect(answer.body == Array("thanks".utf8))
        #expect(server.requests.first?.body == Array(content.utf8))
        #expect(server.requests.first?.fields.contains("Content-Length: \(size.bytes)") == true)
        #expect(progress.withLock { $0.last } == size)
        #expect(progress.withLock { $0 == $0.sorted() })

        // The end of the file is reached; a length beyond it is a lie.
        await #expect(throws: CourierError.sourceTooShort) {
            try await courier.upload(
                CourierRequest("POST", server.url + "/up"), from: UploadSource(descriptor: file, length: ByteCount(5)))
        }

        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        async let piped = courier.upload(
            CourierRequest("POST", server.url + "/pipe"), from: UploadSource(descriptor: reader, length: nil))
        for word in ["first ", "second ", "third"] {
            try await Task.sleep(for: .milliseconds(30))
            #expect(write(writer, word, word.utf8.count) == word.utf8.count)
        }
        close(writer)
        #expect(try await piped.status == 200)
        close(reader)
        #expect(server.requests.last?.body == Array("first second third".utf8))
    }

    @Test func aPipeWithNothingInItHoldsUpNobody() async throws {
        let server = TinyServer { _ in .bytes(ok("x")) }
        defer { server.close() }
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let reader = ends[0]
        let upload = Task {
            try await courier.upload(
                CourierRequest("POST", server.url + "/pipe"), from: UploadSource(descriptor: reader, length: nil))
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(try await courier.send(CourierRequest("GET", server.url + "/")).status == 200)
        upload.cancel()
        await #expect(throws: CourierError.cancelled) { try await upload.value }
        close(ends[0])
        close(ends[1])
    }

    @Test func aUnixSocketIsReachedWhateverTheURLSays() async throws {
        let path = "/tmp/courier-\(UInt32.random(in: 0 ... .max)).sock"
        let server = TinyServer(unixSocket: path) { _ in .bytes(ok("local")) }
        defer {
            server.close()
            unlink(path)
        }
        var request = CourierRequest("GET", "http://node/status")
        request.unixSocket = path
        #expect(try await courier.send(request).body == Array("local".utf8))
        #expect(server.requests.first?.line == "GET /status HTTP/1.1")
    }

    @Test func proxiesOfTheEnvironmentAreIgnored() async throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsetenv("http_proxy") }
        let server = TinyServer { _ in .bytes(ok("direct")) }
        defer { server.close() }
        #expect(try await courier.send(CourierRequest("GET", server.url + "/")).body == Array("direct".utf8))
    }

    @Test func addressesOfOnesOwnHouseAreRefusedByWhateverName() async throws {
        let server = TinyServer { _ in .bytes(ok("mine")) }
        defer { server.close() }
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0"] {
            var request = CourierRequest("GET", "http://\(host):\(server.port)/")
            request.refusesPrivate = true
            #expect(await failure(request) == .unreachable)
        }
        #expect(server.requests.isEmpty)
        // Nor over a connection that another request, which may go there, has left open.
        var request = CourierRequest("GET", server.url + "/")
        #expect(try await courier.send(request).body == Array("mine".utf8))
        request.refusesPrivate = true
        #expect(await failure(request) == .unreachable)
        #expect(server.requests.count == 1)
    }
}
