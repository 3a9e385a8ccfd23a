import Primitives
import Routing
import Testing

/// What coordinates, and probes that stay without an answer, change about who is chosen.
struct StandTests {
    private func node(
        _ number: UInt64, _ place: Place?, _ coordinate: Coordinate? = nil, isPassedOver: Bool = false,
        version: UInt64 = 1
    ) -> RoutingNode {
        RoutingNode(
            id: Table.id(number), url: "http://192.0.2.\(number):8080", place: place, coordinate: coordinate,
            remaining: .gigabytes(1), share: .gigabytes(1), load: 0, isAlive: true, isPassedOver: isPassedOver,
            families: .v4, statusVersion: version)
    }

    /// Where a place would put it, shifted by so many milliseconds eastwards or so, and sure of it.
    private func stand(_ place: Place, shifted milliseconds: Int16 = 0, height: UInt16 = 25, error: UInt8 = 30)
        -> Coordinate
    {
        var coordinate = Coordinate(place)
        coordinate.y += milliseconds * 10
        coordinate.height = height
        coordinate.error = error
        return coordinate
    }

    private func milliseconds(_ router: Router, from client: Place) -> [NodeID: Double] {
        let decision = router.explain(Table.query(from: client), at: Table.now)
        return Dictionary(
            uniqueKeysWithValues: decision.candidates.map {
                ($0.node.id, Double($0.roundTrip?.wholeNanoseconds ?? 0) / 1_000_000)
            })
    }

    @Test func aNodeThatAnswersNoProbesIsPassedOverUntilItDoes() {
        var router = Table.router([node(1, Table.berlin), node(2, Table.dallas)])
        let query = Table.query(from: Table.berlin)
        #expect(router.choice(query) == Table.id(1))
        router.apply(.node(node(1, Table.berlin, isPassedOver: true)))
        let decision = router.explain(query, at: Table.now)
        #expect(decision.chosen == Table.id(2))
        #expect(decision.exclusions == [Exclusion(node: Table.id(1), reason: .passedOver)])
        router.apply(.node(node(1, Table.berlin)))
        #expect(router.choice(query) == Table.id(1))
    }

    @Test func clientsAreWhereMembersNearThemStand() {
        // All that is in Europe stands 40 ms away from where maps would have it, and Dallas 40 ms nearer to that.
        let near = stand(Table.frankfurt, shifted: 40)
        let router = Table.router([
            node(1, Table.frankfurt, near), node(2, Table.potsdam, stand(Table.potsdam, shifted: 40)),
            node(3, Table.dallas, stand(Table.dallas, shifted: 40)),
        ])
        let found = milliseconds(router, from: Table.frankfurt)
        #expect(abs((found[Table.id(1)] ?? 0) - 5) < 3)
        let place = Table.router([node(1, Table.frankfurt), node(3, Table.dallas)])
        let byPlace = milliseconds(place, from: Table.frankfurt)
        #expect(abs((found[Table.id(3)] ?? 0) - (byPlace[Table.id(3)] ?? 0)) < 20, "shifted alike, nothing changes")
    }

    @Test func aHolderBehindASlowLineOrALongWayRoundIsNotTheNearest() {
        let detour = Table.router([
            node(1, Table.potsdam, stand(Table.potsdam, shifted: 100)),
            node(2, Table.frankfurt, stand(Table.frankfurt)), node(3, Table.berlin, stand(Table.berlin)),
            node(4, Table.berlin, stand(Table.berlin)), node(5, Table.potsdam, stand(Table.potsdam)),
        ])
        let found = milliseconds(detour, from: Table.berlin)
        #expect((found[Table.id(1)] ?? 0) > (found[Table.id(2)] ?? 0))
        let line = Table.router([
            node(1, Table.potsdam, stand(Table.potsdam, height: 900)), node(2, Table.frankfurt, stand(Table.frankfurt)),
        ])
        #expect(line.choice(Table.query(from: Table.berlin)) == Table.id(2))
        // Where no member is near the client its line counts all the same.
        let far = milliseconds(line, from: Table.tokyo)
        #expect((far[Table.id(1)] ?? 0) > (far[Table.id(2)] ?? 0) + 50)
    }

    @Test func nobodyIsNearerThanLight() {
        let liar = node(1, Table.sydney, stand(Table.berlin))
        let router = Table.router([liar, node(2, Table.frankfurt, stand(Table.frankfurt))])
        #expect(router.choice(Table.query(from: Table.berlin)) == Table.id(2))
        #expect((milliseconds(router, from: Table.berlin)[Table.id(1)] ?? 0) > 150)
    }

    @Test func aCoordinateThatNobodyIsSureOfCountsForNothing() {
        let unsure = Table.router([node(1, Table.frankfurt, stand(Table.tokyo, error: 255))])
        let plain = Table.router([node(1, Table.frankfurt)])
        #expect(milliseconds(unsure, from: Table.berlin) == milliseconds(plain, from: Table.berlin))
    }

    @Test func whatMembersOnceSaidIsForgotten() {
        var router = Table.router([node(1, Table.frankfurt), node(2, Table.dallas)])
        let before = milliseconds(router, from: Table.berlin)
        for round in Int16(0)..<20 {
            router.apply(.node(node(1, Table.frankfurt, stand(Table.frankfurt, shifted: round))))
            router.apply(.node(node(3, Table.potsdam, stand(Table.potsdam, shifted: -round))))
        }
        router.apply(.nodeGone(Table.id(3)))
        router.apply(.node(node(1, Table.frankfurt)))
        #expect(milliseconds(router, from: Table.berlin) == before)
    }

    @Test func extremeCoordinatesDoNoHarm() {
        for value in [Int16.min, .max] {
            let wild = Coordinate(x: value, y: value, z: value, height: .max, error: 0)
            let router = Table.router([node(1, Table.berlin, wild), node(2, nil, wild)])
            for client in [Table.place(90, 180), Table.place(-90, -180), Table.berlin] {
                #expect(router.choice(Table.query(from: client)) != nil)
            }
        }
    }

    @Test func whoIsSentManyClientsIsTold() {
        var router = Table.router([node(1, Table.berlin), node(2, Table.tokyo)])
        func send(_ count: Int, from client: Place, at now: Instant) {
            for _ in 0..<count { _ = router.decide(Table.query(from: client, bytes: 0..<1_000_000), at: now) }
        }
        var now = Table.now
        send(2, from: Table.berlin, at: now)
        #expect(router.takeBusy(at: now).isEmpty)
        send(3, from: Table.berlin, at: now)
        send(1, from: Table.tokyo, at: now)
        let first = Redirected(node: Table.id(1), size: .megabytes(5), perSecond: ByteCount(500_000))
        #expect(router.takeBusy(at: now) == [first])
        send(4, from: Table.tokyo, at: now)
        #expect(
            router.takeBusy(at: now)
                == [
                    Redirected(node: Table.id(1), size: .zero, perSecond: ByteCount(500_000)),
                    Redirected(node: Table.id(2), size: .megabytes(5), perSecond: ByteCount(500_000)),
                ].sorted { ($1.perSecond, $0.node) < ($0.perSecond, $1.node) })
        // Half of the window before, then nothing of it.
        now = now + .seconds(14)
        #expect(router.takeBusy(at: now).map(\.perSecond) == [ByteCount(300_000), ByteCount(300_000)])
        now = now + .seconds(10)
        #expect(router.takeBusy(at: now).isEmpty)
    }
}
