import Foundation
import Membership
import NIOCore
import Primitives

@testable import Edge
@testable import Transport

extension Subject {
    /// What stands at the doors: sealed datagrams, HTTP heads, ranges, signatures, tokens.
    static let doors: [Subject] = [datagram, head, range, signature, via, contentRange]

    // MARK: Datagrams

    private static let datagram: Subject = {
        let envelopes = Samples.messages.map { Envelope($0, news: [.status(Samples.status)]) }
        return Subject(
            name: "datagram", limit: 1300,
            seeds: {
                let sealer = DatagramSealer(
                    identity: Samples.member, directory: Samples.directory, networkKey: Samples.networkKey)
                let parcels =
                    envelopes.map { Parcel.data($0.wireBytes, token: 1) } + [
                        .challenge(nonce: 1, isStale: false), .challenge(nonce: 2, isStale: true),
                        .response(nonce: 3, token: 4, challenge: nil), .response(nonce: 3, token: 4, challenge: 5),
                    ]
                return parcels.compactMap { try? sealer.seal($0.wireBytes, for: Samples.founderCard).get() }
            },
            check: { bytes in
                let sealer = DatagramSealer(
                    identity: Samples.founder, directory: Samples.directory, networkKey: Samples.networkKey)
                switch sealer.open(bytes) {
                case .failure: return false
                case .success(let opened):
                    try claim(opened.sender == Samples.member.nodeID, "opened as from somebody else")
                    return try checkParcel(opened)
                }
            })
    }()

    /// Whatever a member seals is answered with little, and not twice.
    private static func checkParcel(_ opened: DatagramSealer.Opened) throws -> Bool {
        guard let parcel = try? Parcel(wireBytes: opened.payload) else { return false }
        try claim(parcel.wireBytes == opened.payload, "read as something else than was written")
        if case .data(let envelope, _) = parcel { _ = try? Envelope(wireBytes: envelope) }
        var sessions = Sessions()
        let home = Endpoint(address: .v4(0xC000_0202), port: 8080)
        let arrival = Sessions.Arrival(
            sender: opened.sender, epoch: opened.epoch, counter: opened.counter, source: home, reply: home,
            endpoint: home)
        for isFirst in [true, false] {
            let steps = sessions.receive(parcel, arrival, now: .zero)
            let sent = steps.count { if case .send = $0 { true } else { false } }
            try claim(sent <= 1, "answered with \(sent) datagrams")
            try claim(isFirst || steps.contains(.drop(.replayed)) || steps.contains(.drop(.stale)), "taken twice")
        }
        return true
    }

    // MARK: Heads

    private static let head = Subject(
        name: "head", limit: 17 << 10,
        seeds: {
            [
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /f/\(Samples.file)/film%20a.mp4?via=abc HTTP/1.1\r\nHost: a:8080\r\nRange: bytes=5-9\r\n"
                    + "If-None-Match: \"\(Samples.file)\", W/\"x\"\r\nIf-Range: \"\(Samples.file)\"\r\n\r\n",
                "POST /peer/v1/lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nExpect: 100-continue\r\n"
                    + "Connection: close\r\n\r\n",
                "HEAD http://a/f/\(Samples.file)/x.mirrorlist HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1, [2001:db8::1]:80\r\n"
                    + "Forwarded: for=\"[2001:db8::1]\";proto=http, for=192.0.2.9\r\n\r\n",
                "OPTIONS /f/\(Samples.file)/a HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n",
                "GET /\u{301} HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /f/\(Samples.file)/\u{301}a HTTP/1.1\r\nHost: a\r\n\r\n",
            ].map { Array($0.utf8) }
        },
        words: [
            "\r\n", "\r\n\r\n", "\n", "Host: ", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "%2e%2e", "/../",
            "%2F", "%00", "%", "/f/", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http://", "https://", "bytes=", "-", ",",
            "\"",
            "OPTIONS * ", "W/\"", "*", "?via=", "&", "=", "Range: ", "If-Match: ", "X-Forwarded-For: ",
            "Forwarded: for=", "::1",
            "\t",
            "18446744073709551616", "9223372036854775807", "Expect: 100-continue\r\n",
        ],
        check: { bytes in
            let whole = try readHead(bytes, chunk: bytes.count)
            for chunk in [1, 2, 7, 64] where chunk < bytes.count && bytes.count < chunk << 11 {
                let parts = try readHead(bytes, chunk: chunk)
                try claim(parts == whole, "read in pieces of \(chunk), it is \(parts), and \(whole) at once")
            }
            guard case .length(let length) = whole else { return false }
            return try checkHead(Array(bytes.prefix(length)))
        })

    private enum Scan: Equatable {
        case incomplete, refused(Refusal), length(Int)
    }

    /// What the scanner makes of bytes that come a few at a time.
    private static func readHead(_ bytes: [UInt8], chunk: Int) throws -> Scan {
        var scanner = HeadScanner()
        var end = 0
        repeat {
            end = min(bytes.count, end + max(chunk, 1))
            let result = bytes[..<end].withUnsafeBytes { buffer in
                Result { () throws(Refusal) in try scanner.length(of: buffer) }
            }
            switch result {
            case .success(let length?): return .length(length)
            case .success(nil): continue
            case .failure(let refusal):
                try claimPrintable(refusal.sentence, "a refusal")
                return .refused(refusal)
            }
        } while end < bytes.count
        return .incomplete
    }

    private static func checkHead(_ bytes: [UInt8]) throws -> Bool {
        var head = HTTPRequestHead()
        let parsed = bytes.withUnsafeBytes { buffer in Result { () throws(Refusal) in try head.parse(buffer) } }
        if case .failure(let refusal) = parsed {
            try claimPrintable(refusal.sentence, "a refusal")
            return false
        }
        try claim(head.contentLength >= 0, "a body of \(head.contentLength) bytes")
        // Byte by byte: with a combining mark behind it, a slash is another character.
        try claim(head.pathText.utf8.first == UInt8(ascii: "/"), "a path without a slash")
        for name in ["host", "X-FORWARDED-FOR", "range", "signature"] {
            try claim(
                head.value(of: name)?.contains { $0 == "\r" || $0 == "\n" || $0 == "\r\n" } != true,
                "a line break in \(name)")
        }
        let proxies = TrustedProxies(["127.0.0.0/8", "2001:db8::/32"].compactMap { AddressRange($0) })
        _ = proxies.client(of: head, from: .v4(0x7F00_0001))
        _ = head.queryValue("via")
        let target: Target
        switch Result(catching: { () throws(Refusal) in try head.target() }) {
        case .success(let read): target = read
        case .failure(let refusal):
            try claimPrintable(refusal.sentence, "a refusal")
            return false
        }
        switch target {
        case .front, .nothing: break
        case .peer(let name): try claimPrintable(name, "the name of a request")
        case .file(let file, let name):
            guard let text = String(validating: name, as: UTF8.self) else { throw Finding("a name that is not UTF-8") }
            try claimPrintable(text, "the name of a file")
            try claim(
                !name.contains(UInt8(ascii: "/")) && text != "." && text != ".." && !text.isEmpty, "the name \(text)")
            try claim(
                head.pathText.lowercased().utf8.starts(with: "/f/\(file)/".utf8), "another file than the path says")
            for length: Int64 in [0, 1, 1000, .max] {
                try checkRange(head.rangeRequest(for: file, length: length), length)
            }
            _ = head.precondition(for: file)
        }
        return true
    }

    // MARK: Ranges

    private static func checkRange(_ range: RangeRequest, _ length: Int64) throws {
        guard case .part(let bytes, _) = range else { return }
        try claim(!bytes.isEmpty && bytes.lowerBound >= 0 && bytes.upperBound <= length, "\(bytes) of \(length) bytes")
    }

    private static let range = Subject(
        name: "range", limit: 80,
        seeds: {
            ["bytes=0-0", "bytes=5-", "bytes=-7", "bytes=9223372036854775806-9223372036854775807"]
                .map { Array($0.utf8) }
        },
        words: ["bytes=", "-", "bytes=1-2,3-4", "9223372036854775807", "18446744073709551615", "0", "1", ",", " "],
        check: { bytes in
            var accepted = false
            for length: Int64 in [0, 1, 2, 1000, 1 << 40, .max] {
                let range = RangeRequest(bytes, length: length)
                try checkRange(range, length)
                accepted = accepted || range != .whole
            }
            return accepted
        })

    /// What a holder may answer to a request for a range.
    private static let contentRange = Subject(
        name: "content-range", limit: 200,
        seeds: { ["206\n5\nbytes 5-9/100"].map { Array($0.utf8) } },
        words: ["206", "200", "200\n100\n", "bytes ", "5-9/100", "*", "\n"],
        check: { bytes in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.count >= 3 else { return false }
            let fields = [
                HeaderField(name: "Content-Length", value: String(lines[1])),
                HeaderField(name: "content-range", value: String(lines[2])),
            ]
            let answer = AnswerHead(status: Int(lines[0]) ?? 0, fields: fields)
            let isMet = RangeExpectation(bytes: 5..<10, length: ByteCount(100)).isMet(by: answer)
            if isMet { try claim(Array(lines[2].utf8) == Array("bytes 5-9/100".utf8), "another range is taken") }
            return isMet
        })

    // MARK: Signatures and tokens

    private static let signature = Subject(
        name: "signature", limit: 2000, shortRun: 1500,
        seeds: {
            let signer = RequestSigner(identity: Samples.member)
            return [nil, Array("hello".utf8)].map { body in
                let fields = signer.fields(
                    method: "POST", target: "/peer/v1/lookup?a=b", body: body, receiver: Samples.founder.nodeID,
                    at: Samples.now)
                let lines = ["POST /peer/v1/lookup?a=b"] + fields.map { "\($0.name): \($0.value)" }
                return Array(lines.joined(separator: "\n").utf8)
            }
        },
        words: [
            "signature-input: ", "signature: ", "potluck=", "(\"@method\" \"@path\")", ";created=", ";nonce=",
            ";keyid=",
            ";alg=\"ed25519\"", "content-digest: sha-256=:", ":", "\"", "\\", "-999999999999999", "999999999999999",
            "?1",
            "@1659578233", "%\"", "any", "\n",
        ],
        check: { bytes in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            let line = lines.first?.split(separator: " ", maxSplits: 1) ?? []
            guard line.count == 2 else { return false }
            let fields = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
                return HeaderField(name: String(parts[0]), value: String(value))
            }
            let head = RequestHead(method: String(line[0]), target: String(line[1]), fields: fields)
            let verifier = RequestVerifier(own: Samples.founder.nodeID, directory: Samples.directory)
            let verify = { () throws(RequestRefusal) in try verifier.verify(head, from: .anyone, at: Samples.now) }
            switch Result(catching: verify) {
            case .failure(let refusal):
                try claimPrintable("\(refusal)", "a refusal")
                return false
            case .success(let signed):
                try claim(signed.signer == Samples.member.nodeID, "believed of somebody else")
                try claim(Result(catching: verify) == .failure(.replayed), "taken twice")
                return true
            }
        })

    private static let via = Subject(
        name: "via", limit: 120,
        seeds: {
            let tokens = ViaTokens(networkKey: Samples.networkKey)
            return [[ShortID(1)], [ShortID(1), ShortID(2)]]
                .map { Array(tokens.token(for: Samples.file, tried: $0, at: Samples.now).utf8) }
        },
        check: { bytes in
            let tokens = ViaTokens(networkKey: Samples.networkKey)
            let tried = tokens.tried(in: String(decoding: bytes, as: UTF8.self), for: Samples.file, at: Samples.now)
            try claim(tried.count <= ViaTokens.limit, "\(tried.count) nodes in a token")
            return !tried.isEmpty
        })
}
