import Catalogue
import Primitives
import Testing

@Suite("The wire form of the catalogue")
struct WireTests {
    static let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(1))
    static let announcement = Announcement(file: manifest.file, holder: Sample.node(2), version: 9, state: .filling)
    static let offer = Offer(
        posting: manifest.posting, holders: [Sample.node(3)], group: [Sample.node(4), Sample.node(5)])
    static let withdrawal = Withdrawal(of: manifest.posting, at: Sample.wall)
    static let endingWithdrawal = Withdrawal(
        file: manifest.file, publisher: Sample.node(7), sequence: .max, at: Sample.wall,
        keptUntil: Sample.wall + .seconds(60))
    static let requests: [CatalogueRequest] = [
        .announce([announcement], [manifest.posting]), .lookUp(manifest.file), .offer(offer), .manifest(manifest.file),
        .pieces(manifest.file), .announce([announcement], [manifest.posting], [withdrawal, endingWithdrawal]),
        .announce([], [], [withdrawal]), .confirm([manifest.file, FileID(Bytes32(1, 2, 3, 4))]), .confirm([]),
    ]
    static let answers: [CatalogueAnswer] =
        [
            .noted, .found([manifest.posting], [announcement]), .unknown, .accepted, .manifest(manifest),
            .pieces(Bitfield(count: 13, full: true)), .withdrawn([withdrawal, endingWithdrawal]),
            .found([manifest.posting], [announcement], [withdrawal]),
            .confirmed([manifest.posting], [endingWithdrawal], unknown: [FileID(Bytes32(1, 2, 3, 4))]),
        ] + CatalogueAnswer.Refusal.allCases.map { .declined($0) }

    @Test("reads back as it was written")
    func roundTrip() throws {
        for request in Self.requests { #expect(try CatalogueRequest(wireBytes: request.wireBytes) == request) }
        for answer in Self.answers { #expect(try CatalogueAnswer(wireBytes: answer.wireBytes) == answer) }
        #expect(Self.requests.allSatisfy { $0.wireCount == $0.wireBytes.count })
        #expect(Self.answers.allSatisfy { $0.wireCount == $0.wireBytes.count })
        #expect(Self.requests.map(\.statements.count) == [2, 0, 1, 0, 0, 4, 1, 0, 0])
    }

    @Test("of anything cut short or too long is refused")
    func truncation() {
        for bytes in Self.requests.map(\.wireBytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireError.self) { try CatalogueRequest(wireBytes: bytes.prefix(count)) }
            }
            #expect(throws: WireError.trailingBytes(1)) { try CatalogueRequest(wireBytes: bytes + [0]) }
        }
        for bytes in Self.answers.map(\.wireBytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireError.self) { try CatalogueAnswer(wireBytes: bytes.prefix(count)) }
            }
        }
    }

    @Test("with bytes changed at random never traps", arguments: 0..<20)
    func noise(seed: UInt64) {
        var generator = Generator(seed: seed)
        for original in Self.requests.map(\.wireBytes) + Self.answers.map(\.wireBytes) {
            for _ in 0..<20 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
                if let request = try? CatalogueRequest(wireBytes: bytes) { #expect(request.wireBytes == bytes) }
                if let answer = try? CatalogueAnswer(wireBytes: bytes) { #expect(answer.wireBytes == bytes) }
            }
        }
    }

    @Test("of a statement is signed without its signature, under its own context")
    func signedBytes() {
        var signed = Self.announcement
        signed.signature = Signature(first: Bytes32(1, 1, 1, 1), second: .zero)
        #expect(signed.signedBytes == Self.announcement.signedBytes)
        #expect(signed.wireBytes != Self.announcement.wireBytes)
        #expect(signed.signedBytes.starts(with: "potluck announcement 1".utf8))
        #expect(Self.manifest.posting.signer == .node(Sample.node(1)))
    }

    @Test("refuses lists beyond their limits")
    func limits() {
        let announcements = [Announcement](repeating: Self.announcement, count: CatalogueRequest.announcementLimit + 1)
        #expect(throws: WireError.self) {
            try CatalogueRequest(wireBytes: CatalogueRequest.announce(announcements, []).wireBytes)
        }
        let postings = [Posting](repeating: Self.manifest.posting, count: CatalogueAnswer.postingLimit + 1)
        #expect(throws: WireError.self) {
            try CatalogueAnswer(wireBytes: CatalogueAnswer.found(postings, []).wireBytes)
        }
    }

    @Test("refuses more withdrawals and questions than are allowed at once")
    func withdrawalLimits() {
        let tooMany = [Withdrawal](repeating: Self.withdrawal, count: CatalogueAnswer.withdrawalLimit + 1)
        for answer in [CatalogueAnswer.withdrawn(tooMany), .found([], [], tooMany)] {
            #expect(throws: WireError.self) { try CatalogueAnswer(wireBytes: answer.wireBytes) }
        }
        let files = [FileID](repeating: Self.manifest.file, count: CatalogueRequest.confirmLimit + 1)
        #expect(throws: WireError.self) { try CatalogueRequest(wireBytes: CatalogueRequest.confirm(files).wireBytes) }
        #expect(throws: WireError.self) {
            try CatalogueAnswer(wireBytes: CatalogueAnswer.confirmed([], [], unknown: files).wireBytes)
        }
        let flood = [Withdrawal](repeating: Self.withdrawal, count: CatalogueRequest.withdrawalLimit + 1)
        #expect(throws: WireError.self) {
            try CatalogueRequest(wireBytes: CatalogueRequest.announce([], [], flood).wireBytes)
        }
    }

    @Test("loses only the statement that does not hold, whichever it is")
    func sifting() {
        let lists: [any Siftable] =
            Self.requests.filter { $0.name == "announce" }
            + Self.answers.filter { answer in
                switch answer {
                case .found, .withdrawn, .confirmed: true
                default: false
                }
            }
        for message in lists {
            let whole = message.statements.map(\.signedBytes)
            for lost in whole.indices {
                var rest = whole
                rest.remove(at: lost)
                #expect(message.keeping { $0 != lost }.statements.map(\.signedBytes) == rest)
            }
            #expect(message.keeping { _ in true }.statements.map(\.signedBytes) == whole)
            #expect(message.keeping { _ in false }.statements.isEmpty)
        }
    }

    @Test("takes names in any script, and none that could not be a file's")
    func names() {
        for name in ["a", "映画.webm", "Ein Film.webm", "…", String(repeating: "x", count: 255)] {
            #expect(Posting.isName(name), "\(name)")
        }
        for name in ["", ".", "..", "a/b", "a\nb", "\u{7F}", String(repeating: "x", count: 256)] {
            #expect(!Posting.isName(name), "\(name)")
        }
    }
}
