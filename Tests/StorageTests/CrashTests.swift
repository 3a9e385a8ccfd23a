import Catalogue
import GRDB
import Glibc
import Membership
import Overlay
@_spi(Verification) import Primitives
import Testing

@testable import Storage

private typealias Database = Storage::Database

/// What a node finds that was killed.
@Suite struct CrashTests {
    private let scratch: Scratch
    private let folder: PieceFolder
    private let path: String

    init() throws {
        scratch = try Scratch()
        folder = try PieceFolder(at: scratch.path + "/files")
        path = scratch.path + "/potluck.sqlite"
    }

    @Test func opensADatabaseThatWasBeingMade() throws {
        // Its first page, and the journal that takes it back: the length of the database before, no pages, sectors of
        // 512 bytes, pages of 4,096.
        var page = Array("SQLite format 3\0".utf8) + [0x10, 0, 2, 2, 0, 64, 32, 32, 0, 0, 0, 1, 0, 0, 0, 1]
        page += [UInt8](repeating: 0, count: 4096 - page.count)
        try write(page, to: path)
        var journal: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 0, 1, 2, 3, 4]
        journal += [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 16, 0]
        try write(journal + [UInt8](repeating: 0, count: 512 - journal.count), to: path + "-journal")
        #expect(try Database(at: path).membership() == nil)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try OpenFile(path, O_RDWR | O_CREAT).write(bytes, at: 0)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func findsThePiecesThatWereWrittenAndNotRecorded(seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let bytes = bytes(Int.random(in: 1...(12 << 18), using: &generator), seed: seed)
        let manifest = manifest(of: bytes)
        try folder.prepare(manifest.file, length: manifest.geometry.length)
        var recorded = Bitfield(count: manifest.pieces.count)
        var whole = recorded
        for piece in manifest.pieces.indices {
            let place = manifest.geometry.bytes(of: piece)
            let file = try OpenFile(folder.path(of: manifest.file), O_WRONLY)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                try file.write(Array(bytes[Int(place.lowerBound)..<Int(place.upperBound)]), at: place.lowerBound)
                whole[piece] = true
            case 1:
                try file.write(Array(bytes[Int(place.lowerBound)..<Int(place.upperBound)]), at: place.lowerBound)
                whole[piece] = true
                recorded[piece] = true
            case 2 where place.count > 1:
                try file.write(Array(bytes[Int(place.lowerBound)..<Int(place.upperBound) - 1]), at: place.lowerBound)
            default: break
            }
        }
        let found = try folder.find(manifest, beside: recorded, limit: .mebibytes(64))
        // A piece whose last byte is zero is there without it.
        for piece in manifest.pieces.indices where found[piece] != whole[piece] {
            #expect(found[piece] && bytes[Int(manifest.geometry.bytes(of: piece).upperBound) - 1] == 0)
        }
    }

    @Test func looksNoFurtherThanItsLimitNorIntoAFileOfAnotherLength() throws {
        let bytes = bytes(1 << 20)
        let manifest = manifest(of: bytes)
        let none = Bitfield(count: 4)
        #expect(try folder.find(manifest, beside: none, limit: .mebibytes(1)) == none)
        try folder.prepare(manifest.file, length: manifest.geometry.length)
        #expect(try folder.find(manifest, beside: none, limit: .mebibytes(1)) == none)
        try write(bytes, to: folder.path(of: manifest.file))
        #expect(try folder.find(manifest, beside: none, limit: .kibibytes(512)).runs == [0..<2])
        #expect(try folder.find(manifest, beside: none, limit: .mebibytes(1)).isFull)
        try write(bytes + [0], to: folder.path(of: manifest.file))
        #expect(try folder.find(manifest, beside: none, limit: .mebibytes(1)) == none)
    }

    @Test func knowsWhichBytesWithoutARecordAreNobodys() throws {
        let database = try Database(at: path)
        let posted = holding(of: [1], isOwn: true)
        let removed = holding(of: [2])
        #expect(try database.leftovers() == [])
        try database.noteLeftover(posted.file)
        try database.write([.holding(.holding(removed))])
        #expect(try database.leftovers() == [posted.file])
        try database.write([.holding(.holding(posted)), .holding(.removed(removed.file))])
        #expect(try database.leftovers() == [removed.file])
        try database.noteLeftover(posted.file)
        #expect(try Database(at: path).leftovers() == [removed.file], "what has a record stays")
        try database.forgetLeftovers()
        #expect(try database.leftovers() == [])
    }

    @Test func isWhollyInAnotherNetworkOrNotAtAll() throws {
        let database = try Database(at: path)
        func node(_ number: UInt64) -> NodeID { NodeID(Bytes32(number, 0, 0, number)) }
        func card(_ number: UInt64) -> Verified<News> {
            Verified(
                checked: .card(
                    Card(
                        nodeID: node(number), agreementKey: .zero, network: node(number), version: 1, name: "n",
                        endpoints: [Endpoint("192.0.2.1:8080")].compactMap { $0 }, url: "http://192.0.2.1:8080",
                        place: nil, share: .gigabytes(8), certificate: nil)))
        }
        func certificate(by issuer: UInt64) -> Certificate {
            Certificate(
                subject: node(1), issuer: node(issuer), network: node(issuer), issuedAt: WallTime(milliseconds: 1))
        }
        let old = NetworkMembership(founder: node(1), networkKey: .zero, certificate: nil, cardVersion: 3)
        try database.write(old)
        try database.write([.member(.news(card(1))), .member(.news(card(2)))])
        try database.write(
            InviteRecord(secretHash: .zero, expires: WallTime(milliseconds: 9000), usesLeft: 2),
            at: WallTime(milliseconds: 1000))
        try database.write([Verified(checked: certificate(by: 9))])
        try database.set("no", for: "open")
        try database.set("yes", for: "gone")
        let new = NetworkMembership(
            founder: node(5), networkKey: Bytes32(1, 2, 3, 4), certificate: certificate(by: 5), cardVersion: 4)
        func enter() throws {
            try database.enter(
                new, certificates: [Verified(checked: certificate(by: 5))], table: [card(5), card(6)],
                settings: ["open": "yes", "gone": nil])
        }
        // Interrupted at each of its steps, to the last one.
        let steps = [
            ("DELETE", "news"), ("DELETE", "invites"), ("INSERT", "certificates"), ("INSERT", "news"),
            ("DELETE", "settings"), ("UPDATE", "settings"), ("UPDATE", "network"),
        ]
        for (statement, table) in steps {
            let trigger = "CREATE TRIGGER stop AFTER \(statement) ON \(table) BEGIN SELECT RAISE(FAIL, 'stop'); END"
            try database.transaction { try $0.execute(sql: trigger) }
            #expect(throws: StorageError.self, "\(statement) \(table)") { try enter() }
            try database.transaction { try $0.execute(sql: "DROP TRIGGER stop") }
            let found = try Database(at: path)
            #expect(try found.membership() == old, "\(statement) \(table)")
            #expect(try Set(found.load().news.map(\.value)) == Set([card(1), card(2)].map(\.value)))
            #expect(try found.certificates().map(\.value) == [certificate(by: 9)])
            #expect(try found.invites(at: WallTime(milliseconds: 1000)).map(\.usesLeft) == [2])
            #expect(try found.setting("open") == "no")
            #expect(try found.setting("gone") == "yes")
        }
        try enter()
        #expect(try database.membership() == new)
        #expect(Set(try database.load().news.map(\.value)) == Set([card(5), card(6)].map(\.value)))
        #expect(try database.certificates().map(\.value) == [certificate(by: 5), certificate(by: 9)])
        #expect(try database.invites(at: WallTime(milliseconds: 1000)) == [])
        #expect(try database.setting("open") == "yes")
        #expect(try database.setting("gone") == nil)
        // The same network once more, as after an answer that was lost, forgets nobody.
        try database.enter(new, certificates: [], table: [card(7)], settings: [:])
        #expect(try database.load().news.count == 3)
    }

    @Test func writesFilesWholeAndClearsWhatItWasKilledAt() throws {
        let directory = try DataDirectory(creating: scratch.path + "/node")
        try write([1, 2], to: directory.configurationPath + ".new")
        try write([1, 2], to: directory.identityPath + ".new")
        let lock = try directory.lock()
        #expect(try scratch.contents() == ["files/", "files/incoming/", "node/", "node/node.lock"])
        try directory.create(configuration: "name: attic\n")
        try directory.create(configuration: "name: another\n")
        #expect(try content(of: directory.configurationPath) == Array("name: attic\n".utf8))
        #expect(mode(of: directory.configurationPath) == 0o644)
        withExtendedLifetime(lock) {}
    }
}
