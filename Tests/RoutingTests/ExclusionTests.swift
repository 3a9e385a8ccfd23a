import Primitives
import Routing
import Testing

/// Who may not serve, and what happens when nobody may.
struct ExclusionTests {
    private func decision(
        _ node: RoutingNode, vouched: RoutingFile.Vouched = .network, isComplete: Bool = true, tried: [UInt64] = [],
        family: AddressFamilies = .v4
    ) -> Decision {
        let file = Table.file(vouched: vouched, holders: [RoutingHolder(id: node.id, isComplete: isComplete)])
        return Table.router([node], file: file)
            .explain(Table.query(from: Table.berlin, family: family, tried: tried), at: Table.now)
    }

    private func nobody(_ shortage: Shortage, _ reason: Exclusion.Reason, _ number: UInt64 = 2) -> Decision {
        Decision(
            choice: .nobody(shortage), candidates: [], exclusions: [Exclusion(node: Table.id(number), reason: reason)])
    }

    @Test func aFileNobodyHasToldOfIsUnknown() {
        let router = Router(own: Table.own, generator: Generator(seed: 1))
        #expect(
            router.explain(Table.query(from: nil), at: Table.now)
                == Decision(choice: .unknown, candidates: [], exclusions: []))
    }

    @Test func aFileWithoutHoldersIsServedByNobody() {
        let router = Table.router([], file: Table.file(holders: []))
        #expect(
            router.explain(Table.query(from: nil), at: Table.now)
                == Decision(choice: .nobody(.unreachable), candidates: [], exclusions: []))
    }

    @Test func everyExclusionHasItsReason() {
        #expect(decision(Table.node(2, nil, isAlive: false)) == nobody(.unreachable, .dead))
        #expect(decision(Table.node(2, nil), vouched: .named([Table.id(5)])) == nobody(.unreachable, .notVouched))
        #expect(decision(Table.node(2, nil), isComplete: false) == nobody(.filling, .incomplete))
        #expect(
            decision(Table.node(2, nil, remaining: .megabytes(9)))
                == nobody(.exhausted, .cannotAfford(remaining: .megabytes(9))))
        #expect(decision(Table.node(2, nil), tried: [2]) == nobody(.unreachable, .alreadyTried))
        #expect(decision(Table.node(2, nil, families: .v6)) == nobody(.unreachable, .wrongFamily))
        #expect(decision(Table.node(2, nil), tried: [5, 0]) == nobody(.unreachable, .redirectedEnough))
    }

    @Test func aHolderThatLeftTheTableIsNoMember() {
        var router = Table.router([Table.node(2, Table.berlin)])
        router.apply(.nodeGone(Table.id(2)))
        #expect(router.explain(Table.query(from: nil), at: Table.now) == nobody(.unreachable, .notMember))
    }

    @Test func aFileThatIsGoneIsUnknown() {
        var router = Table.router([Table.node(2, Table.berlin)])
        router.apply(.fileGone(Table.file))
        #expect(router.explain(Table.query(from: nil), at: Table.now).choice == .unknown)
        #expect(router[Table.file] == nil)
    }

    @Test func thePublisherAndThoseItNamesMayServe() {
        let vouched = RoutingFile.Vouched.named([Table.id(3)])
        let holders = (1...3).map { RoutingHolder(id: Table.id($0), isComplete: true) }
        let nodes = (1...3).map { Table.node($0, Table.berlin) }
        let file = Table.file(vouched: vouched, holders: holders, own: .complete)
        let decision = Table.router(nodes, file: file).explain(Table.query(from: nil), at: Table.now)
        #expect(Set(decision.candidates.map(\.node.id)) == [Table.id(1), Table.id(3)])
        #expect(
            decision.exclusions == [
                Exclusion(node: Table.own, reason: .notVouched), Exclusion(node: Table.id(2), reason: .notVouched),
            ])
    }

    @Test func oneWhoCouldButHasSpentEverythingMeansExhausted() {
        let nodes = [Table.node(1, nil, isAlive: false), Table.node(2, nil, remaining: .zero), Table.node(3, nil)]
        let holders = [(1, true), (2, true), (3, false)].map { RoutingHolder(id: Table.id($0.0), isComplete: $0.1) }
        let router = Table.router(nodes, file: Table.file(holders: holders))
        #expect(router.explain(Table.query(from: nil), at: Table.now).choice == .nobody(.exhausted))
    }

    @Test func onlyTheBytesAskedForMustBeAffordable() {
        let router = Table.router([Table.node(2, Table.berlin, remaining: .megabytes(1))])
        #expect(router.choice(Table.query(from: Table.berlin)) == nil)
        #expect(router.choice(Table.query(from: Table.berlin, bytes: 0..<1_000_000)) == Table.id(2))
        #expect(router.choice(Table.query(from: Table.berlin, bytes: 9_500_000..<Int64.max)) == Table.id(2))
        #expect(router.choice(Table.query(from: Table.berlin, bytes: Int64.min..<Int64.max)) == nil)
    }

    @Test func anOwnCopyThatIsFillingServesTheRangesItHas() {
        let own = RoutingFile.OwnCopy.filling(pieceSize: .mebibytes(1), has: [0..<1_000_000, 5_000_000..<7_000_000])
        let router = Table.router([], ownCopy: own)
        func choice(_ bytes: Range<Int64>?) -> Choice {
            router.explain(Table.query(from: nil, bytes: bytes), at: Table.now).choice
        }
        #expect(choice(0..<1_000_000) == .here)
        #expect(choice(5_500_000..<7_000_000) == .here)
        #expect(choice(0..<1_000_001) == .nobody(.filling))
        #expect(choice(999_999..<5_000_001) == .nobody(.filling))
        #expect(choice(4_999_999..<5_500_000) == .nobody(.filling))
        #expect(choice(8_000_000..<9_000_000) == .nobody(.filling))
        #expect(choice(nil) == .nobody(.filling))
    }

    @Test func ownBudgetIsTheAccountsNotTheStatuses() {
        let router = Table.router([], ownCopy: .complete)
        #expect(router.choice(Table.query(from: nil, ownRemaining: .megabytes(10))) == Table.own)
        let decision = router.explain(
            Table.query(from: nil, ownRemaining: ByteCount(9_999_999 as Int64)), at: Table.now)
        #expect(decision == nobody(.exhausted, .cannotAfford(remaining: ByteCount(9_999_999 as Int64)), 0))
    }

    @Test func smallResponsesStayWhereTheyAreAsked() {
        let near = Table.node(1, Table.berlin)
        let router = Table.router([near], ownCopy: .complete)
        #expect(router.choice(Table.query(from: Table.berlin, bytes: 0..<65_535)) == Table.own)
        #expect(router.choice(Table.query(from: Table.berlin, bytes: 0..<65_536)) == Table.id(1))
        #expect(
            Table.router([near]).choice(Table.query(from: Table.berlin, bytes: 0..<10)) == Table.id(1),
            "unless they are not here")
        #expect(
            router.choice(Table.query(from: Table.berlin, bytes: 0..<10, ownRemaining: .zero)) == Table.id(1),
            "or cannot be afforded")
    }

    @Test func anEmptyFileIsServedEvenByTheSpent() {
        let file = Table.file(length: .zero, holders: [], own: .complete)
        #expect(Table.router([], file: file).choice(Table.query(from: nil, ownRemaining: .zero)) == Table.own)
    }

    @Test func whoWasSentHereIsServedHere() {
        let router = Table.router([Table.node(1, Table.berlin)], ownCopy: .complete)
        #expect(router.choice(Table.query(from: Table.berlin)) == Table.id(1))
        #expect(router.choice(Table.query(from: Table.berlin, tried: [0])) == Table.own)
        #expect(router.choice(Table.query(from: Table.berlin, tried: [2, 0])) == Table.own)
    }

    @Test func whoWasSentHereInVainIsSentOnceMore() {
        let nodes = [Table.node(1, Table.berlin), Table.node(2, Table.dallas)]
        let router = Table.router(nodes, ownCopy: .complete)
        #expect(router.choice(Table.query(from: Table.berlin, tried: [0], ownRemaining: .zero)) == Table.id(1))
        let last = router.explain(Table.query(from: Table.berlin, tried: [1, 0], ownRemaining: .zero), at: Table.now)
        #expect(last.choice == .nobody(.exhausted))
        #expect(last.exclusions.map(\.reason) == [.cannotAfford(remaining: .zero), .alreadyTried, .redirectedEnough])
    }

    @Test func everythingIsExplainedInWords() {
        let decision = Table.router([Table.node(1, Table.frankfurt, load: 2)])
            .explain(Table.query(from: Table.berlin), at: Table.now)
        #expect(
            decision.candidates.map(\.description) == [
                "423 km, 11 ms predicted, 0 % spent (weight 0.632), load 2: score 0.623"
            ])
        #expect(
            Exclusion.Reason.cannotAfford(remaining: .megabytes(9)).description
                == "cannot afford it: 9.00 MB of its allowance are left")
    }
}
