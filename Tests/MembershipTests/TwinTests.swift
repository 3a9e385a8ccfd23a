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
}
