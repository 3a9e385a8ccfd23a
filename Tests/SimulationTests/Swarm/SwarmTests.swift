import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Routing
import Testing

@testable import Simulation

@Suite struct SwarmTests {
    @Test func `every world is large and long enough, and a period ends in it`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            let world = Simulation.Swarm.world(seed: seed)
            #expect(world.nodes.count >= 20 && world.length >= .seconds(86_400), "seed \(seed)")
            #expect(world.nodes.allSatisfy { $0.period < world.length }, "seed \(seed)")
            #expect(world.faults.allSatisfy { $0.at < world.length }, "seed \(seed)")
        }
    }

    @Test func `every fault is on in a third of the worlds, and off in a third`() {
        var counts: [String: Int] = [:]
        for seed in 1...1000 as ClosedRange<UInt64> {
            for fault in Simulation.Swarm.faults(seed: seed) { counts[fault, default: 0] += 1 }
        }
        for fault in Simulation.Swarm.faults {
            #expect((300...700).contains(counts[fault] ?? 0), "\(fault): \(counts[fault] ?? 0) of 1000")
        }
    }

    @Test func `a seed draws the same world every time, and another one another`() {
        for seed in 1...50 as ClosedRange<UInt64> {
            let (one, other) = (SwarmWorld(seed: seed), SwarmWorld(seed: seed))
            #expect(one.topology == other.topology && one.deeds == other.deeds && one.faults == other.faults)
            #expect(one.topology != SwarmWorld(seed: seed + 1).topology)
        }
    }

    @Test func `what happens in a world is the same every time`() {
        var digests: [UInt64] = []
        for _ in 0..<2 {
            var story = SwarmStory(SwarmWorld(seed: 7))
            story.live(for: .seconds(1800))
            #expect((story.network.journal?.lines ?? 0) > 1000)
            digests.append(story.network.journal?.digest ?? 0)
        }
        #expect(digests[0] == digests[1])
    }

    @Test func `two runs that differ in anything said differ in their digests`() {
        let (run, file, node) = (Run(node: 1, number: 1), FileID(.zero), NodeID(.zero))
        let happenings: [(Happening, Happening)] = [
            (.callFailed(CallID(1), .timedOut, run), .callFailed(CallID(1), .unreachable, run)),
            (.answered(ClientID(number: 1), .notFound), .answered(ClientID(number: 1), .gone(.expired))),
            (.event(.remaining(ByteCount(1_000_001)), run), .event(.remaining(ByteCount(1_000_002)), run)),
            (.uplink(1, version: 0), .tally(run)),
        ]
        let actions: [(Overlay::Action, Overlay::Action)] = [
            (.send(Envelope(.probe(number: 1)), to: node), .send(Envelope(.probe(number: 2)), to: node)),
            (.answer(RequestID(1), .catalogue(.accepted)), .answer(RequestID(1), .catalogue(.unknown))),
            (.persist([.member(.ownVersion(1))], then: []), .persist([.member(.ownVersion(2))], then: [])),
            (.persist([], then: [.left]), .persist([], then: [.endPeriod])),
            (.extend(ClassTotals(serving: ByteCount(1))), .extend(ClassTotals(overlay: ByteCount(1)))),
            (.route(.fileEnded(file, .withdrawn)), .route(.fileEnded(file, .expired))),
            (.notice(.memberDied(node, name: "a")), .notice(.memberDied(node, name: "b"))),
            (
                .notice(.shareTaken(node, name: "a", ByteCount(1001))),
                .notice(.shareTaken(node, name: "a", ByteCount(1000)))
            ),
        ]
        for (one, other) in happenings {
            #expect(digest { $0.note(one, at: .zero) } != digest { $0.note(other, at: .zero) })
        }
        for (one, other) in actions {
            #expect(digest { $0.note(one, by: 0, at: .zero) } != digest { $0.note(other, by: 0, at: .zero) })
        }
        #expect(digest { $0.note("one", at: .zero) } != digest { $0.note("two", at: .zero) })
    }

    private func digest(_ note: (inout Journal) -> Void) -> UInt64 {
        var journal = Journal()
        note(&journal)
        return journal.digest
    }

    @Test func `where writes are torn, pieces are`() {
        let seeds = (1...40 as ClosedRange<UInt64>).filter { SwarmWorld(seed: $0).has(.tornWrites) }.prefix(3)
        let torn = seeds.map { seed in
            let world = SwarmWorld(seed: seed)
            var story = SwarmStory(world)
            story.live(for: world.topology.length)
            return story.network.nodes.reduce(0) { $0 + $1.disk.tornPieces }
        }
        #expect(torn.reduce(0, +) > 0, "\(torn)")
    }
}
