@_spi(Verification) import Primitives
import Testing

@testable import Membership

/// Two processes with one key: what the one hears of the other.
@Suite struct TwinTests {
    private func settled(_ seed: UInt64) -> (world: World, own: NodeID, other: NodeID) {
        let world = World.settled(4, seed: seed)
        return (world, world.ids[0], world.ids[1])
    }

    private func twin(of id: NodeID, in world: World) -> Twin? { world.nodes[id]?.roster?.twin }

    private func status(of id: NodeID, _ version: UInt64) -> News {
        .status(
            Status(
                node: id.short, version: version, remaining: QuarterPower(.gigabytes(1)), load: 0,
                freeDisk: QuarterPower(.gigabytes(1))))
    }

    private func last(_ id: NodeID, in world: World) -> UInt64 { world.nodes[id]?.roster?.voice.lastVersion ?? 0 }

    @Test func `an own card that is newer than one's own is another's`() {
        var (world, own, _) = settled(1)
        var card = world.card(own).value
        world.deliver(.table([world.signed(.card(card))]), to: own)
        card.version -= 1
        card.url = "http://192.0.2.8:80"
        world.deliver(.table([world.signed(.card(card))]), to: own)
        #expect(twin(of: own, in: world) == nil)
        card.version += 2
        card.url = "http://192.0.2.9:80"
        world.deliver(.table([world.signed(.card(card))]), to: own)
        #expect(twin(of: own, in: world) == Twin(url: "http://192.0.2.9:80", heardAt: world.now))
    }

    @Test func `one status from the future may be one's own, a third is not`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var (world, own, other) = settled(seed)
            for round in 1...TwinWatch.statusLimit {
                let version = last(own, in: world) + 1_000_000
                let news = [status(of: own, version), status(of: own, version - 500_000)].map { world.signed($0).value }
                for _ in 0..<3 {
                    let envelope = Envelope(.probe(number: 1), news: news)
                    world.deliver(.received(Verified(checked: envelope), from: other), to: own)
                    world.run(for: .milliseconds(10))
                }
                #expect((twin(of: own, in: world) != nil) == (round == TwinWatch.statusLimit), "seed \(seed)")
                #expect(last(own, in: world) > version)
            }
        }
    }

    @Test func `who was restarted, paused or called dead has no twin`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var (world, own, other) = settled(seed)
            for _ in 0..<4 {
                world.crash(own)
                world.run(for: .seconds(6))
                world.renewCard(of: own)
                world.start(own)
                world.run(for: .seconds(6))
            }
            #expect(twin(of: own, in: world) == nil && twin(of: other, in: world) == nil, "seed \(seed)")
        }
    }

    @Test func `a newer card of its own makes a node the one that others look for, and no twin of itself`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var (world, own, other) = settled(seed)
            let old = world.card(own)
            world.move(own)
            let new = world.card(own)
            world.deliver(.renewed(new), to: own)
            world.run(for: .seconds(3))
            for id in world.ids { #expect(world.nodes[id]?.roster?[own]?.card == new, "seed \(seed)") }
            // What is older, or the same, moves nobody: neither there nor here.
            for card in [old, new] {
                world.deliver(.told([card.part(News.card)]), to: own)
                world.deliver(.told([card.part(News.card)]), to: other)
                world.deliver(.renewed(card), to: own)
            }
            world.run(for: .seconds(3))
            #expect(twin(of: own, in: world) == nil && world.nodes[own]?.roster?.own.card == new, "seed \(seed)")
            #expect(world.nodes[other]?.roster?[own]?.card == new, "seed \(seed)")
            // It is on disk: a restart goes on above it.
            world.crash(own)
            world.renewCard(of: own)
            world.start(own)
            world.run(for: .seconds(3))
            #expect(twin(of: own, in: world) == nil, "seed \(seed)")
        }
    }

    @Test func `of two with one key, who hears of the other and signs a newer card is heard of in turn`() {
        var (world, own, other) = settled(1)
        // The other process, by what it would say here.
        var theirs = world.card(own).value
        for round in 1...6 {
            theirs.version = max(world.card(own).value.version, theirs.version) + 1
            theirs.url = "http://192.0.2.9:80"
            let card = world.signed(.card(theirs))
            world.deliver(.told([card]), to: other)
            world.deliver(.told([card]), to: own)
            #expect(twin(of: own, in: world) == Twin(url: theirs.url, heardAt: world.now), "round \(round)")
            var mine = world.card(own).value
            mine.version = theirs.version + 1
            let signed = world.signed(.card(mine)).part { _ in mine }
            world.nodes[own]?.card = signed
            world.deliver(.renewed(world.card(own)), to: own)
            world.deliver(.told([world.card(own).part(News.card)]), to: other)
            world.run(for: .seconds(2))
            #expect(world.nodes[other]?.roster?[own]?.card.value == signed.value, "round \(round)")
        }
        let last = twin(of: own, in: world)
        world.run(for: .seconds(20))
        #expect(twin(of: own, in: world) == last)
    }

    @Test func `a node is cut off when no neighbour answers, and not because one is gone, or all have left`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var (world, own, other) = settled(seed)
            func isCutOff() -> Bool? { world.nodes[own]?.roster?.isCutOff }
            #expect(isCutOff() == false, "seed \(seed)")
            world.crash(other)
            world.run(for: .seconds(6))
            #expect(isCutOff() == false, "seed \(seed)")
            world.network.groups[own] = 1
            #expect(
                world.run(until: world.now + .seconds(3)) { $0.nodes[own]?.roster?.isCutOff == true }, "seed \(seed)")
            world.run(for: .seconds(10))
            #expect(isCutOff() == true, "seed \(seed)")
            world.network.groups[own] = nil
            #expect(
                world.run(until: world.now + .seconds(30)) { $0.nodes[own]?.roster?.isCutOff == false }, "seed \(seed)")
        }
        var alone = World(seed: 1)
        let id = alone.create()
        alone.start(id)
        alone.run(for: .seconds(5))
        #expect(alone.nodes[id]?.roster?.isCutOff == false)
    }
}
