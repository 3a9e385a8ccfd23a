import Primitives
import Testing

@testable import Membership

@Suite struct WireTests {
    static func id(_ generator: inout Generator) -> NodeID {
        NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
    }

    static let signature = Signature(first: Bytes32(1, 2, 3, 4), second: Bytes32(5, 6, 7, 8))

    static func card(name: String = "ann", url: String = "http://ann.example:8080", endpoints: Int = 1) -> Card {
        var generator = Generator(seed: 5)
        let (node, founder) = (id(&generator), id(&generator))
        return Card(
            nodeID: node, agreementKey: Bytes32(9, 9, 9, 9), network: founder, version: 1_800_000_000_000, name: name,
            endpoints: (0..<endpoints).map {
                Endpoint(address: .v6(high: 0x2001_0DB8 << 32, low: UInt64($0)), port: 8080)
            },
            url: url, place: Place(latitude: 52.52, longitude: 13.4), share: .gigabytes(8),
            certificate: Certificate(
                subject: node, issuer: founder, network: founder, issuedAt: WallTime(milliseconds: 1),
                signature: signature),
            signature: signature)
    }

    static let statements: [News] = [
        .card(card()),
        .status(
            Status(
                node: ShortID(3), version: 77, remaining: QuarterPower(.gigabytes(8)), load: 7,
                freeDisk: QuarterPower(.max), coordinate: Coordinate(x: -3, y: 4, z: -32768, height: 65535, error: 255),
                signature: signature)),
        .verdict(Verdict(subject: ShortID(1), issuer: ShortID(2), version: 3, signature: signature)),
        .departure(Departure(node: ShortID(1), version: 4, signature: signature)),
    ]

    static var messages: [Message] {
        let pulse = Pulse(
            number: 1, interval: .seconds(1), carriage: Carriage(epoch: 1, after: 2, through: 3),
            acknowledgement: Cursor(epoch: 4, position: 5), hasMore: true, isNeighbour: false, mentions: [8, .max],
            wants: [9], minute: 6, quietHash: 7, coordinate: Coordinate(x: 1, y: -2, z: 3, height: 4, error: 5))
        var buckets = BucketSet()
        for bucket in [0, 7, 63, 64, 200, 255] as [UInt8] { buckets.insert(bucket) }
        return [
            .pulse(pulse), .pulseReply(pulse), .probe(number: 1), .probeReply(number: .max),
            .probeReply(number: 5, coordinate: pulse.coordinate), .indirectFailure(number: 6),
            .indirectProbe(number: 2, target: ShortID(8)), .indirectReply(number: 3),
            .suspicion(number: 4, version: 9), .buckets(minute: 5, hashes: (0..<256).map { UInt32($0) }),
            .rows(RowDigests(minute: 7, buckets: buckets, rows: [.init(id: 1, hash: .max)], isQuestion: true)),
            .tidings,
        ]
    }

    @Test func `every message and every kind of news reads back as it was written`() throws {
        for message in Self.messages {
            let envelope = Envelope(message, news: message == Self.messages[0] ? Self.statements : [])
            let bytes = envelope.wireBytes
            #expect(try Envelope(wireBytes: bytes) == envelope)
            #expect(bytes.count <= Envelope.limit)
        }
    }

    @Test func `statements keep within their limits`() throws {
        for item in Self.statements {
            switch item {
            case .card(let card): #expect(card.wireBytes.count <= Card.byteLimit)
            case .status(let status): #expect(status.wireBytes.count <= Status.byteLimit)
            case .verdict, .departure: break
            }
        }
        // A card at its limit and a status fit beside a pulse.
        let longest = Self.card(
            name: String(repeating: "n", count: 64), url: "http://" + String(repeating: "u", count: 100))
        try longest.checkLimits()
        let envelope = Envelope(Self.messages[0], news: [.card(longest), .card(longest), Self.statements[3]])
        #expect(envelope.wireBytes.count <= Envelope.limit)
    }

    @Test func `an envelope cut short or lengthened anywhere is refused`() {
        let bytes = Envelope(Self.messages[0], news: Self.statements).wireBytes
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try Envelope(wireBytes: bytes.prefix(count)) }
        }
        #expect(throws: WireError.trailingBytes(1)) { try Envelope(wireBytes: bytes + [0]) }
    }

    @Test func `noise and altered envelopes never trap, and what reads is written back the same`() throws {
        var generator = Generator(seed: 11)
        let samples = Self.messages.map { Envelope($0, news: Self.statements.suffix(1)).wireBytes }
        for _ in 0..<3_000 {
            var bytes = samples.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: bytes.indices, using: &generator)
                bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            }
            guard let envelope = try? Envelope(wireBytes: bytes) else { continue }
            #expect(try Envelope(wireBytes: envelope.wireBytes) == envelope)
            #expect(envelope.wireCount == envelope.wireBytes.count)
        }
    }

    @Test func `formats of the future and oversized datagrams are refused by name`() {
        var bytes = Envelope(.probe(number: 1)).wireBytes
        bytes[0] = 2
        #expect(throws: WireError.unknownVersion(2)) { try Envelope(wireBytes: bytes) }
        #expect(throws: WireError.tooLong(what: "a datagram", count: 1_121, limit: 1_120)) {
            try Envelope(wireBytes: [UInt8](repeating: 1, count: 1_121))
        }
    }

    @Test(arguments: [
        "http://a b", "ftp://a:1", "http://", "http://host:80/", "http://host\u{7f}", "http://h/path", "http://u@h", "",
    ])
    func `a card with a URL that is no plain origin is refused`(url: String) {
        #expect(throws: WireError.self) { try Self.card(url: url).checkLimits() }
        #expect(throws: WireError.self) { try Card(wireBytes: Self.card(url: url).wireBytes) }
    }

    @Test func `a card beyond a limit is refused before it is signed`() {
        let cards = [
            Self.card(name: String(repeating: "n", count: 65)),
            Self.card(url: "http://" + String(repeating: "u", count: 194)),
            Self.card(endpoints: 0), Self.card(endpoints: 3),
            Self.card(
                name: String(repeating: "n", count: 64), url: "http://" + String(repeating: "u", count: 180),
                endpoints: 2),
        ]
        for card in cards { #expect(throws: WireError.self) { try card.checkLimits() } }
        var stolen = Self.card()
        stolen.certificate?.subject = stolen.network
        #expect(throws: WireError.self) { try stolen.checkLimits() }
        var uncertified = Self.card()
        uncertified.certificate = nil
        #expect(throws: WireError.self) { try uncertified.checkLimits() }
        var late = Self.card()
        late.version = .max
        #expect(throws: WireError.self) { try late.checkLimits() }
    }

    @Test func `a version is the clock's, never lower than the last, and has an end`() {
        #expect(Version.next(after: 5, at: WallTime(milliseconds: 1000)) == 1000)
        #expect(Version.next(after: 5000, at: WallTime(milliseconds: 1000)) == 5001)
        #expect(Version.next(after: 5, at: WallTime(milliseconds: -1)) == 6)
        #expect(Version.next(after: .max, at: WallTime(milliseconds: .max)) == Version.limit - 1)
    }
}
