import Catalogue
import GRDB
import Glibc
import Membership
import Overlay
@_spi(Verification) import Primitives
import Testing

@testable import Storage

private typealias Database = Storage::Database

@Suite struct DamageTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path + "/potluck.sqlite"
    }

    /// Closed again, so that all of it is in one file.
    private func make(_ records: [Overlay::Record]) throws {
        let database = try Database(at: path)
        try database.write(
            NetworkMembership(founder: node(7), networkKey: Bytes32(9, 9, 9, 9), certificate: nil, cardVersion: 3))
        try database.write(records)
    }

    /// Flips a bit of a value where it stands in the file.
    private func flip(_ value: [UInt8], at offset: Int = 0) throws {
        var content = try content(of: path)
        let places = content.indices.filter { content[$0...].starts(with: value) }
        try #require(!places.isEmpty)
        for place in places { content[place + offset] ^= 0x10 }
        try write(content, to: path)
    }

    private func expectRefusal(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
        let failure = #expect(throws: StorageError.self, comment, sourceLocation: sourceLocation) {
            let database = try Database(at: path)
            _ = try database.membership()
            _ = try database.load()
        }
        guard case .databaseDamaged = failure else {
            Issue.record("\(String(describing: failure))", sourceLocation: sourceLocation)
            return
        }
    }

    @Test func aBitOfTheAccountIsNotGuessed() throws {
        let spent = account(0x0123_4567_89AB)
        try make([.ledger(spent)])
        try flip([0x01, 0x23, 0x45, 0x67, 0x89, 0xAB], at: 2)
        expectRefusal("the account")
    }

    @Test func aBitOfTheNetworkIsNotGuessed() throws {
        try make([])
        try flip(Bytes32(9, 9, 9, 9).array, at: 11)
        expectRefusal("the network's key")
    }

    @Test func aBitOfAMembersStatementCostsThatStatement() throws {
        try make([.member(.news(card(1))), .member(.news(card(2))), .ledger(account(5)), .member(.ownVersion(4))])
        try flip(Array("http://192.0.2.1".utf8), at: 9)
        let database = try Database(at: path)
        var damage = Damage()
        damage.news = 2
        #expect(try database.setDamagedAside() == damage)
        #expect(try database.load().news == [])
        #expect(try database.load().ledger == account(5))
        #expect(try database.load().lastVersion == 4)
        #expect(try database.setDamagedAside().isNone)
        #expect(try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM damaged") } == 2)
    }

    @Test func aBitOfAHoldingCostsThatFile() throws {
        let (good, bad) = (holding(of: bytes(1000), isOwn: true), holding(of: bytes(2000), name: "a damaged file"))
        try make([.holding(.holding(good)), .holding(.holding(bad))])
        try flip(Array("a damaged file".utf8), at: 3)
        let database = try Database(at: path)
        let damage = try database.setDamagedAside()
        #expect(damage.holdings == [bad.file])
        #expect(damage.progress == [])
        #expect(try database.load().holdings == [good])
    }

    @Test func aBitOfWhatIsHereOfAFileHasItReadAgain() throws {
        var file = holding(of: bytes(1000), pieces: 0..<1, isOwn: true)
        file.sha256 = Bytes32(0xABCD_EF01_2345_6789, 2, 3, 4)
        try make([.holding(.holding(file))])
        try flip([0xAB, 0xCD, 0xEF, 0x01, 0x23, 0x45, 0x67, 0x89], at: 5)
        let database = try Database(at: path)
        let damage = try database.setDamagedAside()
        #expect(damage.holdings == [])
        #expect(damage.progress == [file.file])
        #expect(try database.load().holdings == [holding(of: bytes(1000), isOwn: true)])
        // What is found in the file afterwards is kept again.
        try database.write([.holding(.pieces(file.file, file.pieces)), .holding(.complete(file.file, sha256: .zero))])
        file.sha256 = .zero
        #expect(try database.load().holdings == [file])
        #expect(try database.setDamagedAside().isNone)
    }

    @Test func bitsOfCertificatesInvitesAndVersionsCostThose() throws {
        try make([.member(.ownVersion(0x0123_4567_89AB))])
        let now = WallTime(milliseconds: 1000)
        do {
            let database = try Database(at: path)
            let certificate = Certificate(
                subject: node(3), issuer: node(2), network: node(1), issuedAt: WallTime(milliseconds: 0x1234_5678_9ABC))
            try database.write([Verified(checked: certificate)])
            try database.write(
                InviteRecord(secretHash: .zero, expires: WallTime(milliseconds: 0x2345_6789_ABCD), usesLeft: 1), at: now
            )
            try database.write(
                InviteRecord(secretHash: Bytes32(1, 2, 3, 4), expires: WallTime(milliseconds: 7000), usesLeft: 2),
                at: now)
        }
        try flip([0x01, 0x23, 0x45, 0x67, 0x89, 0xAB], at: 3)
        try flip([0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC], at: 3)
        try flip([0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD], at: 3)
        let database = try Database(at: path)
        var damage = Damage()
        (damage.certificates, damage.invites, damage.others) = (1, 1, 1)
        #expect(try database.setDamagedAside() == damage)
        #expect(try database.certificates() == [])
        #expect(try database.redeem(.zero, by: node(9), at: now) == .unknown)
        #expect(try database.redeem(Bytes32(1, 2, 3, 4), by: node(9), at: now) == .redeemed)
        #expect(try database.invites(at: now).map(\.usesLeft) == [1])
        #expect(try database.setDamagedAside().isNone)
        #expect(try database.load().lastVersion == 0)
    }

    @Test func whateverBitFlipsTheAccountNeverShrinks() throws {
        let spent = account(1_000_000_007)
        try make([.ledger(account(9)), .ledger(spent), .member(.ownVersion(41)), .member(.news(card(1)))])
        let whole = try content(of: path)
        var generator = Generator(seed: 7)
        var (refused, right) = (0, 0)
        for _ in 0..<100 {
            var damaged = whole
            // Above all where there is something.
            let places = whole.indices.filter { whole[$0] != 0 }
            let place = places[Int(generator.next() % UInt64(places.count))]
            damaged[place] ^= 1 << UInt8(generator.next() % 8)
            for name in try names(in: scratch.path) where name.contains("-wal") || name.contains("-shm") {
                try removeFile(scratch.path + "/" + name)
            }
            try write(damaged, to: path)
            // Refused, or right.
            guard let restored = try restoredUnlessDamaged() else {
                refused += 1
                continue
            }
            right += 1
            #expect(restored.ledger == spent, "bit of byte \(place)")
            #expect([[], [card(1)]].contains(restored.news), "bit of byte \(place)")
            #expect([0, 41].contains(restored.lastVersion), "bit of byte \(place)")
        }
        // Neither does it refuse whatever is not as it was, nor take everything.
        #expect(refused >= 10 && right >= 10, "\(refused) refused, \(right) right")
    }

    /// What a node would go on with; nothing where it refuses to.
    private func restoredUnlessDamaged() throws -> Restored? {
        do throws(StorageError) {
            let database = try Database(at: path)
            _ = try database.setDamagedAside()
            return try database.load()
        } catch {
            switch error {
            case .databaseDamaged, .databaseNewer: return nil
            default: throw error
            }
        }
    }

    @Test func rowsFromBeforeThereWereChecksumsGetThem() throws {
        let file = holding(of: bytes(1000), pieces: 0..<1, isOwn: true)
        do {
            let queue = try DatabaseQueue(path: path)
            try Schema.migrator.migrate(queue, upTo: "1 members, holdings, account")
            try queue.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO account VALUES (1, 1000, 2000, 5, 6, 7, 8);
                        INSERT INTO own_version VALUES (1, 41);
                        INSERT INTO network VALUES (1, zeroblob(32), zeroblob(32), NULL, 3);
                        """)
                try database.execute(
                    sql: "INSERT INTO holdings VALUES (?, ?, 1)",
                    arguments: [file.file.bytes.data, file.manifest.value.wireData])
                try database.execute(
                    sql: "INSERT INTO progress VALUES (?, ?, NULL)",
                    arguments: [file.file.bytes.data, file.pieces.wireData])
            }
        }
        let database = try Database(at: path)
        #expect(try database.setDamagedAside().isNone)
        #expect(try database.load().ledger == account(5))
        #expect(try database.load().holdings == [file])
        #expect(try database.membership()?.cardVersion == 3)
    }

    @Test func withdrawalsFromBeforeTheirEffectWasKeptStayAndDamagedOnesAreStillFound() throws {
        let kept = (1...3).map { number in
            Withdrawal(
                file: FileID(Bytes32(number, 0, 0, 0)), publisher: node(1), sequence: number,
                at: WallTime(milliseconds: 5), keptUntil: nil)
        }
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { $0.add(function: RowSum.function) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try Schema.migrator.migrate(queue, upTo: "4 leftovers")
            try queue.write { database in
                for withdrawal in kept {
                    try database.execute(
                        sql: "INSERT INTO withdrawals VALUES (?1, ?2, ?3, row_sum('withdrawals', ?1, ?2, ?3))",
                        arguments: [
                            withdrawal.file.bytes.data, withdrawal.publisher.bytes.data, withdrawal.wireData,
                        ])
                }
                try database.execute(
                    sql: "UPDATE withdrawals SET checksum = checksum + 1 WHERE file = ?",
                    arguments: [kept[1].file.bytes.data])
            }
        }
        let database = try Database(at: path)
        #expect(try database.setDamagedAside().withdrawals == 1)
        #expect(
            try database.load().withdrawals
                == [kept[0], kept[2]].map { RememberedWithdrawal(Verified(checked: $0), isEffective: false) })
    }
}

@Suite struct AccountFileTests {
    let scratch: Scratch
    let path: String
    let file: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path + "/potluck.sqlite"
        file = path + "-account"
    }

    @Test func whatTheDatabaseLostIsStillCounted() throws {
        do {
            let database = try Database(at: path)
            try database.write([.ledger(account(100))])
        }
        let before = try content(of: path)
        do {
            let database = try Database(at: path)
            try database.write([.ledger(account(200))])
            try database.write([.ledger(account(300))])
        }
        // A backup of the database alone was brought back.
        for name in ["-wal", "-shm"] { try removeFile(path + name) }
        try write(before, to: path)
        #expect(try Database(at: path).load().ledger == account(300))
    }

    @Test func theDatabaseCountsWhereItIsAheadOfTheFile() throws {
        let database = try Database(at: path)
        try database.write([.ledger(account(100))])
        let before = try content(of: file)
        // Less than before: what was leased in vain is given back.
        try database.write([.ledger(account(50))])
        try write(before, to: file)
        #expect(try Database(at: path).load().ledger == account(50))
    }

    @Test func aLeaseThatTheDatabaseCouldNotTakeIsThereAfterACrash() throws {
        let database = try Database(at: path)
        try database.write([.ledger(account(100))])
        try database.writeAside(account(200))
        try database.writeAside(account(300))
        let found = try Database(at: path)
        #expect(try found.load().ledger == account(300))
        try found.write([.ledger(account(350))])
        #expect(try Database(at: path).load().ledger == account(350))
    }

    @Test(arguments: [0, 1])
    func oneDamagedSlotIsHarmlessAndTwoAreRefused(slot: Int) throws {
        try Database(at: path).writeAside(account(300))
        var damaged = try content(of: file)
        damaged[slot * 4096 + 50] ^= 4
        try write(damaged, to: file)
        #expect(try Database(at: path).load().ledger == account(300))
        damaged[(1 - slot) * 4096 + 33] ^= 4
        try write(damaged, to: file)
        #expect(throws: StorageError.accountDamaged(path: file)) { try Database(at: path) }
    }

    @Test(arguments: [96, 4095, 4096, 4097, 4196, 8191, 8193, 100_000])
    func anotherLengthKeepsTheEntryThatIsThere(length: Int) throws {
        try Database(at: path).writeAside(account(300))
        var bytes = try content(of: file)
        bytes = Array(bytes.prefix(length)) + [UInt8](repeating: 7, count: max(0, length - bytes.count))
        try write(bytes, to: file)
        #expect(try Database(at: path).load().ledger == account(300))
        #expect(try content(of: file).count == 8192)
        // Both slots have it again.
        for slot in 0..<2 {
            var damaged = try content(of: file)
            damaged[slot * 4096 + 50] ^= 4
            try write(damaged, to: file)
            #expect(try Database(at: path).load().ledger == account(300))
            damaged[slot * 4096 + 50] ^= 4
            try write(damaged, to: file)
        }
    }

    @Test func zerosOfAnyLengthAreAFileThatWasBeingMade() throws {
        do { try Database(at: path).write([.ledger(account(100))]) }
        for length in [0, 1, 4096, 8191, 8192] {
            try write([UInt8](repeating: 0, count: length), to: file)
            #expect(try Database(at: path).load().ledger == account(100))
            #expect(try content(of: file) == [UInt8](repeating: 0, count: 8192))
        }
    }

    @Test func whatReadsAsNothingIsNotBlankedWhateverItsLength() throws {
        try Database(at: path).writeAside(account(300))
        let whole = try content(of: file)
        // The first slot is cut short, or longer than ever with nothing that reads.
        for bytes in [Array(whole.prefix(50)), Array(whole.prefix(1)), [UInt8](repeating: 0, count: 8192) + [1]] {
            try write(bytes, to: file)
            #expect(throws: StorageError.accountDamaged(path: file)) { try Database(at: path) }
            #expect(try content(of: file) == bytes)
        }
    }

    @Test func isForItsOwnerAlone() throws {
        _ = try Database(at: path)
        #expect(mode(of: file) == 0o600)
    }
}
