import Catalogue
import Glibc
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// On the peers' door: a request counts once, for one receiver, now, and as its signer wrote it.
enum RequestAttacks {
    static let all = [
        replayed, misdirected, mistimed, altered, unsigned, strange, strangersFlood, oversized, misframed, endless,
        stalledBodies, crowd, flood, nonceFlood,
    ]

    private static func lookUp(_ number: UInt64) -> PeerRequest { .catalogue(.lookUp(Nonsense.file(number))) }

    /// An honest member's request is answered.
    private static func control(_ stage: Stage, _ number: UInt64) async throws {
        #expect(try await stage.victim.status(for: stage.trudy.signed(lookUp(number), for: stage.victim)) == 200)
    }

    /// The statuses of the answers, each once, in order.
    private static func text(_ statuses: [Int]) -> String {
        Set(statuses).sorted().map { $0 == 0 ? "closed" : "\($0)" }.joined(separator: ", ")
    }

    static let replayed = Attack(name: "signed request replayed 100 times") { stage in
        let request = stage.mallory.signed(lookUp(1), for: stage.victim)
        #expect(try await stage.victim.status(for: request) == 200)
        var statuses: [Int] = []
        for _ in 0..<100 { statuses.append(try await stage.victim.status(for: request)) }
        #expect(Set(statuses) == [401])
        return "the first 200, the others \(text(statuses))"
    }

    static let misdirected = Attack(name: "request signed for another receiver") { stage in
        let statuses = [
            try await stage.victim.status(
                for: stage.mallory.signed(lookUp(2), for: stage.victim, receiver: stage.founder.card.nodeID)),
            try await stage.victim.status(
                for: stage.mallory.signed(lookUp(2), for: stage.victim, receiver: NodeID(.zero))),
        ]
        #expect(statuses == [421, 421])
        return text(statuses)
    }

    static let mistimed = Attack(name: "request signed an hour ago, in an hour, in 1970, in 9999") { stage in
        let now = Mallory.now
        let offsets: [Int64] = [-3_600, -70, 70, 3_600]
        var times = offsets.map { WallTime(milliseconds: now.milliseconds + $0 * 1_000) }
        times += [WallTime(milliseconds: 0), WallTime(milliseconds: 253_402_300_799_000)]
        var statuses: [Int] = []
        for time in times {
            let request = stage.mallory.signed(lookUp(3), for: stage.victim, at: time)
            statuses.append(try await stage.victim.status(for: request))
        }
        #expect(Set(statuses) == [401])
        return text(statuses)
    }

    static let altered = Attack(name: "signed request with another body, path, query, method, signer") { stage in
        let request = stage.mallory.signed(lookUp(4), for: stage.victim)
        var body = request
        body[body.count - 1] ^= 1
        let path = "POST /peer/v1/lookup"
        var forms = [body]
        for (find, replacement) in [
            (path, "POST /peer/v1/offer"), (path, path + "?x=1"), (path, "PUT /peer/v1/lookup"),
            ("\(stage.mallory.identity.nodeID)", "\(stage.founder.card.nodeID)"), ("created=", "created=1"),
            ("nonce=\"", "nonce=\"A"),
        ] {
            var bytes = request
            let range = try #require(bytes.firstRange(of: Array(find.utf8)))
            bytes.replaceSubrange(range, with: Array(replacement.utf8))
            forms.append(bytes)
        }
        var statuses: [Int] = []
        for bytes in forms { statuses.append(try await stage.victim.status(for: bytes)) }
        #expect(statuses.allSatisfy { (400...499).contains($0) })
        return text(statuses)
    }

    static let unsigned = Attack(name: "request without a signature") { stage in
        let body = lookUp(5).wireBytes
        let request = HTTPText.request("POST", "/peer/v1/lookup", [], length: body.count) + body
        let status = try await stage.victim.status(for: request)
        #expect(status == 401)
        return "\(status)"
    }

    static let strange = Attack(name: "request signed by somebody who does not belong") { stage in
        let status = try await stage.victim.status(
            for: stage.mallory.signed(lookUp(6), for: stage.victim, by: .generate()))
        #expect(status == 403)
        return "\(status)"
    }

    static let strangersFlood = Attack(name: "flood of nonces by one who does not belong") { stage in
        let stranger = Identity.generate()
        let card = stage.mallory.directory.card(of: stage.mallory.identity.nodeID)
        let prove = PeerRequest.prove(nonce: .zero, by: try #require(card))
        var statuses: [Int] = []
        for _ in 0..<30 {
            statuses.append(
                try await stage.victim.status(for: stage.mallory.signed(prove, for: stage.victim, by: stranger)))
        }
        #expect(statuses.suffix(10).allSatisfy { $0 == 429 })
        try await control(stage, 7)
        return "\(text(statuses)) (the last ten 429); members go on"
    }

    static let oversized = Attack(name: "request of 300 kB, of 5 kB to knock, of 10^19 and of -1 bytes") { stage in
        var statuses: [Int] = []
        for (name, length) in [
            ("lookup", "300000"), ("join", "5000"), ("lookup", "10000000000000000000"), ("lookup", "-1"),
        ] {
            let path = "/peer/v1/" + name
            let fields = RequestSigner(identity: stage.mallory.identity).fields(
                method: "POST", target: path, body: [], receiver: stage.victim.card.nodeID,
                run: stage.victim.run.name, at: Mallory.now)
            let head = HTTPText.request(
                "POST", path, fields + [HeaderField(name: "Content-Length", value: length)], length: nil)
            statuses.append(try await stage.victim.status(for: head + [UInt8](repeating: 0, count: 100)))
        }
        #expect(statuses.allSatisfy { [400, 413].contains($0) })
        try await control(stage, 8)
        return text(statuses)
    }

    static let misframed = Attack(name: "lies about Content-Length: too long, too short, two, chunked as well") {
        stage in
        let body = lookUp(9).wireBytes
        let path = "/peer/v1/lookup"
        var statuses: [Int] = []
        for lengths in [["\(body.count - 1)"], ["\(body.count)", "\(body.count + 40)"], ["\(body.count)", "chunked"]] {
            var fields = RequestSigner(identity: stage.mallory.identity).fields(
                method: "POST", target: path, body: body, receiver: stage.victim.card.nodeID,
                run: stage.victim.run.name, at: Mallory.now)
            for length in lengths {
                fields.append(
                    HeaderField(name: length == "chunked" ? "Transfer-Encoding" : "Content-Length", value: length))
            }
            statuses.append(
                try await stage.victim.status(for: HTTPText.request("POST", path, fields, length: nil) + body))
        }
        #expect(statuses.allSatisfy { (400...501).contains($0) && $0 != 200 })
        // One that is shorter than it says is waited for, not answered, and let go.
        let bytes = stage.mallory.signed(lookUp(10), for: stage.victim)
        let short = try await stage.victim.status(for: Array(bytes.dropLast(8)), patience: 2)
        #expect(short == 0)
        return "\(text(statuses)); too long: waited for"
    }

    static let endless = Attack(name: "head without an end, and a body in endless chunks") { stage in
        let port = stage.victim.node.port
        var taken: [Int] = []
        for start in ["GET / HTTP/1.1\r\nX: ", "POST /peer/v1/lookup HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"] {
            taken.append(
                try await blocking {
                    let descriptor = try RudeSocket.connect(to: port)
                    defer { close(descriptor) }
                    RudeSocket.write(Array(start.utf8), to: descriptor)
                    let chunk = Array(("10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n").utf8)
                    var sent = 0
                    while sent < 512, RudeSocket.write(chunk, to: descriptor) { sent += 1 }
                    return sent
                })
        }
        #expect(taken.allSatisfy { $0 < 512 })
        return "cut off, before 32 MiB were taken"
    }

    static let stalledBodies = Attack(name: "64 signed requests whose bodies never come") { stage in
        let port = stage.victim.node.port
        var open: [Int32] = []
        for number in 0..<64 {
            let request = stage.mallory.signed(lookUp(UInt64(1_000 + number)), for: stage.victim)
            let descriptor = try RudeSocket.connect(to: port)
            RudeSocket.write(Array(request.dropLast(4)), to: descriptor)
            open.append(descriptor)
        }
        defer { for descriptor in open { close(descriptor) } }
        try await Task.sleep(for: .milliseconds(500))
        let others = try await stage.victim.status(for: stage.trudy.signed(lookUp(11), for: stage.victim))
        #expect(others == 200)
        return "another member's request meanwhile: \(others)"
    }

    static let crowd = Attack(name: "600 idle connections") { stage in
        let port = stage.victim.node.port
        let open = try await blocking { try (0..<600).map { _ in try RudeSocket.connect(to: port) } }
        defer { for descriptor in open { close(descriptor) } }
        try await control(stage, 12)
        #expect(try await stage.isServed(stage.link, stage.file))
        return "members and downloads go on"
    }

    /// Signed requests that are refused only after their nonces were taken note of: for files that nobody has.
    static let nonceFlood = Attack(name: "3,000 nonces of one member, as fast as they are taken") { stage in
        let before = stage.victim.node.identifier.map { Witness.memory(of: $0).resident } ?? 0
        let (signer, receiver) = (RequestSigner(identity: stage.mallory.identity), stage.victim.card.nodeID)
        let (run, port) = (stage.victim.run.name, stage.victim.node.port)
        let streams = 6
        let start = ContinuousClock.now
        let flooding = Task {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for stream in 0..<streams {
                    group.addTask {
                        try await blocking {
                            try keepAsking(500, stream, signer, receiver, run, at: port)
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
        }
        // Meanwhile another member asks, ten times a second or as fast as it is answered.
        var (others, slowest) = ([Int](), Duration.zero)
        for number in 0..<30 {
            let asked = ContinuousClock.now
            others.append(
                try await stage.victim.status(
                    for: stage.trudy.signed(lookUp(UInt64(20_000 + number)), for: stage.victim)))
            slowest = max(slowest, ContinuousClock.now - asked)
            try await Task.sleep(for: .milliseconds(100))
        }
        let taken = try await flooding.value
        let time = ContinuousClock.now - start
        let after = stage.victim.node.identifier.map { Witness.memory(of: $0).resident } ?? 0
        #expect(others.allSatisfy { $0 == 200 })
        #expect(slowest < .seconds(5))
        // A nonce with its signer takes some hundred bytes; the rest is what connections and pages take anyway.
        #expect(after - before < taken * 512 + 16 << 20)
        return "\(taken) taken in \(time), memory +\(max(0, after - before) >> 10) KiB; another member meanwhile: "
            + "\(text(others)), the slowest after \(slowest)"
    }

    /// One after another on connections that stay, as long as they do. How many were answered with "not found".
    private static func keepAsking(
        _ count: Int, _ stream: Int, _ signer: RequestSigner, _ receiver: NodeID, _ run: String?, at port: UInt16
    ) throws -> Int {
        var taken = 0
        var descriptor = try RudeSocket.connect(to: port)
        defer { close(descriptor) }
        for number in 0..<count {
            let path = PeerProtocol.path(of: Nonsense.file(UInt64(stream)), name: "\(number)")
            let fields = signer.fields(
                method: "GET", target: path, body: nil, receiver: receiver, run: run, at: Mallory.now)
            RudeSocket.write(HTTPText.request("GET", path, fields, length: nil, isKept: true), to: descriptor)
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let length = recv(descriptor, &buffer, buffer.count, 0)
            if length > 0 {
                if HTTPText.status(of: Array(buffer.prefix(length))) == 404 { taken += 1 }
            } else {
                close(descriptor)
                descriptor = try RudeSocket.connect(to: port)
            }
        }
        return taken
    }

    static let flood = Attack(name: "600 signed look-ups of files that nobody has") { stage in
        var statuses: [Int] = []
        for round in 0..<20 {
            statuses += try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<30 {
                    let request = stage.mallory.signed(lookUp(UInt64(10_000 + round * 30 + number)), for: stage.victim)
                    group.addTask { try await stage.victim.status(for: request) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        try await control(stage, 13)
        #expect(Set(statuses).isSubset(of: [200, 429, 503]))
        return "\(text(statuses)); members go on"
    }
}
