import Catalogue
import Foundation
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// In what is said of files: everybody speaks for what is its own.
enum CatalogueAttacks {
    static let all = [
        forgedPosting, forgedTombstone, foreignTombstone, replays, forgedGone, atTheLimits, beyondTheLimits,
        lyingLength,
        foreignOffer,
    ]
    /// Those that take their time.
    static let slow = [barred, offerFlood, postingFlood]

    private static func announce(
        _ announcements: [Announcement] = [], _ postings: [Posting] = [], _ withdrawals: [Withdrawal] = [],
        from stage: Stage
    ) async throws -> [Int] {
        let request = PeerRequest.catalogue(.announce(announcements, postings, withdrawals))
        var statuses: [Int] = []
        for target in stage.targets {
            statuses.append(try await target.status(for: stage.mallory.signed(request, for: target)))
        }
        return statuses
    }

    private static func forged<Saying: Statement>(_ statement: Saying, _ stage: Stage) -> Saying {
        var forged = statement
        forged.signature = stage.mallory.identity.sign(bytes: statement.signedBytes)
        return forged
    }

    static let forgedPosting = Attack(name: "posting in another's name") { stage in
        let draft = Posting(
            file: Nonsense.file(1), publisher: stage.founder.card.nodeID, length: .mebibytes(1), name: "x",
            mediaType: "", sha256: .zero, audience: .network, replicas: 3, postedAt: Mallory.now, expires: nil,
            sequence: 1)
        let statuses = try await announce([], [forged(try #require(draft), stage)], from: stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        let link = "\(stage.founder.node.url)/f/\(Nonsense.file(1))/x"
        let near = try CountryAddresses().first(in: "US")
        let answers = try await stage.readers.ask(
            stage.targets.map { .init(link: link.replacing(stage.founder.node.url, with: $0.node.url), address: near) })
        #expect(answers.allSatisfy { $0.status == 404 })
        return "not taken: 404 everywhere"
    }

    static let forgedTombstone = Attack(name: "forged tombstone: another's file withdrawn in its name") { stage in
        let (file, link) = try await stage.post("wanted.bin", .mebibytes(1), seed: 51, replicas: 1)
        let tombstone = forged(Withdrawal(of: file.manifest.posting, at: Mallory.now), stage)
        let statuses = try await announce([], [], [tombstone], from: stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        #expect(try await stage.isServed(link, file.source))
        return "the file stays"
    }

    static let foreignTombstone = Attack(name: "tombstone in one's own name for another's file") { stage in
        let (file, link) = try await stage.post("mine.bin", .mebibytes(1), seed: 52, replicas: 1)
        let tombstone = stage.mallory.identity.sign(
            Withdrawal(
                file: file.id, publisher: stage.mallory.identity.nodeID, sequence: .max, at: Mallory.now,
                keptUntil: nil))
        let statuses = try await announce([], [], [tombstone.value], from: stage)
        try await Task.sleep(for: .milliseconds(500))
        #expect(try await stage.isServed(link, file.source))
        return "\(Set(statuses).sorted()), the file stays"
    }

    /// What a client is answered by each honest node that asks for the file.
    private static func answers(_ file: FileID, _ stage: Stage) async throws -> Set<Int> {
        let near = try CountryAddresses().first(in: "US")
        let questions = stage.targets.map {
            Readers.Question(link: "\($0.node.url)/f/\(file)/m.bin", address: near, followsRedirects: false)
        }
        return Set(try await stage.readers.ask(questions).map(\.status))
    }

    static let replays = Attack(
        name: "old posting replayed after its withdrawal, and the withdrawal after a newer posting"
    ) { stage in
        let file = Nonsense.file(9)
        func posting() throws -> Posting {
            try stage.mallory.posting(of: file, length: .mebibytes(1), replicas: 0)
        }
        let holder = stage.mallory.identity.sign(
            Announcement(file: file, holder: stage.mallory.identity.nodeID, version: 1, state: .complete)
        ).value
        let old = try posting()
        _ = try await announce([holder], [old], from: stage)
        try await eventually("it is offered", within: .seconds(10)) { try await answers(file, stage) == [302] }
        let tombstone = stage.mallory.identity.sign(Withdrawal(of: old, at: Mallory.now)).value
        _ = try await announce([], [], [tombstone], from: stage)
        try await eventually("it is withdrawn", within: .seconds(10)) { try await answers(file, stage) == [410] }
        _ = try await announce([holder], [old], from: stage)
        try await Task.sleep(for: .milliseconds(500))
        let afterReplay = try await answers(file, stage)
        #expect(afterReplay == [410])
        _ = try await announce([holder], [try posting()], from: stage)
        try await eventually("it is offered again", within: .seconds(10)) { try await answers(file, stage) == [302] }
        _ = try await announce([], [], [tombstone], from: stage)
        try await Task.sleep(for: .milliseconds(500))
        let afterTombstone = try await answers(file, stage)
        #expect(afterTombstone == [302])
        return "\(afterReplay.sorted()) stays, then \(afterTombstone.sorted()) stays"
    }

    static let forgedGone = Attack(name: "announcing in a holder's name that it holds the file no more") { stage in
        let (file, link) = try await stage.post("held.bin", .mebibytes(1), seed: 53, replicas: 1)
        let gone = forged(
            Announcement(file: file.id, holder: stage.founder.card.nodeID, version: .max, state: .gone), stage)
        let statuses = try await announce([gone], from: stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        #expect(try await stage.isServed(link, file.source))
        return "the file stays"
    }

    static let atTheLimits = Attack(name: "64 postings and 256 announcements at every limit") { stage in
        let nodes = (0..<64).map { _ in Identity.generate().nodeID }
        let postings = try (0..<64).map { number in
            try stage.mallory.posting(
                of: Nonsense.file(UInt64(5_000 + number)), length: PieceGeometry.lengthLimit,
                name: String(repeating: "ß", count: 127) + "x", mediaType: String(repeating: "m", count: 127),
                audience: .named(nodes), replicas: .max,
                expires: WallTime(milliseconds: 253_402_300_799_999),
                postedAt: WallTime(milliseconds: number % 2 == 0 ? 0 : 253_402_300_799_999), sequence: .max)
        }
        let announcements = (0..<256).map { number in
            stage.mallory.identity.sign(
                Announcement(
                    file: Nonsense.file(UInt64(5_000 + number)), holder: stage.mallory.identity.nodeID, version: .max,
                    state: .complete)
            ).value
        }
        let statuses = try await announce(announcements, postings, from: stage)
        #expect(Set(statuses) == [200])
        #expect(try await stage.isServed(stage.link, stage.file))
        return "noted; everything goes on"
    }

    static let beyondTheLimits = Attack(name: "65 postings, 257 announcements, a length of 2^63, a name with a slash") {
        stage in
        let posting = try stage.mallory.posting(of: Nonsense.file(3), length: .mebibytes(1), name: "abcdefgh")
        let announcement = stage.mallory.identity.sign(
            Announcement(file: Nonsense.file(3), holder: stage.mallory.identity.nodeID, version: 1, state: .complete)
        ).value
        var statuses = try await announce([], Array(repeating: posting, count: 65), from: stage)
        statuses += try await announce(Array(repeating: announcement, count: 257), from: stage)
        // What no honest program can write down, patched into the bytes.
        for (find, replacement) in [
            (Array("abcdefgh".utf8), Array("ab/../gh".utf8)),
            (ByteCount.mebibytes(1).wire, [0x7F] + [UInt8](repeating: 255, count: 7)),
        ] {
            var body = PeerRequest.catalogue(.announce([], [posting])).wireBytes
            if let range = body.firstRange(of: find) { body.replaceSubrange(range, with: replacement) }
            let path = PeerProtocol.prefix + "announce"
            let fields = RequestSigner(identity: stage.mallory.identity).fields(
                method: "POST", target: path, body: body, receiver: stage.victim.card.nodeID,
                run: stage.victim.run.name, at: Mallory.now)
            statuses.append(
                try await stage.victim.status(for: HTTPText.request("POST", path, fields, length: body.count) + body))
        }
        #expect(Set(statuses) == [400])
        return "400"
    }

    static let lyingLength = Attack(name: "posting of an honest file with another length, and 255 replicas") { stage in
        let (file, link) = try await stage.post("measured.bin", .mebibytes(2), seed: 54, replicas: 0)
        let lie = try stage.mallory.posting(of: file.id, length: .mebibytes(1), replicas: .max)
        try await stage.mallory.announce(file, .complete, posting: lie, to: stage.targets)
        try await Task.sleep(for: .seconds(2))
        #expect(try await stage.isFetched(link, file.source))
        // A member that says it has the file is vouched for: who is sent there gets nothing, and nobody gets wrong
        // bytes.
        let near = try CountryAddresses().first(in: "US")
        let answers = try await stage.readers.ask(
            stage.targets.map {
                .init(link: link.replacing(stage.founder.node.url, with: $0.node.url), address: near)
            })
        let lured = answers.count { $0.url.hasPrefix(stage.mallory.url) && $0.status == 404 }
        #expect(answers.count { $0.isRight(file.source) } == answers.count - lured)
        let copies = try await stage.copies(of: link)
        #expect(copies[0] == "complete")
        try await stage.mallory.announce(file, .gone, posting: lie, to: stage.targets)
        let took = try await eventually("nobody is sent there any more", within: HolderAttacks.copyingTime) {
            try await stage.isServed(link, file.source)
        }
        return "`node get` gets the file; of 4 plain clients \(lured) are sent to the liar, who has nothing, and none "
            + "\(took.components.seconds) s after it has said so; copies: \(Self.text(copies))"
    }

    static let barred = Attack(name: "posting of an honest file for nobody to hold, with 255 replicas") { stage in
        // Before the honest publisher has posted it: the bytes may be known elsewhere.
        let (file, link) = try await stage.post("barred.bin", .mebibytes(1), seed: 55, replicas: 0)
        let bar = try stage.mallory.posting(
            of: file.id, length: .mebibytes(1), audience: .named([]), replicas: .max)
        try await stage.mallory.announce(file, .filling, posting: bar, to: stage.targets)
        let replicas = 2
        _ = try await stage.founder.node.succeed([
            "post", "--replicas", "\(replicas)", file.source.path(percentEncoded: false),
        ])
        // Its first tracker is honest.
        let patience = Curator.Settings().shortagePause + HolderAttacks.copyingTime
        let (copies, seconds) = try await stage.copies(of: link, until: 1 + replicas, within: patience)
        #expect(copies.count { $0 == "complete" } >= 1 + replicas, "\(copies)")
        #expect(try await stage.isFetched(link, file.source))
        #expect(try await stage.isServed(link, file.source))
        return "downloads go on; copies of the honest posting after \(seconds) s: \(Self.text(copies))"
    }

    static func text(_ copies: [String]) -> String {
        Set(copies).sorted().map { state in "\(copies.count { $0 == state }) \(state)" }.joined(separator: ", ")
    }

    private static func offer(
        _ number: UInt64, length: ByteCount, to target: Target, _ stage: Stage
    ) async throws -> String {
        let posting = try stage.mallory.posting(of: Nonsense.file(number), length: length)
        let offer = Offer(
            posting: posting, holders: [stage.mallory.identity.nodeID],
            group: [target.card.nodeID, stage.mallory.identity.nodeID])
        let request = stage.mallory.signed(.catalogue(.offer(offer)), for: target)
        let bytes = try await target.answer(to: request)
        guard HTTPText.status(of: bytes) == 200, let answer = try? PeerAnswer(wireBytes: HTTPText.body(of: bytes))
        else { return "\(HTTPText.status(of: bytes))" }
        switch answer {
        case .catalogue(.accepted): return "accepted"
        case .catalogue(.declined(let refusal)): return "\(refusal)"
        default: return "something else"
        }
    }

    private static func tally(_ answers: [String]) -> String {
        Set(answers).sorted().map { answer in "\(answers.count { $0 == answer }) \(answer)" }.joined(separator: ", ")
    }

    static let foreignOffer = Attack(name: "offers of files larger than what is free, and of a terabyte") { stage in
        var answers: [String] = []
        for (number, length) in [
            (6_000, ByteCount.gigabytes(3)), (6_001, PieceGeometry.lengthLimit), (6_002, .gigabytes(900)),
        ] { answers.append(try await offer(UInt64(number), length: length, to: stage.victim, stage)) }
        #expect(!answers.contains("accepted"))
        return tally(answers)
    }

    static let offerFlood = Attack(name: "1,000 offers of files that do not exist") { stage in
        var answers: [String] = []
        for number in 0..<1_000 {
            answers.append(
                try await offer(UInt64(7_000 + number), length: .megabytes(100), to: stage.victim, stage))
        }
        #expect(answers.count { $0 == "accepted" } <= 256)
        #expect(try await stage.isServed(stage.link, stage.file))
        // What was accepted has to be given up, or an honest offer would find no room.
        let (file, link) = try await stage.post("after the offers.bin", .mebibytes(1), seed: 56, replicas: 3)
        let patience = Curator.Settings().manifestPatience + HolderAttacks.copyingTime * 2
        let (copies, seconds) = try await stage.copies(of: link, until: 4, within: patience)
        #expect(copies.allSatisfy { $0 == "complete" }, "\(copies)")
        #expect(try await stage.isServed(link, file.source))
        return "\(tally(answers)); an honest file posted then has \(text(copies)) after \(seconds) s"
    }

    static let postingFlood = Attack(name: "2,000 postings and announcements of files that do not exist") { stage in
        var statuses: [Int] = []
        for round in 0..<32 {
            let files = (0..<64).map { Nonsense.file(UInt64(20_000 + round * 64 + $0)) }
            let postings = try files.map { try stage.mallory.posting(of: $0, length: .megabytes(1), replicas: 3) }
            let announcements = files.map { file in
                stage.mallory.identity.sign(
                    Announcement(file: file, holder: stage.mallory.identity.nodeID, version: 1, state: .complete)
                ).value
            }
            statuses += try await announce(announcements, postings, from: stage)
        }
        #expect(Set(statuses).isSubset(of: [200, 429, 503]))
        let (file, link) = try await stage.post("after the postings.bin", .mebibytes(1), seed: 57, replicas: 1)
        #expect(try await stage.isServed(link, file.source))
        return "\(tally(statuses.map { "\($0)" })); honest files go on"
    }
}

extension ByteCount {
    fileprivate var wire: [UInt8] {
        var writer = WireWriter()
        writer.write(self)
        return writer.bytes
    }
}
