import Catalogue
import Foundation
import Membership
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Transport

/// As a holder of honest files that sends something else.
enum HolderAttacks {
    /// Told at once, and seen through at once.
    static let quick = [Lie.flipped, .endless, .truncated, .longer].map(copying)
    /// Those that take their time: half a minute of waiting for who stalls, and files that are copied many times.
    static let slow =
        Lie.allCases.filter { ![.flipped, .endless, .truncated, .longer].contains($0) }.map(copying)
        + [plainClients, silentTracker]

    /// What is sent for a range of a file.
    enum Lie: String, CaseIterable {
        case flipped = "one bit of each answer flipped"
        case endless = "bodies without an end"
        case truncated = "bodies cut short"
        case shifted = "another range than was asked for"
        case whole = "200 with the whole file for a range"
        case longer = "a byte more than was asked for"
        case refusing = "503 to everybody, for ever"
        case stalled = "a head, and then nothing"

        func reply(_ range: Range<Int>, of bytes: [UInt8]) -> LiarServer.Reply {
            let span = "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
            let right = "HTTP/1.1 206 X\r\n\(span)\r\nContent-Length: \(range.count)"
            switch self {
            case .flipped:
                var body = Array(bytes[range])
                body[body.count / 2] ^= 1
                return .broken(head: right, body: body)
            case .endless: return .endless(head: "HTTP/1.1 206 X\r\n\(span)")
            case .truncated: return .broken(head: right, body: Array(bytes[range].prefix(range.count / 2)))
            case .shifted:
                let start = range.lowerBound == 0 ? 1 : range.lowerBound - 1
                let end = min(start + range.count, bytes.count)
                return .whole(
                    status: 206, fields: ["Content-Range: bytes \(start)-\(end - 1)/\(bytes.count)"],
                    body: Array(bytes[start..<end]))
            case .whole: return .whole(status: 200, body: bytes)
            case .longer: return .broken(head: right, body: Array(bytes[range]) + [0])
            case .refusing: return .whole(status: 503, fields: ["Retry-After: 1"], body: [])
            case .stalled: return .stalled(head: right, seconds: 60)
            }
        }
    }

    /// Serves that file with that lie, and is polite otherwise. Members that ask for it are told of.
    private static func serve(
        _ file: PostedFile, _ lie: Lie, _ stage: Stage, asked: @escaping @Sendable (NodeID) -> Void = { _ in }
    ) {
        let mallory = stage.mallory
        mallory.server.answer { request in
            guard request.target.hasPrefix("/f/\(file.id)/") else {
                guard
                    let question = try? PeerProtocol.request(
                        request.body, name: String(request.target.dropFirst(PeerProtocol.prefix.count)))
                else { return mallory.politeReply(to: request) }
                switch question {
                case .catalogue(.manifest(file.id)):
                    return .whole(status: 200, body: PeerAnswer.catalogue(.manifest(file.manifest)).wireBytes)
                case .catalogue(.pieces(file.id)):
                    let full = Bitfield(count: file.manifest.geometry.count, full: true)
                    return .whole(status: 200, body: PeerAnswer.catalogue(.pieces(full)).wireBytes)
                default: return mallory.politeReply(to: request)
                }
            }
            if let asker = signer(of: request) { asked(asker) }
            return lie.reply(range(request.fields["range"], file.bytes.count), of: file.bytes)
        }
    }

    /// Who says that it signed the request.
    private static func signer(of request: LiarServer.Request) -> NodeID? {
        let input = request.fields["signature-input"] ?? ""
        guard let key = input.firstRange(of: "keyid=\"") else { return nil }
        return NodeID(String(input[key.upperBound...].prefix { $0 != "\"" }))
    }

    private static func range(_ text: String?, _ count: Int) -> Range<Int> {
        let ends = (text ?? "").dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] <= ends[1], ends[1] < count else { return 0..<count }
        return ends[0]..<ends[1] + 1
    }

    private static func copying(_ lie: Lie) -> Attack {
        Attack(name: "holder of an honest file, sends \(lie.rawValue)") { stage in
            let number = UInt64(Lie.allCases.firstIndex(of: lie) ?? 0)
            let (file, link) = try await stage.post("lie \(number).bin", .mebibytes(8), seed: 60 + number, replicas: 0)
            serve(file, lie, stage)
            defer { stage.mallory.bePolite() }
            try await stage.mallory.lure(file, stage)
            var copies: [String] = []
            let took = try await eventually("the copies are complete", within: .seconds(90)) {
                copies = try await stage.copies(of: link)
                return copies.allSatisfy { $0 == "complete" }
            }
            #expect(try await stage.isServed(link, file.source))
            #expect(try await stage.isFetched(link, file.source))
            let asked = stage.mallory.server.requests.count { $0.hasPrefix("GET /f/\(file.id)/") }
            #expect(asked > 0)
            try await stage.mallory.announce(file, .gone, to: stage.targets)
            return "three copies, right, after \(took.components.seconds) s; asked the liar \(asked) times"
        }
    }

    static let plainClients = Attack(name: "vouched holder that sends plain clients wrong bytes") { stage in
        let mallory = stage.mallory
        var card = mallory.card()
        card.place = Place("-1.29,36.82")
        await mallory.introduce(to: stage.targets, mallory.identity.sign(card).value)
        let (file, link) = try await stage.post("plain.bin", .mebibytes(2), seed: 80, replicas: 0)
        let bitten = Mutex<Set<NodeID>>([])
        serve(file, .flipped, stage) { asker in bitten.withLock { _ = $0.insert(asker) } }
        defer { mallory.bePolite() }
        try await mallory.announce(file, .complete, to: stage.targets)
        try await Task.sleep(for: .seconds(2))
        let near = try CountryAddresses().first(in: "KE")
        let plain = try await stage.readers.ask([.init(link: link, address: near)])[0]
        let isLured = plain.url.hasPrefix(mallory.url)
        // Wrong bytes come from the liar alone, and are seen to be wrong by who looks at the digest.
        #expect(plain.isRight(file.source) == !isLured)
        // Who verifies is not harmed.
        #expect(try await stage.isFetched(link, file.source))
        // Nor sends anybody there whose own copying has shown the liar up.
        try await mallory.lure(file, stage)
        try await eventually("the others have copied it", within: .seconds(60)) {
            try await stage.copies(of: link).allSatisfy { $0 == "complete" }
        }
        let later = try await stage.readers.ask(
            stage.targets.dropFirst().map {
                .init(
                    link: link.replacing(stage.founder.node.url, with: $0.node.url), address: near,
                    followsRedirects: false)
            })
        let luring = zip(stage.targets.dropFirst(), later).filter { $1.location.hasPrefix(mallory.url) }
        let knowing = bitten.withLock { $0 }.intersection(stage.targets.map(\.card.nodeID))
        #expect(!knowing.isEmpty)
        #expect(luring.allSatisfy { !knowing.contains($0.0.card.nodeID) })
        try await mallory.announce(file, .gone, to: stage.targets)
        return
            "a plain client near it \(isLured ? "was sent there and got a wrong file (its SHA-256 tells)" : "was not sent there"); "
            + "`node get` got the right one; after three had copied the file, of whom \(knowing.count) had heard the lie, "
            + "\(luring.count) sent clients there, and none of these had"
    }

    static let silentTracker = Attack(name: "first tracker of a file, notes everything and offers it to nobody") {
        stage in
        let members = stage.targets.map(\.card.nodeID) + [stage.mallory.identity.nodeID, stage.trudy.identity.nodeID]
        let honest = stage.targets.map(\.card.nodeID)
        var seed: UInt64 = 90_000
        while true {
            let trackers = try stage.trackers(ofSeed: seed, among: members)
            if trackers[0] == stage.mallory.identity.nodeID, honest.contains(trackers[1]) { break }
            seed += 1
        }
        let file = try stage.network.makeFile("tracked.bin", .mebibytes(1), seed: seed)
        let replicas = 2
        let link = try await stage.founder.node.succeed([
            "post", "--replicas", "\(replicas)", file.path(percentEncoded: false),
        ])
        #expect(try await stage.isServed(link, file))
        // The second tracker tells the first, waits as long again, and acts.
        let settings = Curator.Settings()
        let patience = settings.nudgeDelay * 2 + settings.shortagePause + copyingTime
        let (copies, seconds) = try await stage.copies(of: link, until: 1 + replicas, within: patience)
        #expect(copies.count { $0 == "complete" } >= 1 + replicas, "\(copies)")
        #expect(try await stage.isServed(link, file))
        return "served by its publisher at once; \(CatalogueAttacks.text(copies)) after \(seconds) s"
    }

    /// How long it takes at most to copy a few megabytes, on a machine that does other things too.
    static let copyingTime = Duration.seconds(15)
}
