import Catalogue
import Primitives
import Testing

@Suite("The withdrawals that a node remembers")
struct WithdrawalTableTests {
    let own = Sample.node(1)
    let honest = Sample.node(60)

    func withdrawal(_ file: UInt64, by publisher: NodeID, sequence: UInt64 = 1, at second: Int64 = 0) -> Withdrawal {
        Withdrawal(
            file: FileID(Bytes32(Generator.mix(file), file, 0, 0)), publisher: publisher, sequence: sequence,
            at: Sample.wall + .seconds(second), keptUntil: nil)
    }

    static func small() -> Curator.Limits {
        var limits = Curator.Limits()
        limits.withdrawals = 100
        limits.withdrawalsPerPublisher = 10
        limits.withdrawalsPerFile = 4
        return limits
    }

    /// A node and what of its withdrawals is durable.
    struct Keeper {
        var bench: Bench
        var disk: [RememberedWithdrawal] = []

        init(own: NodeID, limits: Curator.Limits) {
            bench = Bench(own: own, members: [Sample.facts(Sample.node(2))], limits: limits)
        }

        /// The node begins anew with what is durable.
        mutating func restart(limits: Curator.Limits) {
            bench = Bench(
                own: bench.own, members: [Sample.facts(Sample.node(2))], withdrawals: disk, limits: limits)
        }

        mutating func hear(_ withdrawals: [Withdrawal]) {
            write(bench.ask(.announce([], [], withdrawals), from: Sample.node(2)))
        }

        mutating func write(_ actions: [Curator.Action]) {
            for record in actions.records {
                switch record {
                case .withdrawal(let withdrawal):
                    disk.removeAll { $0.file == withdrawal.file && $0.publisher == withdrawal.publisher }
                    disk.append(withdrawal)
                case .withdrawalForgotten(let file, let publisher):
                    disk.removeAll { $0.file == file && $0.publisher == publisher }
                default: break
                }
            }
        }

        var known: [Withdrawal] { bench.curator.withdrawn.map(\.value) }

        func known(by publisher: NodeID) -> [Withdrawal] { known.filter { $0.publisher == publisher } }

        /// What is on disk is what is remembered.
        var isDurable: Bool { Set(disk.map(\.statement.value)) == Set(known) && disk.count == known.count }
    }

    @Test("are bounded: 10,000 in all, 1000 of one publisher, 16 of one file")
    func bounds() {
        let limits = Curator.Limits()
        #expect(limits.withdrawals == 10_000)
        #expect(limits.withdrawalsPerPublisher == 1000)
        #expect(limits.withdrawalsPerFile == 16)
    }

    @Test("of a publisher that floods displace its own, the oldest first, and nobody else's")
    func oneFloods() {
        var keeper = Keeper(own: own, limits: Self.small())
        let kept = (0..<5).map { withdrawal($0, by: honest) }
        keeper.hear(kept)
        let flooder = Sample.node(70)
        for number in 0..<200 { keeper.hear([withdrawal(1000 + UInt64(number), by: flooder, at: Int64(number))]) }
        #expect(Set(keeper.known(by: honest)) == Set(kept))
        let last = (190..<200).map { withdrawal(1000 + UInt64($0), by: flooder, at: Int64($0)) }
        #expect(Set(keeper.known(by: flooder)) == Set(last))
        #expect(keeper.isDurable)
    }

    @Test("of many that flood displace those of whoever has most, and this node's own last")
    func manyFlood() {
        var keeper = Keeper(own: own, limits: Self.small())
        var mine: [Withdrawal] = []
        for seed in 1...20 {
            let manifest = Sample.manifest(length: .kibibytes(1), publisher: own, replicas: 0, seed: UInt64(seed))
            keeper.bench.tell(.posted(.believed(manifest), sha256: manifest.posting.sha256))
            mine.append(manifest.posting.withdrawal)
            keeper.write(keeper.bench.tell(.withdrawalSigned(.believed(manifest.posting.withdrawal))))
        }
        let kept = (0..<5).map { withdrawal($0, by: honest) }
        keeper.hear(kept)
        for number in 0..<UInt64(600) {
            keeper.hear([withdrawal(1000 + number, by: Sample.node(100 + number % 12), at: Int64(number))])
            #expect(keeper.known.count <= 100)
        }
        #expect(keeper.known.count == 100)
        #expect(Set(keeper.known(by: own)) == Set(mine))
        #expect(Set(keeper.known(by: honest)) == Set(kept))
        #expect(keeper.isDurable)
    }

    @Test("of one file give way only to those that withdraw what is known here")
    func oneFile() {
        var keeper = Keeper(own: own, limits: Self.small())
        let manifest = Sample.manifest(length: .kibibytes(1), publisher: honest, replicas: 0)
        let file = manifest.file
        func empty(_ number: UInt64) -> Withdrawal {
            Withdrawal(file: file, publisher: Sample.node(200 + number), sequence: 1, at: Sample.wall, keptUntil: nil)
        }
        keeper.hear((0..<10).map { empty($0) })
        #expect(Set(keeper.known) == Set((0..<4).map { empty($0) }))
        keeper.bench.ask(.announce([], [manifest.posting]), from: honest)
        #expect(keeper.bench.curator.route(of: file) != nil)
        keeper.hear([manifest.posting.withdrawal])
        #expect(keeper.known(by: honest) == [manifest.posting.withdrawal])
        #expect(keeper.known.count == 4)
        keeper.bench.want(file, .unknown)
        #expect(keeper.bench.curator.ending(of: file) == .withdrawn)
        keeper.hear((10..<30).map { empty($0) })
        #expect(keeper.known(by: honest) == [manifest.posting.withdrawal])
        #expect(keeper.isDurable)
    }

    @Test("and withdrew what was known here keep their places over restarts, also when they are replaced")
    func restarts() {
        var keeper = Keeper(own: own, limits: Self.small())
        let manifest = Sample.manifest(length: .kibibytes(1), publisher: honest, replicas: 0)
        let again = manifest.posting.altered(sequence: 2)
        func empty(_ number: UInt64) -> Withdrawal {
            Withdrawal(
                file: manifest.file, publisher: Sample.node(200 + number), sequence: 1, at: Sample.wall, keptUntil: nil)
        }
        // Needed for a shorter time than those of the strangers: without an effect it would be the first to go.
        func brief(_ posting: Posting) -> Withdrawal {
            Withdrawal(
                file: posting.file, publisher: posting.publisher, sequence: posting.sequence, at: Sample.wall,
                keptUntil: Sample.wall + .seconds(86_400))
        }
        keeper.write(keeper.bench.ask(.announce([], [manifest.posting]), from: honest))
        keeper.hear([brief(manifest.posting)])
        keeper.restart(limits: Self.small())
        // Nothing is known of its posting by now.
        keeper.hear([brief(again)])
        keeper.hear((0..<3).map { empty($0) })
        keeper.restart(limits: Self.small())
        let other = Sample.node(61)
        keeper.bench.ask(.announce([], [manifest.posting.altered(by: other)]), from: other)
        keeper.hear([manifest.posting.altered(by: other).withdrawal])
        #expect(keeper.known.count == 4)
        #expect(keeper.known(by: honest) == [brief(again)])
        #expect(keeper.known(by: other).count == 1)
        #expect(keeper.disk.filter(\.isEffective).map(\.publisher) == [honest, other])
        #expect(keeper.isDurable)
    }

    @Test("count by their sequence, whatever comes when", arguments: 0..<20 as Range<UInt64>)
    func sequences(seed: UInt64) {
        var generator = Generator(seed: seed)
        var keeper = Keeper(own: own, limits: Self.small())
        var highest: [NodeID: UInt64] = [:]
        for _ in 0..<50 {
            let publisher = Sample.node(UInt64.random(in: 60..<63, using: &generator))
            let sequence = UInt64.random(in: 0...20, using: &generator)
            highest[publisher] = max(highest[publisher] ?? 0, sequence)
            keeper.hear([withdrawal(1, by: publisher, sequence: sequence)])
        }
        let known = Dictionary(uniqueKeysWithValues: keeper.known.map { ($0.publisher, $0.sequence) })
        #expect(known == highest)
        #expect(keeper.isDurable)
    }

    @Test("are forgotten when nobody needs them any more, and not taken after that")
    func ends() {
        var keeper = Keeper(own: own, limits: Self.small())
        let brief = Withdrawal(
            file: FileID(Bytes32(1, 2, 3, 4)), publisher: honest, sequence: 1, at: Sample.wall,
            keptUntil: Sample.wall + .seconds(30))
        keeper.hear([brief, withdrawal(1, by: honest)])
        #expect(keeper.known.count == 2)
        keeper.write(keeper.bench.wait(.seconds(40)))
        #expect(keeper.known == [withdrawal(1, by: honest)])
        keeper.hear([brief])
        #expect(keeper.known == [withdrawal(1, by: honest)])
        #expect(keeper.isDurable)
    }
}
