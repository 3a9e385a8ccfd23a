@_spi(Verification) import Primitives
import Testing

@testable import Membership

/// Single steps of one roster, seen by its actions.
@Suite struct RosterTests {
    /// Two nodes that know each other, the second not running.
    private func pair() -> (world: World, own: NodeID, other: NodeID) {
        var world = World(seed: 1)
        let (own, other) = (world.create(), world.create())
        let card = world.card(other)
        world.nodes[own]?.disk.apply(.news(card.part(News.card)))
        world.start(own)
        world.run(for: .milliseconds(1))
        return (world, own, other)
    }

    private func actions(of world: inout World, _ id: NodeID, on event: Roster.Event) -> [Roster.Action] {
        var actions: [Roster.Action] = []
        world.nodes[id]?.roster?.handle(event, at: world.now, into: &actions)
        return actions
    }

    @Test func `a start takes a version from the clock, keeps it, and asks another member for its table`() {
        var world = World(seed: 1)
        let (own, other) = (world.create(), world.create())
        var roster = Roster(
            own: world.card(own), known: [world.card(own).part(News.card), world.card(other).part(News.card)],
            lastVersion: 5, settings: Roster.Settings(pulse: .seconds(1)), generator: Generator(seed: 1))
        var actions: [Roster.Action] = []
        roster.handle(.measured(remaining: .gigabytes(8), load: 2, freeDisk: .gigabytes(9)), at: .zero, into: &actions)
        #expect(actions.isEmpty && roster.nextDeadline == nil)
        roster.handle(.start(World.epoch + .seconds(1)), at: .zero, into: &actions)
        let status = Status(
            node: own.short, version: 1_800_000_001_000, remaining: QuarterPower(.gigabytes(8)), load: 2,
            freeDisk: QuarterPower(.gigabytes(9)))
        #expect(
            actions == [
                .persist([.ownVersion(1_800_000_001_000), .news(world.card(own).part(News.card))], then: []),
                .sign(.status(status)), .introduce(to: other),
            ])
        // The clock fell behind: the version does not.
        roster = Roster(
            own: world.card(own), known: [], lastVersion: 1_800_000_005_000, settings: Roster.Settings(),
            generator: Generator(seed: 1))
        actions = []
        roster.handle(.start(World.epoch + .seconds(1)), at: .zero, into: &actions)
        #expect(
            actions.contains(
                .persist([.ownVersion(1_800_000_005_001), .news(world.card(own).part(News.card))], then: [])))
    }

    @Test func `a node that was admitted shows its card at once to one of those it was told of`() {
        var (world, own, other) = pair()
        let newcomer = world.create()
        world.start(newcomer)
        world.run(for: .milliseconds(10))
        let table = [own, other].map { world.card($0).part(News.card) }
        let told = actions(of: &world, newcomer, on: .admitted(world.card(newcomer), table))
        #expect(told.contains(.introduce(to: own)) != told.contains(.introduce(to: other)))
    }

    @Test func `facts become a status only when their quantised values change, and at once when exhausted`() {
        var (world, own, _) = pair()
        world.run(for: .milliseconds(10))
        let start = world.now
        #expect(
            actions(of: &world, own, on: .measured(remaining: .gigabytes(8), load: 0, freeDisk: .gigabytes(50))).isEmpty
        )
        // A few bytes less are the same level; a busier class waits for its turn.
        #expect(
            actions(
                of: &world, own,
                on: .measured(remaining: .gigabytes(8) - ByteCount(9), load: 0, freeDisk: .gigabytes(50))
            ).isEmpty)
        #expect(
            actions(of: &world, own, on: .measured(remaining: .gigabytes(8), load: 3, freeDisk: .gigabytes(50))).isEmpty
        )
        #expect(world.nodes[own]?.roster?.statusDue.map { $0 - start < .seconds(1) } == true)
        let exhausted = actions(of: &world, own, on: .measured(remaining: .zero, load: 3, freeDisk: .gigabytes(50)))
        let drafts = exhausted.compactMap { action in
            if case .sign(.status(let status)) = action { status } else { nil }
        }
        #expect(drafts.map(\.isExhausted) == [true])
    }

    @Test func `a suspicion of the current version is refuted when answers are in vain, one of an older only answered`()
        throws
    {
        var (world, own, other) = pair()
        let version = try #require(world.nodes[own]?.roster?.own.status?.value.version)
        func isRefuted(_ actions: [Roster.Action]) -> Bool {
            actions.contains { if case .sign(.status(let draft)) = $0 { draft.version > version } else { false } }
        }
        for number in 1...3 as ClosedRange<UInt32> {
            let current = Verified(checked: Envelope(.suspicion(number: number, version: version)))
            let answers = actions(of: &world, own, on: .received(current, from: other))
            #expect(answers.contains(.send(Envelope(.probeReply(number: number)), to: other)))
            #expect(!isRefuted(answers))
        }
        let index = try #require(world.nodes[own]?.roster?.table.index(of: other))
        let interval = try #require(world.nodes[own]?.roster?.interval(of: index))
        world.nodes[own]?.roster?.table[edge: index].suspicion = Suspicion(
            since: world.now - interval / 2, last: world.now)
        let last = Verified(checked: Envelope(.suspicion(number: 9, version: version)))
        #expect(isRefuted(actions(of: &world, own, on: .received(last, from: other))))
        let older = Verified(checked: Envelope(.suspicion(number: 10, version: version - 1)))
        let second = actions(of: &world, own, on: .received(older, from: other))
        let status = try #require(world.nodes[own]?.roster?.own.status?.value)
        #expect(second.contains(.send(Envelope(.probeReply(number: 10), news: [.status(status)]), to: other)))
        #expect(!second.contains { if case .sign = $0 { true } else { false } })
    }

    @Test func `after a pause or a pulse, a suspicion is only answered again; who is held gone cannot be answered`()
        throws
    {
        var world = World.settled(2, seed: 1)
        let (own, other) = (world.ids[0], world.ids[1])
        let index = try #require(world.nodes[own]?.roster?.table.index(of: other))
        let interval = try #require(world.nodes[own]?.roster?.interval(of: index))
        func isRefuted() throws -> Bool {
            let version = try #require(world.nodes[own]?.roster?.own.status?.value.version)
            let suspicion = Verified(checked: Envelope(.suspicion(number: 1, version: version)))
            return actions(of: &world, own, on: .received(suspicion, from: other)).contains {
                if case .sign(.status) = $0 { true } else { false }
            }
        }
        let pause = try #require(world.nodes[own]?.roster?.settings.suspicionPause)
        let long = Suspicion(since: world.now - pause * 2, last: world.now - pause)
        world.nodes[own]?.roster?.table[edge: index].suspicion = long
        #expect(try !isRefuted())
        #expect(world.nodes[own]?.roster?.table[edge: index].suspicion?.since == world.now)
        world.run(for: interval * 3)
        #expect(world.nodes[own]?.roster?.table[edge: index].suspicion == nil)
        var effects = Effects()
        let now = world.now
        world.nodes[own]?.roster?.become(.dead, index, at: now, &effects)
        #expect(try isRefuted())
    }

    @Test func `where it stands is told only while enough is left for levels`() throws {
        let (world, own, _) = pair()
        var roster = try #require(world.nodes[own]?.roster)
        roster.settings.pulse = nil
        roster.controller.quartile = .megabytes(1)
        roster.voice.facts.remaining = QuarterPower(.gigabytes(8))
        var effects = Effects()
        for _ in 0..<4 { roster.raiseVersion(urgently: false, at: world.now, &effects) }
        roster.hasMoved = true
        let due = try #require(roster.statusDue)
        #expect(due - world.now > roster.settings.firstMovedAge)
        roster.voice.facts.remaining = QuarterPower(.gigabytes(1))
        let sooner = try #require(roster.statusDue)
        #expect(sooner == world.now + roster.pulse)
    }

    @Test func `one liar's verdicts kill nobody, and are refuted`() {
        var world = World.settled(5, seed: 2)
        let liar = world.ids[0]
        for subject in world.ids.dropFirst() {
            let version = world.nodes[subject]!.roster!.own.status!.value.version
            let lie = Verdict(subject: subject.short, issuer: liar.short, version: version)
            world.deliver(.signed(world.signed(.verdict(lie))), to: liar)
            let boast = Verdict(subject: subject.short, issuer: liar.short, version: Version.limit - 1)
            world.deliver(.signed(world.signed(.verdict(boast))), to: liar)
        }
        world.run(for: .seconds(20))
        #expect(world.everDead.isEmpty && world.isAgreed)
    }

    @Test func `a verdict of the last version there is does not silence its subject`() {
        var world = World.settled(4, seed: 8)
        let (liar, subject) = (world.ids[0], world.ids[2])
        let lie = Verdict(subject: subject.short, issuer: liar.short, version: Version.limit - 1)
        world.deliver(.signed(world.signed(.verdict(lie))), to: liar)
        world.run(for: .seconds(3))
        for load in 1...3 as ClosedRange<UInt8> {
            world.deliver(.measured(remaining: .gigabytes(8), load: load, freeDisk: .gigabytes(50)), to: subject)
            world.run(for: .seconds(4))
            let heard = world.ids.map { world.nodes[$0]?.roster?[subject]?.status?.value.load }
            #expect(heard == [load, load, load, load])
        }
        #expect(world.isAgreed && world.everDead.isEmpty)
    }

    @Test func `verdicts do not outweigh one's own ears`() {
        var world = World.settled(6, seed: 3)
        let subject = world.ids[5]
        let version = world.nodes[subject]!.roster!.own.status!.value.version
        for liar in world.ids.prefix(3) {
            let lie = Verdict(subject: subject.short, issuer: liar.short, version: version)
            world.deliver(.told([world.signed(.verdict(lie))]), to: world.ids[4])
        }
        #expect(world.condition(of: subject, seenBy: world.ids[4]) == .alive)
        world.run(for: .seconds(5))
        #expect(world.everDead.isEmpty && world.isAgreed)
    }

    @Test func `a node that lost its memory learns its own version from the others`() {
        var world = World.settled(4, seed: 4)
        let forgetful = world.ids[1]
        for _ in 0..<3 {
            world.deliver(.measured(remaining: .megabytes(9), load: 1, freeDisk: .zero), to: forgetful)
            world.run(for: .seconds(2))
            world.deliver(.measured(remaining: .gigabytes(9), load: 1, freeDisk: .zero), to: forgetful)
            world.run(for: .seconds(2))
        }
        world.crash(forgetful)
        world.nodes[forgetful]?.disk.version = 0
        world.start(forgetful)
        // Its clock is wrong as well.
        world.deliver(.wallClock(WallTime(milliseconds: 5)), to: forgetful)
        world.run(for: .seconds(5))
        #expect(world.isAgreed && world.everDead.isEmpty)
    }

    @Test func `the dead are probed now and then, and forgotten after a month`() {
        var settings = Roster.Settings(pulse: .seconds(1))
        settings.deadKept = .seconds(60)
        var world = World.settled(3, seed: 5, settings: settings)
        let victim = world.ids[2]
        world.crash(victim)
        world.run(for: .seconds(30))
        #expect(world.everyoneSees(victim, as: .dead))
        world.run(for: .seconds(60))
        #expect(world.nodes[world.ids[0]]?.roster?[victim] == nil)
        #expect(world.nodes[world.ids[0]]?.disk.news.values.contains { $0.value.subject == victim.short } == false)
    }

    @Test func `strangers are not listened to, and a full table takes nobody in`() {
        var world = World.settled(2, seed: 6)
        let (own, stranger) = (world.ids[0], world.create())
        let greeting = Verified(checked: Envelope(.probe(number: 1)))
        #expect(actions(of: &world, own, on: .received(greeting, from: stranger)).isEmpty)
        world.nodes[own]?.roster?.settings.memberLimit = 1
        world.deliver(.told([world.card(stranger).part(News.card)]), to: own)
        #expect(world.nodes[own]?.roster?[stranger] == nil)
    }

    @Test func `everybody is pulsed in a small network; in a larger one, who was chosen, and chooses in turn`() throws {
        for count in [7, 8, 40] {
            let world = World.settled(count, seed: 4)
            var chosen = 0
            for id in world.ids {
                let view = try #require(world.nodes[id]?.roster?.view)
                #expect(view.seats.count == 6, "\(count) nodes")
                chosen += view.seats.count
                #expect(view.members == Set(view.members).sorted() && !view.contains(id))
                // Both ends know of each edge.
                for seat in view.seats {
                    #expect(world.nodes[seat.id]?.roster?.view.contains(id) == true, "\(count) nodes")
                }
            }
            if count > 7 {
                let view = try #require(world.nodes[world.ids[0]]?.roster?.view)
                #expect([View.Role.near, .random, .elsewhere].allSatisfy { view.count(of: $0) == 2 })
            }
        }
    }

    @Test func `a member that began anew is known since then, however briefly it was away`() throws {
        for limit in [6, 2] {
            var settings = Roster.Settings(pulse: .seconds(1))
            settings.viewLimit = limit
            var world = World.settled(5, seed: 3, settings: settings)
            let before = world.now
            let sinces = { (world: World) in
                world.ids.dropFirst().compactMap { world.nodes[$0]?.roster?[world.ids[0]]?.since }
            }
            #expect(sinces(world).allSatisfy { $0 < before })
            world.crash(world.ids[0])
            world.renewCard(of: world.ids[0])
            world.start(world.ids[0])
            world.run(for: .seconds(3))
            #expect(sinces(world).count == 4 && sinces(world).allSatisfy { $0 >= before }, "view of \(limit)")
            let others = world.ids.dropFirst().compactMap { world.nodes[$0]?.roster?[world.ids[1]]?.since }
            #expect(others.allSatisfy { $0 < before })
        }
    }

    @Test func `what the console shows of a member is measured`() throws {
        let world = World.settled(3, seed: 7)
        let member = try #require(world.nodes[world.ids[0]]?.roster?[world.ids[1]])
        let roundTrip = try #require(member.roundTrip)
        #expect((.microseconds(400) ... .milliseconds(4)).contains(roundTrip))
        #expect(member.condition == .alive && world.now - (member.heard ?? .zero) < .milliseconds(1100))
    }

    @Test func `neighbours tell what their calendars say, and one that is wrong by a month moves nobody's median`()
        throws
    {
        var world = World.settled(6, seed: 3)
        let ahead = world.wallTime + .seconds(31 * 86_400)
        for _ in 0..<4 {
            world.deliver(.wallClock(ahead), to: world.ids[1])
            world.run(for: .seconds(1))
        }
        let witnesses = try #require(world.nodes[world.ids[0]]?.roster?.witnesses(at: world.now))
        #expect(witnesses.count == 5 && witnesses.possible == 5)
        let gap = try #require(witnesses.time) - world.wallTime
        #expect((.seconds(-31) ... .seconds(31)).contains(gap), "\(gap)")

        // Who is gone is no witness any more.
        for id in world.ids[2...] { world.crash(id) }
        world.run(for: .seconds(8))
        let left = try #require(world.nodes[world.ids[0]]?.roster?.witnesses(at: world.now))
        #expect(left.count == 1 && left.possible == 1)
        #expect(try #require(left.time) - world.wallTime > .seconds(30 * 86_400))
    }
}
