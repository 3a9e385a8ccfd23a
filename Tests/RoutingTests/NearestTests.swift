import Primitives
import Routing
import Testing

/// Who is chosen when places decide.
struct NearestTests {
    private let world = [
        Table.node(1, Table.frankfurt), Table.node(2, Table.dallas), Table.node(3, Table.tokyo),
    ]

    @Test func clientsAreSentToTheNearestHolder() {
        let router = Table.router(world)
        #expect(router.choice(Table.query(from: Table.berlin)) == Table.id(1))
        #expect(router.choice(Table.query(from: Table.place(40.7, -74.0))) == Table.id(2))
        #expect(router.choice(Table.query(from: Table.place(34.7, 135.5))) == Table.id(3))
    }

    @Test func ownCopyServesWhoeverIsNearestToIt() {
        let router = Table.router(world, ownCopy: .complete)
        #expect(router.explain(Table.query(from: Table.place(-37.8, 145.0)), at: Table.now).choice == .here)
        #expect(router.choice(Table.query(from: Table.berlin)) == Table.id(1))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func holdersWithEqualBudgetsAreChosenAsByBruteForce(seed: UInt64) {
        var generator = Generator(seed: seed)
        for _ in 0..<100 {
            let nodes = (1...Int.random(in: 1...8, using: &generator)).map {
                Table.node(UInt64($0), randomPlace(&generator))
            }
            let router = Table.router(nodes)
            let client = randomPlace(&generator)
            let nearest = nodes.min { distance($0, client) < distance($1, client) }
            let decision = router.explain(Table.query(from: client), at: Table.now)
            let chosen = nodes.first { $0.id == decision.chosen }
            // Holders in one place are as good as each other, whichever is nearer by a street.
            if let chosen, let nearest, distance(chosen, nearest.place) > Router.onePlaceKilometres {
                Issue.record("chose \(chosen) where \(nearest) was nearer to \(client)")
            }
            let scores = decision.candidates.map(\.score)
            #expect(zip(scores, scores.dropFirst()).allSatisfy { $0 * (1 + Router.nearTie) >= $1 })
        }
    }

    @Test func theDistanceIsTheGreatCircle() {
        let decision = Table.router(world).explain(Table.query(from: Table.berlin), at: Table.now)
        for candidate in decision.candidates {
            let expected = Table.berlin.distance(to: candidate.node.place ?? Table.berlin)
            #expect(abs((candidate.kilometres ?? -1) - expected) < 1e-6)
        }
        #expect(decision.candidates.map(\.node.id) == [Table.id(1), Table.id(2), Table.id(3)])
    }

    @Test func aNearHolderThatIsNearlySpentYieldsToAFarOne() {
        let nodes = [
            Table.node(1, Table.frankfurt, remaining: .megabytes(50)), Table.node(2, Table.dallas),
        ]
        #expect(Table.router(nodes).choice(Table.query(from: Table.berlin)) == Table.id(2))
    }

    @Test func aFreshHolderIsFreshThoughItsStatusRoundsDown() {
        // 0.85 of the share is within one quarter power of two of all of it.
        let nodes = [
            Table.node(1, Table.frankfurt, remaining: .megabytes(850)), Table.node(2, Table.dallas),
        ]
        let decision = Table.router(nodes).explain(Table.query(from: Table.berlin), at: Table.now)
        #expect(decision.candidates.map(\.spent) == [0, 0])
        #expect(decision.chosen == Table.id(1))
    }

    @Test func aHolderThatNobodyCanPlaceComesAfterNearOnesAndBeforeFarOnes() {
        let nodes = [Table.node(1, Table.frankfurt), Table.node(2, nil), Table.node(3, Table.sydney)]
        let decision = Table.router(nodes).explain(Table.query(from: Table.berlin), at: Table.now)
        #expect(decision.candidates.map(\.node.id) == [Table.id(1), Table.id(2), Table.id(3)])
        #expect(decision.candidates[1].kilometres == nil)
    }

    private func distance(_ node: RoutingNode, _ place: Place?) -> Double {
        guard let own = node.place, let place else { return .infinity }
        return own.distance(to: place)
    }

    private func randomPlace(_ generator: inout Generator) -> Place {
        Table.place(Double.random(in: -60...70, using: &generator), Double.random(in: -180...180, using: &generator))
    }
}
