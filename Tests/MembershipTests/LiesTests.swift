@_spi(Verification) import Primitives
import Testing

@testable import Membership

/// Members that lie, with valid signatures: all a member can do is say things about itself, and give verdicts.
@Suite struct LiesTests {
    private func tell(_ news: [News], by liar: NodeID, to id: NodeID, of world: inout World) {
        let envelope = Envelope(.probe(number: 1), news: news.map { world.signed($0).value })
        world.deliver(.received(Verified(checked: envelope), from: liar), to: id)
    }

    private func version(of id: NodeID, in world: World) -> UInt64 {
        world.nodes[id]?.roster?.own.status?.value.version ?? 0
    }

    private func verdicts(by liars: some Sequence<NodeID>, against id: NodeID, in world: World) -> [News] {
        let version = version(of: id, in: world)
        return liars.map { .verdict(Verdict(subject: id.short, issuer: $0.short, version: version)) }
    }

    @Test func `whom all hear, no colluders declare dead, however often they try`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var world = World.settled(8, seed: seed)
            let (liars, subject) = (world.ids.prefix(3), world.ids[7])
            for _ in 0..<40 {
                let lies = verdicts(by: liars, against: subject, in: world)
                for id in world.ids { tell(lies, by: liars[0], to: id, of: &world) }
                world.run(for: .milliseconds(250))
            }
            #expect(world.everDead.isEmpty, "seed \(seed)")
            #expect(world.run(until: world.now + .seconds(3)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `whom some do not hear is told what is said of it, and is back at once`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var settings = Roster.Settings(pulse: .seconds(1))
            settings.viewLimit = 4
            var world = World.settled(12, seed: seed, settings: settings)
            let (liars, subject) = (world.ids.prefix(3), world.ids[11])
            let lies = verdicts(by: liars, against: subject, in: world)
            for id in world.ids { tell(lies, by: liars[0], to: id, of: &world) }
            #expect(world.run(until: world.now + .seconds(2)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `what was said of an earlier life is not believed again, even by a node that has just restarted`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: seed)
            let (liar, subject, receiver) = (world.ids[0], world.ids[1], world.ids[2])
            var replays = verdicts(by: world.ids.dropFirst(2), against: subject, in: world)
            if let own = world.nodes[subject]?.roster?.own {
                replays += own.news.map(\.value)
                let farewell = Departure(node: subject.short, version: own.version + 1)
                replays.append(.departure(farewell))
            }
            world.crash(subject)
            world.run(for: .seconds(8))
            world.renewCard(of: subject)
            world.start(subject)
            world.run(for: .seconds(3))
            #expect(world.isAgreed)
            let told = world.conditions.count
            for id in world.ids.dropFirst(2) { tell(replays, by: liar, to: id, of: &world) }
            world.crash(receiver)
            world.start(receiver)
            tell(replays, by: liar, to: receiver, of: &world)
            world.run(for: .seconds(3))
            #expect(world.isAgreed, "seed \(seed)")
            let rumours = world.conditions[told...].filter { $0.member == subject }.compactMap(\.condition)
            #expect(rumours.allSatisfy { $0 == .alive }, "seed \(seed): \(rumours)")
        }
    }

    @Test func `verdicts from the future leave room for true ones, and verdicts by strangers count for nothing`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var world = World.settled(14, seed: seed)
            let (liars, victim) = (world.ids.prefix(9), world.ids[13])
            let strangers = (0..<4).map { NodeID(Bytes32($0 + 1, seed, 0, 0)) }
            for id in world.ids where id != victim {
                tell(verdicts(by: strangers, against: victim, in: world), by: liars[0], to: id, of: &world)
                tell(
                    liars.map {
                        .verdict(Verdict(subject: victim.short, issuer: $0.short, version: Version.limit - 1))
                    }, by: liars[0], to: id, of: &world)
            }
            world.run(for: .seconds(2))
            #expect(world.everDead.isEmpty && world.isAgreed, "seed \(seed)")
            world.crash(victim)
            #expect(world.run(until: world.now + .seconds(5)) { $0.everyoneSees(victim, as: .dead) }, "seed \(seed)")
            #expect(world.everDead == [victim])
        }
    }

    @Test func `a flood of one member's news does not make the others talk all the time`() {
        var world = World.settled(6, seed: 1)
        world.run(for: .seconds(60))
        let (liar, subject) = (world.ids[0], world.ids[5])
        let (before, began) = (world.datagrams, world.now)
        let start = version(of: liar, in: world)
        let steps = 3000
        let told = world.ids[1...4]
        let flood = steps * told.count
        for step in 1...UInt64(steps) {
            let status = Status(
                node: liar.short, version: start + step,
                remaining: step.isMultiple(of: 2) ? .nothing : QuarterPower(.gigabytes(1)),
                load: 0, freeDisk: .nothing)
            let verdict = Verdict(subject: subject.short, issuer: liar.short, version: start + 1_000_000 + step)
            for id in told { tell([.status(status), .verdict(verdict)], by: liar, to: id, of: &world) }
            world.run(for: .milliseconds(20))
        }
        // Each of the flood is answered by one; in quiet, every edge has one exchange in an interval; and what the liar
        // says brings so many forward, from any node and on every edge of its own.
        let length = world.now - began
        let pulse = Duration.seconds(1)
        let urgency = world.settings.urgency(pulse)
        let edges = world.ids.count * (world.ids.count - 1) / 2
        let quiet = edges * Int(length / pulse)
        let hastened = 2 * edges * (urgency.burst + Int(length / urgency.every))
        let sent = world.datagrams - before - flood
        #expect(sent <= 2 * (quiet + hastened), "\(sent)")
        #expect(world.everDead.isEmpty)
    }

    @Test func `whoever suspects everybody makes nobody raise its version for ever`() {
        var world = World.settled(5, seed: 1)
        let (liar, others) = (world.ids[0], Array(world.ids.dropFirst()))
        let before = world.statusesDrafted
        let began = world.now
        for _ in 0..<2000 {
            for id in others {
                let held = version(of: id, in: world)
                let suspicion = Envelope(.suspicion(number: 1, version: held))
                world.deliver(.received(Verified(checked: suspicion), from: liar), to: id)
            }
            world.run(for: .milliseconds(20))
        }
        // Answers are in vain again after half an interval.
        let most = 2 * Int((world.now - began) / .seconds(1))
        for id in others {
            let drafted = world.statusesDrafted[id, default: 0] - before[id, default: 0]
            #expect((1...most).contains(drafted), "\(drafted), at most \(most)")
        }
        #expect(world.everDead.isEmpty)
        world.run(for: .seconds(3))
        #expect(world.isAgreed)
    }

    @Test func `a second node with the same short id is not taken in, and harms nobody`() throws {
        var world = World.settled(4, seed: 1)
        let victim = world.ids[3]
        let words = victim.bytes.words
        let twin = NodeID(Bytes32(words.0, words.1 ^ 1, words.2, words.3))
        #expect(twin.short == victim.short)
        var card = world.card(victim).value
        card.nodeID = twin
        card.certificate = Certificate(
            subject: twin, issuer: world.ids[0], network: card.network, issuedAt: World.epoch)
        card.version += 1_000_000
        for id in world.ids.prefix(3) { tell([.card(card)], by: world.ids[0], to: id, of: &world) }
        tell([.card(card)], by: world.ids[0], to: victim, of: &world)
        world.run(for: .seconds(5))
        #expect(world.isAgreed && world.everDead.isEmpty)
        #expect(world.ids.allSatisfy { world.nodes[$0]?.roster?[twin] == nil })
    }

    @Test func `a full table forgets who has been gone longest, and nobody who is there`() {
        var world = World.settled(5, seed: 1)
        let (own, gone) = (world.ids[0], world.ids[4])
        world.crash(gone)
        world.run(for: .seconds(6))
        world.nodes[own]?.roster?.settings.memberLimit = 4
        let strangers = (0..<20).map { _ in world.create() }
        world.deliver(.told(strangers.map { world.card($0).part(News.card) }), to: own)
        let members = world.nodes[own]?.roster?.members.map(\.id) ?? []
        #expect(members.count == 4 && !members.contains(gone))
        #expect(world.ids[1...3].allSatisfy { members.contains($0) })
    }

    @Test func `replies that nobody asked for change nothing, and who begins anew all the time is heard some times`()
        throws
    {
        var world = World.settled(3, seed: 1)
        let (liar, victim) = (world.ids[0], world.ids[1])
        func edge() throws -> Edge {
            let roster = try #require(world.nodes[victim]?.roster)
            return roster.table[edge: try #require(roster.table.index(of: liar))]
        }
        func pulse(epoch: UInt32) -> Pulse {
            Pulse(
                number: 7, interval: Pulse.longestInterval,
                carriage: Carriage(epoch: epoch, after: 0, through: 1), acknowledgement: .none, hasMore: false,
                minute: 0, quietHash: 0)
        }
        let before = try edge()
        for epoch in 1...2_000 as ClosedRange<UInt32> {
            world.deliver(
                .received(Verified(checked: Envelope(.pulseReply(pulse(epoch: epoch)))), from: liar), to: victim)
        }
        #expect(try edge().received == before.received)
        #expect(try edge().interval == before.interval)
        var beginnings = Set([try #require(world.nodes[victim]?.roster?[liar]).since])
        for epoch in 1...2_000 as ClosedRange<UInt32> {
            world.deliver(.received(Verified(checked: Envelope(.pulse(pulse(epoch: epoch)))), from: liar), to: victim)
            world.run(for: .microseconds(100))
            beginnings.insert(try #require(world.nodes[victim]?.roster?[liar]).since)
        }
        #expect(beginnings.count <= 2 + Roster.Settings().urgency(.seconds(1)).burst, "\(beginnings.count)")
    }
}
