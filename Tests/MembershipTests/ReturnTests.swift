@_spi(Verification) import Primitives
import Testing

@testable import Membership

/// Nodes and networks that come back after a long time.
@Suite struct ReturnTests {
    @Test func `a node forgotten by all returns, though all but one have moved`() {
        for seed in 1...4 as ClosedRange<UInt64> {
            var world = World.settled(10, seed: seed)
            let returner = world.ids[3]
            world.crash(returner)
            // A month later: nobody knows it, and it knows nobody's address but one.
            for id in world.ids where id != returner {
                world.crash(id)
                world.nodes[id]?.disk.apply(.forget(returner))
                if id != world.ids[7] { world.move(id) } else { world.renewCard(of: id) }
            }
            let others = world.ids.filter { $0 != returner }
            for id in others {
                for card in others.map({ world.card($0) }) { world.nodes[id]?.disk.apply(.news(card.part(News.card))) }
            }
            for id in others { world.start(id) }
            world.run(for: .seconds(5))
            world.renewCard(of: returner)
            world.start(returner)
            #expect(world.run(until: world.now + .seconds(60)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `a network of which all were down comes back, in any order`() {
        for seed in 1...4 as ClosedRange<UInt64> {
            var world = World.settled(8, seed: seed)
            for id in world.ids {
                world.crash(id)
                world.run(for: .seconds(2))
            }
            var chance = Generator(seed: seed)
            for id in world.ids.shuffled(using: &chance) {
                world.renewCard(of: id)
                world.start(id)
                world.run(for: .seconds(Int64.random(in: 0...20, using: &chance)))
            }
            #expect(world.run(until: world.now + .seconds(60)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `a node that started before its wires finds the others when it is connected, though they forgot it`() {
        for seed in 1...4 as ClosedRange<UInt64> {
            var world = World.settled(5, seed: seed)
            let late = world.ids[2]
            world.crash(late)
            for id in world.ids where id != late {
                world.crash(id)
                world.nodes[id]?.disk.apply(.forget(late))
                world.start(id)
            }
            world.network.groups[late] = 1
            world.renewCard(of: late)
            world.start(late)
            world.run(for: .seconds(120))
            world.network.groups = [:]
            #expect(world.run(until: world.now + .seconds(60)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `the month of a dead member goes on over restarts`() {
        var settings = Roster.Settings(pulse: .seconds(1))
        settings.deadKept = .seconds(100)
        settings.statusAge = .seconds(20)
        var world = World.settled(4, seed: 1, settings: settings)
        let victim = world.ids[3]
        world.crash(victim)
        for _ in 0..<5 {
            world.run(for: .seconds(20))
            #expect(world.condition(of: victim, seenBy: world.ids[0]) == .dead)
            world.crash(world.ids[0])
            world.start(world.ids[0])
        }
        world.run(for: .seconds(45))
        #expect(world.nodes[world.ids[0]]?.roster?[victim] == nil)
    }

    @Test func `who died elsewhere under a later version stays dead, in whatever order that is told`() {
        for verdictsFirst in [false, true] {
            var world = World.settled(6, seed: 5)
            let (subject, observer) = (world.ids[5], world.ids[0])
            var last = world.nodes[subject]!.roster!.own.status!.value
            last.version += 1_000
            world.crash(subject)
            #expect(world.run(until: world.now + .seconds(8)) { $0.everyoneSees(subject, as: .dead) })
            let told = world.conditions.count
            let verdicts = world.ids[1...3].map {
                News.verdict(Verdict(subject: subject.short, issuer: $0.short, version: last.version))
            }
            let news = verdictsFirst ? verdicts + [.status(last)] : [.status(last)] + verdicts
            let envelope = Envelope(.probe(number: 1), news: news.map { world.signed($0).value })
            world.deliver(.received(Verified(checked: envelope), from: world.ids[1]), to: observer)
            world.run(for: .seconds(5))
            #expect(world.nodes[observer]?.roster?[subject]?.status?.value.version == last.version)
            let rumours = world.conditions[told...].filter { $0.member == subject }.compactMap(\.condition)
            #expect(world.isAgreed && rumours.allSatisfy { $0 == .dead }, "verdicts first: \(verdictsFirst)")
        }
    }

    @Test func `who is dead stays so for who begins anew, whatever it said before it fell silent`() {
        for step in 0...1 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: 3)
            let (subject, observer) = (world.ids[5], world.ids[0])
            var old = world.nodes[subject]!.roster!.own.status!.value
            old.version -= step
            world.crash(subject)
            #expect(world.run(until: world.now + .seconds(8)) { $0.everyoneSees(subject, as: .dead) })
            world.crash(observer)
            world.renewCard(of: observer)
            let told = world.conditions.count
            world.start(observer)
            let envelope = Envelope(.probe(number: 1), news: [world.signed(.status(old)).value])
            world.deliver(.received(Verified(checked: envelope), from: world.ids[1]), to: observer)
            world.run(for: .seconds(5))
            let rumours = world.conditions[told...].filter { $0.member == subject }.compactMap(\.condition)
            #expect(world.isAgreed && rumours.allSatisfy { $0 == .dead }, "\(step) before: \(rumours)")
        }
    }

    @Test func `both ends of an edge measure the round trip`() {
        for count in [2, 6] {
            let world = World.settled(count, seed: 5)
            for id in world.ids {
                #expect(world.nodes[id]?.roster?.members.allSatisfy { $0.roundTrip != nil } == true)
            }
        }
    }
}
