import Allowance
import Foundation
import NIOCore
import Primitives
import Routing
import Synchronization
import Testing
import Transport

@testable import Edge

private func settings(_ change: (inout EdgeSettings) -> Void) -> EdgeSettings {
    var settings = EdgeSettings()
    change(&settings)
    return settings
}

/// What a hostile client sends, and what it is told.
struct Hostility: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// The statuses of all answers, in order.
    var statuses: [Int]

    init(_ name: String, _ text: String, _ statuses: Int...) {
        self.init(name, Array(text.utf8), statuses)
    }

    init(_ name: String, _ bytes: [UInt8], _ statuses: [Int]) {
        (self.name, self.bytes, self.statuses) = (name, bytes, statuses)
    }

    var testDescription: String { name }

    private static let id = "\(FileID(Bytes32(7, 8, 9, 50)))"
    private static func path(_ path: String, _ status: Int) -> Hostility {
        Hostility("path \(path)", "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", status)
    }
    private static func range(_ range: String, _ status: Int) -> Hostility {
        Hostility(
            "Range: \(range.prefix(40))",
            "GET /f/\(id)/a HTTP/1.1\r\nHost: a\r\nRange: \(range)\r\nConnection: close\r\n\r\n", status)
    }
    private static func fields(_ fields: String, _ status: Int, method: String = "GET") -> Hostility {
        Hostility(
            "\(method) with \(fields.prefix(50).replacing("\r\n", with: " | "))",
            "\(method) /f/\(id)/a HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", status)
    }

    static let paths: [Hostility] = [
        path("/../etc/passwd", 400), path("/f/../../etc/passwd", 400), path("/f/\(id)/../\(id)/a", 400),
        path("/f/\(id)/..", 400), path("/f/\(id)/%2e%2e", 400), path("/f/\(id)/.%2E", 400),
        path("/f/\(id)/%2e%2e%2fa", 400), path("/f/\(id)/a%2fb", 400), path("/f/\(id)/..%5c..%5ca", 200),
        path("/f/\(id)/..\\..\\a", 200), path("/f/\(id)/%252e%252e", 200), path("/f/\(id)/%252e%252e%252fa", 200),
        path("/f/\(id)/a%00.mp4", 400), path("/f/\(id)/%c0%ae%c0%ae", 400), path("/f/\(id)/%c0%af", 400),
        path("/f/\(id)/%e0%80%af", 400), path("/f/\(id)/%f0%80%80%af", 400), path("/f/\(id)/%ed%a0%80", 400),
        path("/f/\(id)/%ff", 400), path("/f/\(id)/%", 400), path("/f/\(id)/%4", 400), path("/f/\(id)/%zz", 400),
        path("/f/\(id)/%u002e", 400), path("/f/\(id)/a%0d%0aSet-Cookie:%20x", 400), path("/f/\(id)/%7f", 400),
        path("/f/\(id)/", 404), path("/f//a", 404), path("//f/\(id)/a", 404), path("/f/\(id)//a", 404),
        path("/F/\(id)/a", 404), path("/f/\(id)a/a", 404), path("/peer/v1/../join", 400), path("/peer/v1/%2e%2e", 400),
        path("/f/\(id)/a#b", 400), path("http://a/f/\(id)/a", 200), path("HTTP://evil@b/f/\(id)/a", 200),
        path("http:///a", 404), path("http://a", 400), path("ftp://a/f/\(id)/a", 400), path("a:80", 400),
        path("*", 400), path("f/\(id)/a", 400), path("/f/\(id)/a b", 400), path("?x", 400),
        path("/f/\(id)/a?\(String(repeating: "via=x&", count: 2000))", 200),
    ]

    static let heads: [Hostility] = [
        fields("Content-Length: 5\r\nContent-Length: 5", 400), fields("Content-Length: 5, 5", 400),
        fields("Content-Length: +5", 400), fields("Content-Length: -1", 400), fields("Content-Length: 0x5", 400),
        fields("Content-Length: 99999999999999999999", 400), fields("Content-Length:", 400),
        fields("Content-Length: 5", 400), fields("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        fields("Content-Length: 5\r\nTransfer-Encoding: chunked", 400, method: "POST"),
        fields("Transfer-Encoding: chunked", 411), fields("Transfer-Encoding: chunked", 411, method: "POST"),
        fields("Transfer-Encoding: gzip, chunked", 501), fields("Transfer-Encoding: xchunked", 501),
        fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 501),
        fields("Transfer-Encoding : chunked", 400), fields("Transfer-Encoding:\u{B}chunked", 400),
        fields("Host: b", 400), fields(" folded: x", 400), fields("X: a\r\n b", 400), fields("X: a\r\n\tb", 400),
        fields("X", 400), fields(": x", 400), fields("X Y: z", 400), fields("X: a\u{0}b", 400),
        fields("X: a\rb", 400), fields("X: a\nY: b", 400), fields("Expect: 200-ok", 417),
        fields("Content-Length: 1", 411, method: "POST /x HTTP/1.1\r\nHost: a\r\n\r\nPOST"),
        Hostility("unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        Hostility("lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        Hostility("PUT", "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
        Hostility("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("HTTP/0.9", "GET /\r\n\r\n", 400),
        Hostility("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        Hostility("HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        Hostility("no blank line", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
        Hostility("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
        Hostility("bare CR", "GET / HTTP/1.1\rHost: a\r\r\n\r\n", 400),
        Hostility("blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("tabs", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("empty lines", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Hostility("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        Hostility("Host with a path", "GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n", 400),
        Hostility("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 200),
        Hostility("HTTP/1.0, kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
        Hostility(
            "TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03, 0x0A, 0x0D, 0x0A], [400]),
        Hostility("NULs", Array(repeating: 0, count: 20_000), [414]),
        Hostility("long line", "GET /" + String(repeating: "a", count: 17_000), 414),
        Hostility("long field", "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 17_000), 431),
        Hostility(
            "101 fields",
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 100) + "\r\n", 431),
        Hostility(
            "100 fields, pipelined with junk",
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 99) + "\r\n\u{1}\r\n\r\n", 200, 400),
        Hostility(
            "a body on GET is not the next request",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ]

    static let ranges: [Hostility] = [
        range("bytes=0-0,1-1", 200), range("bytes=" + (0..<1000).map { "\($0)-" }.joined(separator: ","), 200),
        range("bytes=0-,0-,0-", 200), range("bytes=99999999999999999999-", 416),
        range("bytes=0-99999999999999999999", 206), range("bytes=-99999999999999999999", 206),
        range("bytes=-0", 416), range("bytes=50-", 416), range("bytes=49-", 206), range("bytes=9-3", 200),
        range("bytes=-", 200), range("bytes=--1", 200), range("bytes=0x1-", 200), range("octets=0-1", 200),
        range("bytes=0-1\r\nRange: bytes=2-3", 200), range("bytes=0-1\r\nIf-Range: \"other\"", 200),
        range("bytes=0-1\r\nIf-Range: W/\"\(id)\"", 200), range("bytes=0-1\r\nIf-Range: \"\(id)\"", 206),
        range("bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT", 200),
    ]
}

@Suite("Hostile clients", .serialized)
struct HostileTests {
    @Test("each gets one answer of one sentence, or its file, and the server goes on")
    func answers() async throws {
        let world = try await EdgeWorld.make(length: 50)
        for hostility in Hostility.paths + Hostility.heads + Hostility.ranges {
            let client = try world.client()
            try await client.send(hostility.bytes)
            client.endOutput()
            var statuses: [Int] = []
            while let response = try? await client.response() {
                statuses.append(response.status)
                if response.status >= 400 {
                    #expect(response.text.hasSuffix(".\n") && response.text.count < 120, "\(hostility.name)")
                    #expect(response["Content-Type"] == "text/plain; charset=utf-8")
                }
                if response.status == 405 { #expect(response["Allow"] != nil) }
            }
            #expect(statuses == hostility.statuses, "\(hostility.name)")
        }
        #expect(try await world.client().exchange(world.get()).body == world.content)
        #expect(try await world.settled { $0.server.counts.connections <= 1 })
        #expect(world.account.usage.reserved == .zero)
        #expect(world.server.counts[.malformed] > 50)
        #expect(world.server.counts[.oversized] == 4)
        #expect(world.server.counts[.method] == 6)
        await world.stop()
    }

    private static let receiveBuffer = 4096

    /// Bytes that the kernel lets a socket's buffer grow to.
    private static func largestBuffer(of kind: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/sys/net/ipv4/tcp_\(kind)", encoding: .utf8)
        return try #require(text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) })
    }

    @Test("thousands of requests sent ahead and never read make the server wait, not grow")
    func pipeliningFlood() async throws {
        let world = try await EdgeWorld.make(
            length: 10, settings: settings { ($0.idleLimit, $0.leastPace) = (.milliseconds(500), 1 << 20) })
        let client = try world.client(receiveBuffer: Int32(Self.receiveBuffer))
        let flood = Task { try await client.send(String(repeating: world.get("/"), count: 200_000)) }
        #expect(try await world.settled { $0.server.counts.responses > 100 })
        #expect(try await world.settled { $0.server.counts.connections == 0 })
        // What the kernel takes, here and there; what the channel takes until it is full, and what was answered before
        // that was noticed.
        let kernel = try Self.largestBuffer(of: "wmem") + 2 * Self.receiveBuffer + 1 << 16
        let held = Connection.waterMarks.high + Connection.readSize + 1024
        let answered = world.account.usage.spent.answers
        #expect(answered <= ByteCount(kernel + held), "\(answered) in \(world.server.counts.responses) answers")
        _ = await flood.result
        #expect(try await world.client().exchange(world.get()).status == 200)
        await world.stop()
    }

    @Test("a head that drips in has to be whole in time, however steadily it drips")
    func slowHead() async throws {
        let world = try await EdgeWorld.make(length: 10, settings: settings { $0.idleLimit = .milliseconds(300) })
        let client = try world.client()
        let began = ContinuousClock.now
        let drip = Task {
            for byte in world.get().utf8 {
                try await client.send([byte])
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(try await world.settled { $0.log.map(\.status) == [408] })
        #expect(ContinuousClock.now - began < .seconds(2))
        #expect(world.server.counts[.late] == 1)
        _ = await drip.result
        await world.stop()
    }

    @Test("clients that reset while they are served leave nothing behind")
    func resets() async throws {
        let world = try await EdgeWorld.make(length: 300_000, settings: settings { $0.idleLimit = .milliseconds(500) })
        for round in 0..<60 {
            let client = try world.client(receiveBuffer: 8192)
            try await client.send(round % 3 == 0 ? "GET / HT" : world.get() + world.get())
            if round % 2 == 0 { #expect(try await client.response().status == (round % 3 == 0 ? 408 : 200)) }
            client.abort()
        }
        #expect(try await world.settled { $0.server.counts.connections == 0 && $0.account.usage.reserved == .zero })
        #expect(try await world.client().exchange(world.get()).body == world.content)
        await world.stop()
    }

    @Test("a full house lets in who comes, and out who has been idle longest; who is served stays")
    func fullHouse() async throws {
        let world = try await EdgeWorld.make(
            length: 20_000_000, settings: settings { ($0.connectionLimit, $0.memberReserve) = (20, 4) })
        let reader = try world.client(receiveBuffer: 8192, network: 1)
        try await reader.send(world.get())
        #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(10) })
        let idle = try (0..<15).map { _ in try world.client(network: 2) }
        #expect(try await world.settled { $0.server.counts.connections == 16 })
        var others: [RawClient] = []
        for _ in 0..<40 {
            others.append(try world.client(network: 3))
            #expect(try await others.last?.exchange(world.get(method: "HEAD"), hasBody: false).status == 200)
        }
        #expect(try await idle[0].rest() == [])
        #expect(try await reader.response().body == world.content)
        #expect(world.server.counts[.displaced] == 40)
        await world.stop()
    }

    @Test("however many strangers are served, a member is answered, and another stranger is told to come back")
    func membersReserve() async throws {
        let world = try await EdgeWorld.make(
            length: 20_000_000, settings: settings { ($0.connectionLimit, $0.memberReserve) = (16, 4) })
        let readers = try (0..<12).map { try world.client(receiveBuffer: 8192, network: UInt32($0 + 1)) }
        for reader in readers { try await reader.send(world.get()) }
        #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(100) })
        let stranger = try await world.client(network: 20).exchange(world.get())
        #expect(stranger.status == 503)
        #expect(stranger["Retry-After"] == "2")
        #expect(stranger["Connection"] == "close")
        let member = try world.client(network: 21)
        #expect(try await member.exchange(world.signed("GET", world.path, "Range: bytes=0-9")).status == 206)
        #expect(world.server.counts.memberConnections == 1)
        let others = try (0..<12).map { try world.client(network: UInt32($0 + 30)) }
        #expect(try await member.exchange(world.signed("GET", world.path, "Range: bytes=1-9")).status == 206)
        #expect(world.server.counts[.strangers] == 1)
        _ = others
        await world.stop()
    }

    @Test("one network gets only so many downloads at once, and others theirs")
    func requestsOfPrefix() async throws {
        let world = try await EdgeWorld.make(length: 20_000_000, settings: settings { $0.prefixRequestLimit = 2 })
        var readers = try (0..<2).map { _ in try world.client(receiveBuffer: 8192, network: 1) }
        for reader in readers { try await reader.send(world.get()) }
        #expect(try await world.settled { $0.account.usage.reserved.serving > .megabytes(20) })
        let third = try await world.client(network: 1).exchange(world.get())
        #expect(third.status == 429)
        #expect(third["Retry-After"] == "2")
        #expect(try await world.client(network: 2).exchange(world.get(nil, "Range: bytes=0-1")).status == 206)
        readers.removeFirst()
        #expect(try await world.settled { $0.log.count == 3 })
        #expect(try await world.client(network: 1).exchange(world.get(nil, "Range: bytes=0-1")).status == 206)
        #expect(world.server.counts[.requestsOfPrefix] == 1)
        await world.stop()
    }

    @Test("a network that had its share of the day is told until when; others, members and HEAD are not")
    func portion() async throws {
        let world = try await EdgeWorld.make(length: 1_000_000, share: .megabytes(25))
        for _ in 0..<2 { #expect(try await world.client(network: 1).exchange(world.get()).status == 200) }
        let third = try await world.client(network: 1).exchange(world.get())
        #expect(third.status == 429)
        #expect(third["Retry-After"] == "\(Portions.untilTomorrow(from: EdgeWorld.wallTime))")
        #expect(try await world.client(network: 1).exchange(world.get(method: "HEAD"), hasBody: false).status == 200)
        #expect(try await world.client(network: 2).exchange(world.get()).status == 200)
        #expect(try await world.client(network: 1).exchange(world.signed("GET", world.path)).status == 200)
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }

    @Test("who asks for a film's rest takes of its network's share what is sent and the next 64 MiB, while that lasts")
    func openEnded() async throws {
        let world = try await EdgeWorld.make(length: 150_000_000, share: .gigabytes(1))
        func view(receiveBuffer: Int32? = 8192) async throws -> RawClient {
            let viewer = try world.client(receiveBuffer: receiveBuffer, network: 1)
            try await viewer.send(world.get(nil, "Range: bytes=0-"))
            #expect(try await viewer.skip(atLeast: 1000) >= 1000)
            return viewer
        }
        let fast = try await view(receiveBuffer: nil)
        var slow = [try await view(), try await view(), try await view()]
        let fifth = try await world.client(network: 1).exchange(world.get(nil, "Range: bytes=0-"))
        #expect(fifth.status == 429)
        #expect(fifth["Retry-After"] == "2")
        let rest = try await fast.rest().count
        #expect(rest > 67_000_000 && rest < 100_000_000, "300 MB, less what three others hold")
        #expect(world.log.map(\.status) == [429, 206] && world.log[1].isComplete == false)
        slow.removeFirst(2)
        #expect(try await world.settled { $0.log.count == 4 })
        _ = try await view()
        #expect(world.server.counts[.portion] == 2)
        await world.stop()
    }

    @Test("a flood of unknown files is bounded for each network, answered from memory, and known files are not hurt")
    func unknownFiles() async throws {
        let world = try await EdgeWorld.make(
            length: 10, settings: settings { ($0.lookUpLimit, $0.prefixLookUpLimit) = (6, 2) })
        let asked = Mutex(0)
        let gate = Mutex(false)
        world.door.delay.withLock {
            $0 = { while !gate.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) } }
        }
        world.door.onResolve.withLock { $0 = { _ in asked.withLock { $0 += 1 } } }
        func path(_ number: UInt64) -> String { world.get("/f/\(FileID(Bytes32(number, 5, 5, 5)))/x") }
        let first = try (0..<2).map { _ in try world.client(network: 1) }
        for (number, client) in first.enumerated() { try await client.send(path(UInt64(number))) }
        #expect(try await world.settled { _ in asked.withLock { $0 } == 2 })
        #expect(try await world.client(network: 1).exchange(path(2)).status == 429)
        let others = try (0..<4).map { try world.client(network: UInt32(2 + $0 / 2)) }
        for (number, client) in others.enumerated() { try await client.send(path(UInt64(10 + number))) }
        #expect(try await world.settled { _ in asked.withLock { $0 } == 6 })
        let late = try await world.client(network: 9).exchange(path(3))
        #expect(late.status == 503)
        #expect(late["Retry-After"] == "2")
        #expect(try await world.client(network: 1).exchange(world.get()).status == 200)
        gate.withLock { $0 = true }
        for client in first + others { #expect(try await client.response().status == 404) }
        #expect(try await world.client(network: 1).exchange(path(0)).status == 404)
        #expect(asked.withLock { $0 } == 6)
        #expect(world.server.counts[.lookUps] == 2)
        await world.stop()
    }
}
