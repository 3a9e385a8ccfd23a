import Primitives
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
            #expect(story.network.journal.lines > 1000)
            digests.append(story.network.journal.digest)
        }
        #expect(digests[0] == digests[1])
    }
}
