import Catalogue
import Overlay
import Primitives
import Routing
import Testing

@testable import Simulation

@Suite struct CheckerTests {
    /// Six nodes, with a file that node 0 posted and two others hold; nothing is wrong.
    private static func world() -> (network: VirtualNetwork, file: FileID) {
        var network = VirtualNetwork.settled(6, seed: 1)
        let file = network.post(.mebibytes(1), on: 0)
        network.run(for: .seconds(15))
        return (network, file)
    }

    @Test func `a world where nothing is wrong breaks no rule`() {
        let (network, file) = Self.world()
        #expect(network.violations.isEmpty && network.holders(of: file).count == 3)
        #expect(network.checkers.conservation.check(found: network.flying) == nil)
        #expect(network.checkers.conservation.arrived.datagrams > 20)
    }

    @Test(arguments: Breach.all.indices)
    func `whoever breaks a rule on purpose is named`(number: Int) {
        let breach = Breach.all[number]
        var (network, file) = Self.world()
        breach.commit(&network, file)
        let named = network.violations.map(\.checker)
        #expect(named.contains(breach.checker), "\(breach): \(network.violations)")
    }

    @Test func `an audience that is narrowed amid a partition binds those who can have heard of it`() {
        var (network, file) = Self.world()
        func lure() {
            let client = VirtualClient(file: file, station: network.nodes[2].station, asked: network.now)
            network.checkRedirect(of: client, from: 0, to: network.nodes[1].id)
        }
        let cut = network.begin(.partition(oneWay: false), on: [1])
        network.post(network.manifest(of: file, at: 0), on: 0, audience: .named([network.nodes[0].id]))
        network.run(for: Audiences.patience + .seconds(10))
        lure()
        network.end(cut)
        network.run(for: Audiences.patience - .seconds(10))
        lure()
        #expect(network.violations.isEmpty)
        network.run(for: .seconds(20))
        lure()
        #expect(network.violations.map(\.checker) == [Audiences.name])
    }

    @Test func `every checker is shown to fire`() {
        let ends = [EqualTables.name, Replication.name, Removal.name, Discovery.name]
        #expect(Set(Breach.all.map(\.checker)).union(ends) == Set(Simulation.Swarm.checkers))
    }

    @Test func `a world that is not at peace is told why`() {
        var (network, file) = Self.world()
        let core = Array(network.nodes.indices)
        let files = [(id: file, publisher: 0)]
        #expect(Convergence.complaint(about: network, core: core, files: files) == nil)

        var (parted, _) = Self.world()
        parted.part([1])
        parted.run(for: .seconds(30))
        #expect(Convergence.complaint(about: parted, core: core, files: files)?.checker == EqualTables.name)

        let bare = Self.world().network
        for index in core { bare.nodes[index].disk.discard(file) }
        let loss = Convergence.complaint(about: bare, core: core, files: files)
        #expect(loss?.checker == Replication.name && loss?.sentence.contains("nobody has it") == true)

        for index in network.holders(of: file) where index != 0 { network.nodes[index].disk.discard(file) }
        #expect(Convergence.complaint(about: network, core: core, files: files)?.checker == Replication.name)

        // Withdrawn at its publisher, and there all the same.
        network.part([0])
        network.withdraw(file, on: 0)
        network.run(for: .seconds(1))
        let holders = network.nodes.indices.filter { $0 != 0 && network.hasBytes(of: file, at: $0) }
        #expect(!holders.isEmpty)
        let complaint = Convergence.complaint(about: network, core: core, files: files)
        #expect(complaint?.checker == Removal.name)
    }

    @Test func `one operator's no binds no other node`() {
        var (network, file) = Self.world()
        let core = Array(network.nodes.indices)
        let other = network.post(.mebibytes(1), on: 1)
        network.run(for: .seconds(15))
        let stranger = core.first { !network.holders(of: file).contains($0) } ?? 0
        network.deliver(.deny(.file(file)), to: network.currentRun(of: stranger))
        network.run(for: .seconds(15))
        for (posted, doors) in [(file, core.filter { $0 != stranger }), (other, core)] {
            #expect(Convergence.expectation(of: posted, in: network, core: core) == .served)
            #expect(Convergence.doors(to: posted, in: network, core: core) == doors)
        }
    }

    @Test func `a client that does not find what is offered is told of`() {
        var story = SwarmStory(SwarmWorld(seed: 1))
        story.live(for: .seconds(3600))
        story.heal()
        let offered = story.network.checkers.audiences.postings.keys.sorted().first { file in
            Convergence.expectation(of: file, in: story.network, core: story.core) == .served
        }
        guard let offered else { return #expect(Bool(false), "no file is offered") }
        story.network.begin(.pause, on: Array(story.network.nodes.indices))
        story.find(offered)
        #expect(story.network.violations.map(\.checker) == [Discovery.name])
    }

    @Test func `what a client should not have got is told`() {
        let served = VirtualClient.Outcome.served(by: NodeID(.zero))
        #expect(Convergence.complaint(about: .notFound, expecting: .served) != nil)
        #expect(Convergence.complaint(about: served, expecting: .gone) != nil)
        #expect(Convergence.complaint(about: nil, expecting: .served) != nil)
        #expect(Convergence.complaint(about: served, expecting: .served) == nil)
        #expect(Convergence.complaint(about: .gone(.withdrawn), expecting: .gone) == nil)
    }
}
