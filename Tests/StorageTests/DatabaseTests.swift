import Allowance
import Catalogue
import GRDB
import Glibc
import Membership
import Overlay
@_spi(Verification) import Primitives
import Testing

@testable import Storage

private typealias Database = Storage::Database

func account(_ bytes: Int) -> LedgerState {
    LedgerState(
        period: Period(starts: WallTime(milliseconds: 1000), ends: WallTime(milliseconds: 2000)),
        leased: ClassTotals(
            serving: ByteCount(bytes), replication: ByteCount(bytes + 1), overlay: ByteCount(bytes + 2),
            answers: ByteCount(bytes + 3)))
}

func holding(of bytes: [UInt8], name: String = "a file", pieces: Range<Int> = 0..<0, isOwn: Bool = false) -> Holding {
    let manifest = manifest(of: bytes, name: name)
    var field = Bitfield(count: manifest.pieces.count)
    field.insert(pieces)
    return Holding(manifest: Verified(checked: manifest), pieces: field, sha256: nil, isOwn: isOwn)
}

func node(_ number: UInt64) -> NodeID { NodeID(Bytes32(number, number, 0, 0)) }

func card(_ number: UInt64, version: UInt64 = 1) -> Verified<News> {
    Verified(
        checked: .card(
            Card(
                nodeID: node(number), agreementKey: .zero, network: node(number), version: version, name: "n\(number)",
                endpoints: [Endpoint("192.0.2.1:8080")].compactMap { $0 }, url: "http://192.0.2.1:8080",
                place: nil, share: .gigabytes(8), certificate: nil)))
}

func verdict(_ subject: UInt64, by issuer: UInt64, version: UInt64) -> Verified<News> {
    Verified(checked: .verdict(Verdict(subject: node(subject).short, issuer: node(issuer).short, version: version)))
}

func departure(_ number: UInt64, version: UInt64) -> Verified<News> {
    Verified(checked: .departure(Departure(node: node(number).short, version: version)))
}

@Suite struct DatabaseTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path + "/potluck.sqlite"
    }

    @Test func startsEmptyAndForItsOwnerAlone() throws {
        let database = try Database(at: path)
        let restored = try database.load()
        #expect(restored.news == [])
        #expect(restored.lastVersion == 0)
        #expect(restored.holdings == [])
        #expect(restored.ledger == nil)
        #expect(try database.membership() == nil)
        for name in try names(in: scratch.path) { #expect(mode(of: scratch.path + "/" + name) == 0o600, "\(name)") }
    }

    @Test func waitsForTheDiskWithEveryTransaction() throws {
        for _ in 1...2 {
            let database = try Database(at: path)
            #expect(try database.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
            // FULL
            #expect(try database.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
            #expect(try database.read { try Int.fetchOne($0, sql: "PRAGMA foreign_keys") } == 1)
        }
    }

    @Test func givesBackAllThatWasWritten() throws {
        let small = holding(of: bytes(1), name: "ein Häppchen 寿司", isOwn: true)
        let large = holding(of: bytes(3_000_000), pieces: 2..<5)
        let records: [Overlay::Record] = [
            .member(.news(card(1))), .member(.news(card(2))), .member(.news(verdict(2, by: 1, version: 7))),
            .member(.news(verdict(2, by: 3, version: 7))), .member(.news(departure(1, version: 9))),
            .member(.ownVersion(41)), .holding(.holding(small)), .holding(.holding(large)),
            .holding(.holding(holding(of: []))), .ledger(account(10)),
        ]
        do { try Database(at: path).write(records) }
        let restored = try Database(at: path).load()
        #expect(
            Set(restored.news)
                == [
                    card(1), card(2), verdict(2, by: 1, version: 7), verdict(2, by: 3, version: 7),
                    departure(1, version: 9),
                ])
        #expect(restored.lastVersion == 41)
        #expect(restored.holdings == [small, large, holding(of: [])].sorted { $0.file < $1.file })
        #expect(restored.ledger == account(10))
    }

    @Test func keepsWithdrawalsAndDenialsUntilTheyAreForgotten() throws {
        func withdrawal(_ file: UInt64, by publisher: UInt64, sequence: UInt64) -> RememberedWithdrawal {
            RememberedWithdrawal(
                Verified(
                    checked: Withdrawal(
                        file: FileID(Bytes32(file, 0, 0, 0)), publisher: node(publisher), sequence: sequence,
                        at: WallTime(milliseconds: 5), keptUntil: sequence == 2 ? WallTime(milliseconds: 9) : nil)),
                isEffective: publisher == 1)
        }
        let (one, other) = (Denial.file(FileID(Bytes32(7, 0, 0, 0))), Denial.publisher(node(7)))
        let records: [HoldingRecord] = [
            .withdrawal(withdrawal(2, by: 1, sequence: 1)), .withdrawal(withdrawal(1, by: 2, sequence: 1)),
            .withdrawal(withdrawal(1, by: 1, sequence: 1)), .withdrawal(withdrawal(1, by: 1, sequence: 2)),
            .denial(other), .denial(one), .denial(one),
        ]
        do { try Database(at: path).write(records.map { .holding($0) }) }
        let database = try Database(at: path)
        var restored = try database.load()
        #expect(
            restored.withdrawals == [
                withdrawal(1, by: 1, sequence: 2), withdrawal(1, by: 2, sequence: 1), withdrawal(2, by: 1, sequence: 1),
            ])
        #expect(restored.denials == [one, other])
        let file = withdrawal(1, by: 1, sequence: 1).file
        try database.write([.holding(.withdrawalForgotten(file, node(1))), .holding(.denialLifted(one))])
        restored = try database.load()
        #expect(
            restored.withdrawals == [withdrawal(1, by: 2, sequence: 1), withdrawal(2, by: 1, sequence: 1)])
        #expect(restored.denials == [other])
    }

    @Test func keepsWhatIsOwedUntilItIsSettledOrTheNodeIsAnother() throws {
        func draft(_ file: UInt64, by publisher: UInt64, sequence: UInt64) -> Withdrawal {
            Withdrawal(
                file: FileID(Bytes32(file, 0, 0, 0)), publisher: node(publisher), sequence: sequence,
                at: WallTime(milliseconds: 5), keptUntil: WallTime(milliseconds: 9))
        }
        let records: [HoldingRecord] = [
            .withdrawalOwed(draft(2, by: 1, sequence: 1)), .withdrawalOwed(draft(1, by: 1, sequence: 1)),
            .withdrawalOwed(draft(1, by: 1, sequence: 2)), .withdrawalOwed(draft(3, by: 2, sequence: 1)),
        ]
        do { try Database(at: path).write(records.map { .holding($0) }) }
        let database = try Database(at: path)
        #expect(try database.setDamagedAside().isNone)
        #expect(
            try database.load().owed
                == [draft(1, by: 1, sequence: 2), draft(2, by: 1, sequence: 1), draft(3, by: 2, sequence: 1)])
        try database.write([.holding(.withdrawalSettled(draft(2, by: 1, sequence: 1).file))])
        #expect(try database.load().owed == [draft(1, by: 1, sequence: 2), draft(3, by: 2, sequence: 1)])
        let own = NetworkMembership(founder: node(1), networkKey: .zero, certificate: nil, cardVersion: 3)
        _ = try database.leaveNetwork(founding: own, keepsPosted: true)
        #expect(try database.load().owed == [draft(1, by: 1, sequence: 2)])
    }

    @Test func keepsTheLastOfWhatHasOneKey() throws {
        let database = try Database(at: path)
        var file = holding(of: bytes(1_000_000))
        try database.write([
            .member(.news(card(1, version: 1))), .member(.news(verdict(5, by: 1, version: 1))), .member(.ownVersion(7)),
            .holding(.holding(file)), .ledger(account(5)),
        ])
        file.pieces.insert(1..<3)
        try database.write([
            .member(.news(card(1, version: 2))), .member(.news(verdict(5, by: 1, version: 2))), .member(.ownVersion(6)),
            .holding(.pieces(file.file, file.pieces)), .ledger(account(4)),
        ])
        var restored = try database.load()
        #expect(restored.news == [card(1, version: 2), verdict(5, by: 1, version: 2)])
        #expect(restored.lastVersion == 7)
        #expect(restored.holdings == [file])
        #expect(restored.ledger == account(4))

        file.pieces = Bitfield(count: 4, full: true)
        file.sha256 = Bytes32(1, 2, 3, 4)
        try database.write([
            .holding(.pieces(file.file, file.pieces)), .holding(.complete(file.file, sha256: Bytes32(1, 2, 3, 4))),
            .member(.forget(node(1))),
        ])
        restored = try database.load()
        #expect(restored.news == [verdict(5, by: 1, version: 2)])
        #expect(restored.holdings == [file])
        #expect(restored.holdings[0].isComplete)
    }

    @Test func forgetsAFileWithAllThatBelongsToIt() throws {
        let database = try Database(at: path)
        let file = holding(of: bytes(1000), pieces: 0..<1)
        try database.write([.holding(.holding(file)), .holding(.removed(file.file))])
        #expect(try database.load().holdings == [])
        // Progress that comes late is no mistake.
        try database.write([.holding(.pieces(file.file, file.pieces)), .holding(.complete(file.file, sha256: .zero))])
        #expect(try database.load().holdings == [])
        let fresh = holding(of: bytes(1000))
        try database.write([.holding(.holding(fresh))])
        #expect(try database.load().holdings == [fresh])
    }

    @Test func writesAllRecordsOrNone() throws {
        let database = try Database(at: path)
        try database.write([.ledger(account(5))])
        #expect(throws: StorageError.self) {
            try database.write([.ledger(account(6)), .member(.ownVersion(3)), .ledger(account(-10))])
        }
        #expect(try database.load().ledger == account(5))
        #expect(try database.load().lastVersion == 0)
    }

    @Test func isWholeAfterEveryWriteThoughTheProcessWereKilled() throws {
        let database = try Database(at: path)
        let copies = try Scratch()
        for number in 1...20 {
            let file = holding(of: bytes(number))
            try database.write([.ledger(account(number)), .holding(.holding(file))])
            // What another process finds is what a killed one leaves: nothing was closed, nothing is in memory only.
            for name in try names(in: scratch.path) where !name.hasSuffix("-shm") {
                try write(try content(of: scratch.path + "/" + name), to: copies.path + "/" + name)
            }
            let found = try Database(at: copies.path + "/potluck.sqlite").load()
            #expect(found.ledger == account(number))
            #expect(found.holdings.count == number)
            for name in try names(in: copies.path) { try removeFile(copies.path + "/" + name) }
        }
    }

    @Test func isAtItsLastWholeTransactionWhenTheLogIsTorn() throws {
        let database = try Database(at: path)
        try database.write([.ledger(account(1))])
        let log = path + "-wal"
        let before = try content(of: log).count
        try database.write([.ledger(account(2)), .holding(.holding(holding(of: bytes(5_000_000))))])
        let whole = try content(of: log)
        let copies = try Scratch()
        for length in stride(from: before, to: whole.count, by: 1009) {
            try write(try content(of: path), to: copies.path + "/potluck.sqlite")
            try write(Array(whole.prefix(length)), to: copies.path + "/potluck.sqlite-wal")
            let found = try Database(at: copies.path + "/potluck.sqlite").load()
            #expect(found.ledger == account(1))
            #expect(found.holdings == [])
            for name in try names(in: copies.path) { try removeFile(copies.path + "/" + name) }
        }
    }

    @Test func isRefusedAndLeftAloneWhenANewerVersionWroteIt() throws {
        do {
            let database = try Database(at: path)
            try database.write([.ledger(account(1))])
            try database.transaction { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('2 from the future')") }
        }
        // The first to close it moves the log into it.
        #expect(throws: StorageError.databaseNewer(path: path)) { try Database(at: path) }
        let before = try content(of: path)
        #expect(throws: StorageError.databaseNewer(path: path)) { try Database(at: path) }
        #expect(try content(of: path) == before)
    }

    @Test func isRefusedWhenItIsNoDatabase() throws {
        try write(bytes(10_000), to: path)
        let failure = #expect(throws: StorageError.self) { try Database(at: path) }
        guard case .databaseDamaged = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try content(of: path) == bytes(10_000))
    }

    @Test func isRefusedWhenItsPagesAreDamaged() throws {
        do {
            let database = try Database(at: path)
            for number in 1...50 { try database.write([.holding(.holding(holding(of: bytes(number))))]) }
        }
        var damaged = try content(of: path)
        // The page headers of all but the first two pages.
        for page in stride(from: 8192, to: damaged.count, by: 4096) { damaged[page] ^= 0xFF }
        try write(damaged, to: path)
        let failure = #expect(throws: StorageError.self) { try Database(at: path).load() }
        guard case .databaseDamaged = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func isNotMadeInADirectoryThatIsNotThere() {
        #expect(throws: StorageError.self) { try Database(at: scratch.path + "/none/potluck.sqlite") }
    }
}

@Suite struct NetworkTests {
    let scratch: Scratch
    let database: Storage::Database

    init() throws {
        scratch = try Scratch()
        database = try Storage::Database(at: scratch.path + "/potluck.sqlite")
    }

    @Test func aNodeBelongsToOneNetworkAtATime() throws {
        let founder = NetworkMembership(
            founder: node(1), networkKey: Bytes32(1, 2, 3, 4), certificate: nil, cardVersion: 3)
        try database.write(founder)
        #expect(try database.membership() == founder)
        let certificate = Certificate(
            subject: node(1), issuer: node(2), network: node(9), issuedAt: WallTime(milliseconds: 5))
        let member = NetworkMembership(
            founder: node(9), networkKey: .zero, certificate: certificate, cardVersion: 4)
        try database.write(member)
        #expect(try database.membership() == member)
    }

    @Test func certificatesAreRememberedByIssuerAndSubject() throws {
        func certificate(_ subject: UInt64, _ issuer: UInt64, at time: Int64 = 0) -> Verified<Certificate> {
            Verified(
                checked: Certificate(
                    subject: node(subject), issuer: node(issuer), network: node(1),
                    issuedAt: WallTime(milliseconds: time)))
        }
        try database.write([certificate(3, 2), certificate(2, 1), certificate(3, 1)])
        try database.write([certificate(3, 1, at: 8)])
        #expect(try database.certificates() == [certificate(2, 1), certificate(3, 1, at: 8), certificate(3, 2)])
    }

    @Test func theCertificateOfAMemberOutlivesItsCard() throws {
        let certificate = Certificate(
            subject: node(3), issuer: node(2), network: node(1), issuedAt: WallTime(milliseconds: 5))
        let member = Card(
            nodeID: node(3), agreementKey: .zero, network: node(1), version: 1, name: "n3",
            endpoints: [Endpoint("192.0.2.1:8080")].compactMap { $0 }, url: "http://192.0.2.1:8080", place: nil,
            share: .gigabytes(8), certificate: certificate)
        try database.write([
            .member(.news(Verified(checked: .card(member)))), .member(.news(card(1))),
            .member(.news(departure(3, version: 9))),
        ])
        #expect(try database.certificates() == [])
        // The founder has none, and of a stranger nothing is known.
        try database.write([.member(.forget(node(3))), .member(.forget(node(1))), .member(.forget(node(7)))])
        for database in [database, try Storage::Database(at: scratch.path + "/potluck.sqlite")] {
            #expect(try database.certificates() == [Verified(checked: certificate)])
            #expect(try database.load().news == [])
        }
    }

    @Test func leavingForgetsTheNetworkAndKeepsWhatIsTheNodesOwn() throws {
        let certificate = Certificate(
            subject: node(1), issuer: node(9), network: node(9), issuedAt: WallTime(milliseconds: 5))
        try database.write(
            NetworkMembership(founder: node(9), networkKey: .zero, certificate: certificate, cardVersion: 4))
        try database.write([Verified(checked: certificate)])
        try database.write(
            InviteRecord(secretHash: .zero, expires: WallTime(milliseconds: 9), usesLeft: 1),
            at: WallTime(milliseconds: 0))
        try database.set("yes", for: "network.isOpen")
        try database.set("kept", for: "other")
        let (own, others) = (holding(of: [1], isOwn: true), holding(of: [2]))
        try database.write([
            .member(.news(card(3))), .member(.ownVersion(7)), .holding(.holding(own)), .holding(.holding(others)),
            .holding(.denial(.publisher(node(5)))), .ledger(account(100)),
        ])

        let alone = NetworkMembership(
            founder: node(1), networkKey: Bytes32(1, 2, 3, 4), certificate: nil, cardVersion: 4)
        #expect(try database.leaveNetwork(founding: alone, keepsPosted: true) == [others.file])
        #expect(try database.leftovers() == [others.file], "until their bytes are gone")
        for database in [database, try Storage::Database(at: scratch.path + "/potluck.sqlite")] {
            #expect(try database.membership() == alone)
            #expect(try database.certificates() == [])
            #expect(try database.invites(at: WallTime(milliseconds: 0)) == [])
            #expect(try database.setting("network.isOpen") == nil)
            #expect(try database.setting("other") == "kept")
            let restored = try database.load()
            #expect(restored.news == [] && restored.holdings == [own] && restored.lastVersion == 7)
            #expect(restored.denials == [.publisher(node(5))] && restored.ledger == account(100))
        }
    }

    @Test func leavingUnderAnotherIdentityKeepsNothingThatTheOldOnePosted() throws {
        let (own, others) = (holding(of: [1], isOwn: true), holding(of: [2]))
        try database.write([.holding(.holding(own)), .holding(.holding(others)), .ledger(account(100))])
        let alone = NetworkMembership(
            founder: node(7), networkKey: Bytes32(1, 2, 3, 4), certificate: nil, cardVersion: 4)
        let dropped = try database.leaveNetwork(founding: alone, keepsPosted: false)
        #expect(Set(dropped) == [own.file, others.file])
        #expect(try database.leftovers() == [own.file, others.file])
        let restored = try database.load()
        #expect(restored.holdings == [] && restored.ledger == account(100))
    }

    @Test func settingsAreKeptReplacedAndForgotten() throws {
        #expect(try database.setting("url") == nil)
        try database.set("http://a", for: "url")
        try database.set("http://b", for: "url")
        try database.set("x", for: "other")
        #expect(try database.setting("url") == "http://b")
        try database.set(nil, for: "url")
        #expect(try database.setting("url") == nil)
        #expect(try database.setting("other") == "x")
    }
}

@Suite struct InviteTests {
    let scratch: Scratch
    let database: Storage::Database
    let now = WallTime(milliseconds: 1_000_000)
    let later = WallTime(milliseconds: 2_000_000)
    let secret = Bytes32(1, 1, 1, 1)

    init() throws {
        scratch = try Scratch()
        database = try Storage::Database(at: scratch.path + "/potluck.sqlite")
    }

    @Test func isGoodForAsManyNodesAsItHasUses() throws {
        try database.write(InviteRecord(secretHash: secret, expires: later, usesLeft: 2), at: now)
        #expect(try database.redeem(secret, by: node(1), at: now) == .redeemed)
        #expect(try database.invites(at: now) == [InviteRecord(secretHash: secret, expires: later, usesLeft: 1)])
        #expect(try database.redeem(secret, by: node(2), at: now) == .redeemed)
        #expect(try database.redeem(secret, by: node(3), at: now) == .usedUp)
        #expect(try database.invites(at: now) == [])
    }

    @Test func costsNoSecondUseForWhoAsksAgain() throws {
        try database.write(InviteRecord(secretHash: secret, expires: later, usesLeft: 1), at: now)
        #expect(try database.redeem(secret, by: node(1), at: now) == .redeemed)
        #expect(try database.redeem(secret, by: node(1), at: now) == .redeemed)
        #expect(try database.redeem(secret, by: node(2), at: now) == .usedUp)
    }

    @Test func isWorthNothingOnceExpiredOrWhenNobodyMadeIt() throws {
        try database.write(InviteRecord(secretHash: secret, expires: later, usesLeft: 1), at: now)
        #expect(try database.redeem(secret, by: node(1), at: later) == .expired)
        #expect(try database.redeem(Bytes32.zero, by: node(1), at: now) == .unknown)
        #expect(try database.redeem(secret, by: node(1), at: now) == .redeemed)
    }

    @Test func isForgottenLongAfterItExpired() throws {
        try database.write(InviteRecord(secretHash: secret, expires: later, usesLeft: 1), at: now)
        let muchLater = later + .seconds(31 * 86_400)
        try database.write(
            InviteRecord(secretHash: .zero, expires: muchLater + .seconds(1), usesLeft: 1), at: muchLater)
        #expect(try database.redeem(secret, by: node(1), at: muchLater) == .unknown)
    }

    @Test func isRedeemedNoMoreOftenThanAllowedHoweverManyAskAtOnce() async throws {
        try database.write(InviteRecord(secretHash: secret, expires: later, usesLeft: 5), at: now)
        let (database, secret, now) = (database, secret, now)
        let admitted = try await withThrowingTaskGroup(of: Redemption.self) { group in
            for number in 1...40 as ClosedRange<UInt64> {
                group.addTask { try database.redeem(secret, by: node(number), at: now) }
            }
            return try await group.reduce(into: 0) { $0 += $1 == .redeemed ? 1 : 0 }
        }
        #expect(admitted == 5)
    }
}
