import Primitives
import Testing

@testable import Simulation

@Suite("A world made from a topology")
struct WorldTests {
    private static func topology() -> Topology {
        var topology = Topology()
        let cities = Cities.all.prefix(8)
        topology.nodes = cities.enumerated().map { index, city in
            Topology.Node(
                name: city.name, place: city.place, share: .gigabytes(1), startsAt: .seconds(index))
        }
        topology.pulse = .seconds(10)
        topology.length = .seconds(1800)
        topology.clients = cities.map { Topology.Region(name: $0.name, place: $0.place, weight: $0.people) }
        topology.files = (0..<4).map {
            Topology.File(length: .megabytes(2), publisher: $0, postedAt: .seconds(30 + $0), replicas: 2)
        }
        topology.demand.requestsPerDay = 5_000
        topology.demand.flashCrowds = [
            Topology.FlashCrowd(file: 1, at: .seconds(600), for: .seconds(300), requests: 30)
        ]
        topology.faults = [
            Topology.Fault(.crash, who: .drawn(1, of: Array(1..<8)), at: .seconds(300), for: .seconds(60)),
            Topology.Fault(.split([[0, 1], [2, 3]]), at: .seconds(900), for: .seconds(120)),
        ]
        return topology
    }

    private static func run(seed: UInt64) -> VirtualNetwork {
        let topology = topology()
        var world = VirtualNetwork(topology, seed: seed)
        world.isLogging = true
        world.run(for: topology.length)
        return world
    }

    @Test("has its nodes, files and clients, keeps its promises, and is the same for the same seed")
    func sameSeed() {
        let world = Self.run(seed: 5)
        #expect(world.violations == [])
        #expect(world.nodes.map(\.machine) == Self.topology().nodes)
        #expect(world.market.posted.allSatisfy { $0 != nil })
        for file in world.market.posted.compactMap({ $0 }) { #expect(world.holders(of: file).count >= 3) }
        #expect(world.nodes.allSatisfy { $0.isUp })
        // 104 in the mean, and the crowd.
        #expect((60...220).contains(world.measures.serving.hours.reduce(0) { $0 + $1.requests }))
        #expect(world.clients.isEmpty)
        #expect(world.isAgreed)
        #expect(Self.run(seed: 5).log == world.log)
        #expect(Self.run(seed: 6).log != world.log)
    }

    @Test("parts as its sides say, and for as long")
    func split() {
        var topology = Self.topology()
        topology.faults = [Topology.Fault(.split([[0, 1], [2, 3]]), at: .seconds(60), for: .seconds(60))]
        topology.demand = Topology.Demand()
        var world = VirtualNetwork(topology, seed: 1)
        world.run(for: .seconds(90))
        let reached = (0..<8).map { here in (0..<8).filter { world.canReach(here, from: $0) } }
        let (one, two, rest) = ([0, 1], [2, 3], [4, 5, 6, 7])
        #expect(reached == [one, one, two, two, rest, rest, rest, rest])
        world.run(for: .seconds(60))
        #expect((0..<8).allSatisfy { here in (0..<8).allSatisfy { world.canReach(here, from: $0) } })
    }

    @Test("posts a file once its publisher has room for it")
    func fullDisk() {
        var topology = Self.topology()
        topology.faults = [Topology.Fault(.fullDisk, who: .nodes([0]), at: .seconds(20), for: .seconds(60))]
        var world = VirtualNetwork(topology, seed: 1)
        world.run(for: .seconds(70))
        #expect(world.market.posted.map { $0 == nil } == [true, false, false, false])
        world.run(for: .seconds(120))
        #expect(world.market.posted[0].map { world.holders(of: $0).count >= 3 } == true)
    }

    @Test("is to be at peace long after its last fault, and every datagram accounted for")
    func peace() {
        var topology = Self.topology()
        topology.demand = Topology.Demand()
        var world = VirtualNetwork(topology, seed: 1)
        world.run(for: .seconds(1_050))
        world.part([0, 1])
        let patience = Convergence.patience(pulse: topology.pulse)
        world.run(for: patience - .seconds(60))
        // The last fault ended at 1,020 s.
        #expect(world.unmet(of: topology) == [])
        world.run(for: .seconds(60))
        #expect(world.unmet(of: topology).map(\.checker) == [EqualTables.name])
        world.part([])
        world.run(for: .seconds(600))
        #expect(world.unmet(of: topology) == [])
        world.checkers.conservation.noteSent(ByteCount(100))
        #expect(world.unmet(of: topology).map(\.checker) == [Conservation.name])
        #expect(world.violations == [])
    }

    @Test("asks where the file was posted, or anybody who runs")
    func entries() {
        var topology = Self.topology()
        topology.faults = []
        topology.demand.entry = .anybody
        var world = VirtualNetwork(topology, seed: 1)
        world.run(for: topology.length)
        #expect(world.violations == [])
        let report = world.report(name: "a world", seed: 1)
        #expect(report.service.requests > 50)
        #expect(report.service.served > report.service.requests * 9 / 10)
    }
}
