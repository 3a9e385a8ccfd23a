import Primitives
import Routing
import Testing

/// Who is chosen when places do not decide.
struct SpreadTests {
    /// How often each node was chosen for one query, decided for good many times.
    private func shares(of router: Router, _ query: Query, draws: Int = 2000) -> [NodeID: Double] {
        var router = router
        var counts: [NodeID: Double] = [:]
        for draw in 0..<draws {
            // Far apart, so that this router's own debits have faded.
            let now = Table.now + .seconds(100 * Int64(draw))
            guard let chosen = router.decide(query, at: now).chosen else { continue }
            counts[chosen, default: 0] += 1 / Double(draws)
        }
        return counts
    }

    @Test func aCrowdIsSpreadOverHoldersInOnePlaceByWhatRemains() {
        let nodes = [
            Table.node(1, Table.berlin, remaining: .gigabytes(3), share: .gigabytes(3)),
            Table.node(2, Table.place(52.50, 13.30)), Table.node(3, Table.dallas),
        ]
        let shares = shares(of: Table.router(nodes), Table.query(from: Table.frankfurt))
        #expect(abs((shares[Table.id(1)] ?? 0) - 0.75) < 0.04)
        #expect(abs((shares[Table.id(2)] ?? 0) - 0.25) < 0.04)
        #expect(shares[Table.id(3)] == nil)
    }

    @Test func theLessLoadedOfTwoInOnePlaceIsChosen() {
        let nodes = [
            Table.node(1, Table.berlin, load: 5), Table.node(2, Table.place(52.50, 13.30), load: 2),
        ]
        let shares = shares(of: Table.router(nodes), Table.query(from: Table.frankfurt), draws: 64)
        #expect(shares == [Table.id(2): 1])
    }

    @Test func loadDoesNotSendAClientToAnotherCity() {
        let nodes = [Table.node(1, Table.berlin, load: 7), Table.node(2, Table.potsdam, load: 0)]
        #expect(Table.router(nodes).choice(Table.query(from: Table.berlin)) == Table.id(1))
    }

    @Test func clientsThatNobodyCanPlaceAreSpreadByLoadAndBudgetAlone() {
        let nodes = [
            Table.node(1, Table.berlin, remaining: .gigabytes(4), share: .gigabytes(8)),
            Table.node(2, Table.dallas, remaining: .gigabytes(2), share: .gigabytes(2)),
            Table.node(3, nil, remaining: .gigabytes(4), share: .gigabytes(4), load: 4),
        ]
        let shares = shares(of: Table.router(nodes), Table.query(from: nil))
        #expect(abs((shares[Table.id(1)] ?? 0) - 0.5) < 0.04)
        #expect(abs((shares[Table.id(2)] ?? 0) - 0.25) < 0.04)
        #expect(abs((shares[Table.id(3)] ?? 0) - 0.25) < 0.04)
        let decision = Table.router(nodes).explain(Table.query(from: nil), at: Table.now)
        #expect(decision.candidates.allSatisfy { $0.kilometres == nil && $0.roundTrip == nil })
    }

    @Test func aCrowdWithinOneStatusIsNotSentToOneHolderAlone() {
        // A gigabyte of requests from Berlin, decided before any status changes.
        var router = Table.router([Table.node(1, Table.frankfurt), Table.node(2, Table.dallas)])
        var counts: [NodeID: Int] = [:]
        for _ in 0..<100 {
            guard let chosen = router.decide(Table.query(from: Table.berlin), at: Table.now).chosen else { continue }
            counts[chosen, default: 0] += 1
        }
        #expect((counts[Table.id(1)] ?? 0) > (counts[Table.id(2)] ?? 0))
        #expect((counts[Table.id(2)] ?? 0) > 20)
    }

    @Test func debitsLastUntilTheNextStatusAndFade() {
        var router = Table.router([Table.node(1, Table.frankfurt, remaining: .megabytes(25))])
        let query = Table.query(from: Table.berlin)
        func remaining(after time: Duration) -> Exclusion.Reason? {
            router.explain(query, at: Table.now + time).exclusions.first?.reason
        }
        #expect(router.decide(query, at: Table.now).chosen == Table.id(1))
        #expect(router.decide(query, at: Table.now).chosen == Table.id(1))
        #expect(remaining(after: .zero) == .cannotAfford(remaining: .megabytes(5)))
        #expect(remaining(after: .seconds(15)) == nil, "a quarter of a minute, a quarter of 20 MB")
        router.apply(.node(Table.node(1, Table.frankfurt, remaining: .megabytes(25), load: 3)))
        #expect(remaining(after: .zero) == .cannotAfford(remaining: .megabytes(5)), "the same status changes nothing")
        router.apply(.node(Table.node(1, Table.frankfurt, remaining: .megabytes(18), version: 2)))
        #expect(remaining(after: .zero) == nil)
    }

    @Test func explainingHasNoConsequences() {
        let router = Table.router([Table.node(1, Table.berlin), Table.node(2, Table.berlin)])
        var later = router
        let explained = router.explain(Table.query(from: nil), at: Table.now)
        #expect(router.explain(Table.query(from: nil), at: Table.now) == explained)
        #expect(later.decide(Table.query(from: nil), at: Table.now) == explained)
    }

    @Test func theSameSeedDecidesTheSame() {
        let nodes = (1...5).map { Table.node($0, Table.berlin) }
        var first = Table.router(nodes, seed: 7)
        var second = Table.router(nodes, seed: 7)
        for _ in 0..<100 {
            let query = Table.query(from: nil)
            #expect(first.decide(query, at: Table.now) == second.decide(query, at: Table.now))
        }
    }
}
