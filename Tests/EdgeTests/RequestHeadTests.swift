import Primitives
import Testing

@testable import Edge

private func parse(_ text: String) throws(Refusal) -> HTTPRequestHead {
    let bytes = Array(text.utf8)
    var head = HTTPRequestHead()
    let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(Refusal) in
            var scanner = HeadScanner()
            guard let length = try scanner.length(of: bytes) else { throw Refusal(.continue, "incomplete") }
            try head.parse(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        }
    }
    try result.get()
    return head
}

private func refusal(of text: String) -> Status? {
    do throws(Refusal) {
        _ = try parse(text)
        return nil
    } catch {
        return error.status
    }
}

@Suite("Request heads")
struct RequestHeadTests {
    @Test("a plain request is read")
    func plain() throws {
        let head = try parse("GET /f/x/a%20b?via=1&why HTTP/1.1\r\nHost: a.example:80\r\nX-A:  b c\t\r\nx-a: d\r\n\r\n")
        #expect(head.method == .get)
        #expect(head.version == .http11)
        #expect(head.pathText == "/f/x/a%20b")
        #expect(head.queryText == "via=1&why")
        #expect(head.value(of: "X-A") == "b c, d")
        #expect(head.value(of: "absent") == nil)
        #expect(head.keepsAlive)
        #expect(head.contentLength == 0)
        #expect(head.queryValue("via").map(head.text) == "1")
        #expect(head.queryValue("why").map(head.text) == "")
        #expect(head.queryValue("wh") == nil)
    }

    @Test(
        "what is unusual and right is taken",
        arguments: [
            "GET / HTTP/1.0\r\n\r\n",
            "GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "OPTIONS / HTTP/1.1\r\nhost:\r\n\r\n",
            "HEAD / HTTP/1.1\r\nHOST: [2001:db8::1]:80\r\nContent-Length: 0\r\n\r\n",
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 00012\r\n\r\n",
            "GET /\u{00E4} HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.7\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \u{00E4}\r\n\r\n",
            "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a: b\r\n", count: 99))\r\n",
        ])
    func unusual(_ text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(
        "what could be read in two ways is refused",
        arguments: [
            ("GET / HTTP/1.1\n\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
            ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n\tb: c\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nb: c\0d\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nb: c\rd\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nb: c\u{1}d\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", 411),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", 417),
            ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("G T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
            ("GET /\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/1.12\r\nHost: a\r\n\r\n", 400),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a: b\r\n", count: 100))\r\n", 431),
            ("GET /\(String(repeating: "a", count: 17_000)) HTTP/1.1\r\n", 414),
            ("GET / HTTP/1.1\r\na: \(String(repeating: "a", count: 17_000))\r\n", 431),
        ])
    func ambiguous(_ text: String, _ status: Int) {
        #expect(refusal(of: text)?.rawValue == status)
    }

    @Test("a connection goes on after HTTP/1.1, and not where the client says close")
    func keepAlive() throws {
        #expect(try parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keepsAlive)
        #expect(try !parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, Close\r\n\r\n").keepsAlive)
        #expect(try !parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keepsAlive)
    }

    @Test("a head that drips in byte by byte ends at the same byte")
    func dripping() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\nGET".utf8)
        var scanner = HeadScanner()
        for count in 0...bytes.count {
            let length = try bytes[..<count].withUnsafeBytes { try scanner.length(of: $0) }
            #expect(length == (count < bytes.count - 3 ? nil : bytes.count - 3))
            if length != nil { break }
        }
    }

    @Test("nothing that is sent makes the parser trap", arguments: 1...200 as ClosedRange<UInt64>)
    func mutations(seed: UInt64) {
        var generator = Generator(seed: seed)
        let seeds = [
            "GET /f/\(String(repeating: "a", count: 52))/n%20a?via=x HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n",
            "POST /peer/v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
            "GET http://a/%2e%2e/ HTTP/1.0\r\nForwarded: for=\"[::1]:2\", for=x;by=y\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
        ]
        for _ in 0..<200 {
            var bytes = Array(seeds.randomElement(using: &generator)!.utf8)
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.insert("\r\n\0 :/%,=\"".utf8.randomElement(using: &generator)!, at: index)
                case 2: bytes.removeSubrange(index...)
                default: bytes.remove(at: index)
                }
                if bytes.isEmpty { break }
            }
            var head = HTTPRequestHead()
            // Also a head that no scanner has seen.
            do {
                try bytes.withUnsafeBytes { try head.parse($0) }
                _ = try head.target()
                _ = head.rangeRequest(for: FileID(.zero), length: 10)
                _ = head.precondition(for: FileID(.zero))
                _ = TrustedProxies([AddressRange("127.0.0.0/8")!]).client(of: head, from: .v4(0x7F00_0001))
                #expect(head.version == .http10 || head.value(of: "host") != nil)
            } catch {
                #expect(error is Refusal)
            }
        }
    }
}

@Suite("Targets")
struct TargetTests {
    private func target(_ path: String) throws -> Target {
        try parse("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n").target()
    }

    @Test("paths name what they ask for, decoded once")
    func routes() throws {
        let file = FileID(Bytes32(1, 2, 3, UInt64.max))
        #expect(try target("/") == .front)
        #expect(try target("/?a") == .front)
        #expect(try target("/f/\(file)/a%20b%2525.txt") == .file(file, name: Array("a b%25.txt".utf8)))
        #expect(try target("/f/\(file.description.uppercased())/a") == .file(file, name: Array("a".utf8)))
        #expect(try target("/f/\(file)/%C3%A4") == .file(file, name: Array("ä".utf8)))
        #expect(try target("/f/\(file)/ä") == .file(file, name: Array("ä".utf8)))
        #expect(try target("/peer/v1/join") == .peer("join"))
        for path in ["/f", "/f/", "/f/\(file)", "/f/\(file)/", "/f/\(file)/a/b", "/f/abc/d", "/peer/v2/join", "//"] {
            #expect(try target(path) == .nothing)
        }
    }

    @Test(
        "paths that could lead elsewhere are refused",
        arguments: [
            "a/../b", "..", "%2e%2e", "%2E.", ".", "a%2fb", "a%00", "a%0d%0a", "a%7f", "%", "%2", "%zz", "%ff", "%c3",
        ])
    func refused(_ name: String) {
        let file = FileID(Bytes32(1, 2, 3, 4))
        #expect { try target("/f/\(file)/\(name)") } throws: { ($0 as? Refusal)?.status == .badRequest }
        #expect { try target("/\(name)") } throws: { ($0 as? Refusal)?.status == .badRequest }
    }

    @Test("FileIDs are read and written as everywhere else", arguments: 1...50 as ClosedRange<UInt64>)
    func base32(seed: UInt64) {
        var generator = Generator(seed: seed)
        let file = FileID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
        #expect(FileID(base32: Array(file.description.utf8)[...]) == file)
        var text = Array(file.description.utf8)
        text[Int.random(in: 0..<52, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
        #expect(FileID(base32: text[...]) == FileID(String(decoding: text, as: UTF8.self)))
        #expect(FileID(base32: text.dropLast()) == nil)
    }
}

@Suite("Ranges and conditions")
struct RangeTests {
    @Test(
        "a Range field asks for a part, for everything, or for nothing that is there",
        arguments: [
            ("bytes=0-0", .part(0..<1, isOpenEnded: false)),
            ("bytes=2-", .part(2..<10, isOpenEnded: true)),
            ("BYTES=0-", .part(0..<10, isOpenEnded: true)),
            ("bytes=2-99", .part(2..<10, isOpenEnded: false)),
            ("bytes=-3", .part(7..<10, isOpenEnded: false)),
            ("bytes=-99", .part(0..<10, isOpenEnded: false)),
            ("bytes=9-99999999999999999999999", .part(9..<10, isOpenEnded: false)),
            ("bytes=10-", .unsatisfiable),
            ("bytes=99999999999999999999999-", .unsatisfiable),
            ("bytes=-0", .unsatisfiable),
            ("bytes=5-4", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes=a-b", .whole),
            ("bytes=1", .whole), ("bytes=0-1,3-4", .whole), ("bytes= 0-1", .whole), ("lines=0-1", .whole), ("", .whole),
            ("bytes=--1", .whole), ("bytes=1--1", .whole),
        ] as [(String, RangeRequest)])
    func ranges(_ value: String, _ expected: RangeRequest) {
        #expect(RangeRequest(value.utf8, length: 10) == expected)
    }

    @Test("no part of an empty file is there, its last bytes are all of it")
    func emptyFile() {
        #expect(RangeRequest("bytes=0-".utf8, length: 0) == .unsatisfiable)
        #expect(RangeRequest("bytes=-1".utf8, length: 0) == .whole)
    }

    private let file = FileID(Bytes32(1, 2, 3, 4))

    private func head(_ fields: String...) throws -> HTTPRequestHead {
        try parse("GET / HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
    }

    @Test("entity tags decide whether the file is sent")
    func preconditions() throws {
        let other = FileID(Bytes32(1, 2, 3, 5))
        #expect(try head().precondition(for: file) == .met)
        #expect(try head("If-None-Match: \"\(file)\"").precondition(for: file) == .notModified)
        #expect(try head("If-None-Match: \"a\", W/\"\(file)\"").precondition(for: file) == .notModified)
        #expect(try head("If-None-Match: \"\(other)\"", "If-None-Match: *").precondition(for: file) == .notModified)
        #expect(try head("If-None-Match: \"\(other)\", \(file)").precondition(for: file) == .met)
        #expect(try head("If-Match: \"\(file)\"").precondition(for: file) == .met)
        #expect(try head("If-Match: *").precondition(for: file) == .met)
        #expect(try head("If-Match: W/\"\(file)\"").precondition(for: file) == .failed)
        #expect(try head("If-Match: \"\(other)\"", "If-None-Match: *").precondition(for: file) == .failed)
        #expect(try head("If-Match:").precondition(for: file) == .failed)
    }

    @Test("If-Range keeps the range for this file only")
    func ifRange() throws {
        let part = RangeRequest.part(1..<3, isOpenEnded: false)
        #expect(try head("Range: bytes=1-2").rangeRequest(for: file, length: 10) == part)
        #expect(try head("Range: bytes=1-2", "If-Range: \"\(file)\"").rangeRequest(for: file, length: 10) == part)
        for condition in ["W/\"\(file)\"", "\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", ""] {
            let head = try head("Range: bytes=1-2", "If-Range: \(condition)")
            #expect(head.rangeRequest(for: file, length: 10) == .whole)
        }
        #expect(try head("Range: bytes=1-2", "Range: bytes=3-4").rangeRequest(for: file, length: 10) == .whole)
    }
}

@Suite("Trusted proxies")
struct TrustedProxyTests {
    private let proxies = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"].compactMap { AddressRange($0) })

    private func client(from peer: String, _ fields: String...) throws -> String {
        let head = try parse("GET / HTTP/1.0\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
        return proxies.client(of: head, from: try #require(IPAddress(peer))).description
    }

    @Test("only a trusted proxy is believed, and only what trusted proxies wrote")
    func clients() throws {
        #expect(try client(from: "192.0.2.1", "X-Forwarded-For: 198.51.100.1") == "192.0.2.1")
        #expect(try client(from: "10.0.0.1") == "10.0.0.1")
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 198.51.100.1") == "198.51.100.1")
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 1.1.1.1, 198.51.100.1") == "198.51.100.1")
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 198.51.100.1, 10.9.9.9") == "198.51.100.1")
        #expect(
            try client(from: "10.0.0.1", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 198.51.100.1:80")
                == "198.51.100.1")
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 1.1.1.1, unknown, 10.9.9.9") == "10.9.9.9")
        #expect(try client(from: "10.0.0.1", "Forwarded: for=1.1.1.1, proto=http;For=\"[2600::1]:99\"") == "2600::1")
        #expect(try client(from: "10.0.0.1", "Forwarded: for=_hidden") == "10.0.0.1")
        #expect(try client(from: "2001:db8::5", "X-Forwarded-For: 2600::1") == "2600::1")
    }

    @Test("two fields that disagree are both left aside")
    func disagreement() throws {
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 1.1.1.1", "Forwarded: for=1.1.1.1") == "1.1.1.1")
        #expect(try client(from: "10.0.0.1", "X-Forwarded-For: 1.1.1.1", "Forwarded: for=1.1.1.2") == "10.0.0.1")
    }
}
