import Primitives
import Testing

@testable import Membership

@Suite struct ConvergenceTests {
    static let sizes = [2, 3, 5, 8, 24]

    /// As many seeds as a room's tests have time for: the cost of a world grows with the square of its nodes.
    static func seeds(_ count: Int, of most: UInt64) -> ClosedRange<UInt64> {
        1...max(1, min(most, 100 / UInt64(count * count)))
    }

    @Test(arguments: 0...2)
    func `a member that too few watch when it dies, or nobody, is found dead all the same`(watchers: Int) {
        for seed in 1...3 as ClosedRange<UInt64> {
            var world = World.settled(14, seed: seed)
            let victim = world.ids[7]
            world.crash(victim)
            let watching = Set(world.ids.filter { $0 != victim }.prefix(watchers))
            for id in world.ids where id != victim && !watching.contains(id) {
                world.nodes[id]?.roster?.overlook(victim)
            }
            let isFound = world.run(until: world.now + .seconds(1800)) { $0.everyoneSees(victim, as: .dead) }
            #expect(isFound, "seed \(seed)")
        }
    }

    @Test(arguments: sizes.dropLast())
    func `nodes that know each other's cards agree soon after a start`(count: Int) {
        for seed in Self.seeds(count, of: 6) {
            var world = World.settled(count, seed: seed)
            #expect(world.isAgreed, "\(count) nodes, seed \(seed)")
            world.run(for: .seconds(15))
            #expect(world.isAgreed && world.everDead.isEmpty, "\(count) nodes, seed \(seed)")
        }
    }

    @Test(arguments: sizes)
    func `a node that joined is known to all within two seconds`(count: Int) {
        for seed in Self.seeds(count, of: 6) {
            var world = World.settled(count, seed: seed)
            let newcomer = world.create()
            world.join(newcomer, through: world.ids[1])
            #expect(world.run(until: world.now + .seconds(2)) { $0.isAgreed }, "\(count) nodes, seed \(seed)")
            world.run(for: .seconds(10))
            #expect(world.isAgreed && world.everDead.isEmpty, "\(count) nodes, seed \(seed)")
        }
    }

    @Test func `thirty nodes that join at once through one all know each other`() {
        var world = World.settled(1, seed: 1)
        for _ in 0..<29 { world.join(world.create(), through: world.ids[0]) }
        #expect(world.run(until: world.now + .seconds(4)) { $0.isAgreed })
        world.run(for: .seconds(5))
        #expect(world.isAgreed && world.everDead.isEmpty)
    }

    @Test(arguments: sizes)
    func `a killed node is known dead to all within three intervals and two seconds`(count: Int) {
        var worst = Duration.zero
        for seed in Self.seeds(count, of: 8) {
            var world = World.settled(count, seed: seed)
            world.run(for: .milliseconds(Int64(seed) * 37))
            let victim = world.ids[Int(seed) % count]
            let killed = world.now
            world.crash(victim)
            #expect(
                world.run(until: killed + .seconds(5)) { $0.everyoneSees(victim, as: .dead) },
                "\(count) nodes, seed \(seed)")
            worst = max(worst, world.now - killed)
            #expect(world.everDead == [victim], "\(count) nodes, seed \(seed)")
        }
        print("death known to all of \(count) within \(worst)")
    }

    @Test func `nodes killed together are known dead, down to the last one left`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var world = World.settled(5, seed: seed)
            let victims = world.ids.prefix(4)
            for victim in victims { world.crash(victim) }
            #expect(
                world.run(until: world.now + .seconds(5)) { world in
                    victims.allSatisfy { world.everyoneSees($0, as: .dead) }
                }, "seed \(seed)")
        }
    }

    @Test(arguments: [2, 5, 12])
    func `a restarted node is taken back, and knows what it missed`(count: Int) {
        for seed in Self.seeds(count, of: 8) {
            var world = World.settled(count, seed: seed)
            let victim = world.ids[0]
            world.crash(victim)
            world.run(for: .seconds(10))
            #expect(world.everyoneSees(victim, as: .dead))
            for id in world.running {
                world.deliver(.measured(remaining: .megabytes(3), load: 5, freeDisk: .gigabytes(1)), to: id)
            }
            world.run(for: .seconds(3))
            world.start(victim)
            #expect(world.run(until: world.now + .seconds(2)) { $0.isAgreed }, "seed \(seed)")
            // So quickly that nobody noticed.
            world.crash(victim)
            world.start(victim)
            #expect(world.run(until: world.now + .seconds(2)) { $0.isAgreed }, "seed \(seed)")
            world.run(for: .seconds(20))
            #expect(world.isAgreed, "seed \(seed)")
        }
    }

    @Test(arguments: [2, 5], [true, false])
    func `a survivor that restarts still knows who is dead, and takes them back`(count: Int, isKilled: Bool) {
        for seed in Self.seeds(count, of: 8) {
            var world = World.settled(count, seed: seed)
            let (victim, survivor) = (world.ids[0], world.ids[1])
            if isKilled { world.crash(victim) } else { world.network.groups[victim] = 1 }
            world.run(for: .seconds(10))
            #expect(world.condition(of: victim, seenBy: survivor) == .dead, "seed \(seed)")
            world.crash(survivor)
            let changes = world.conditions.count
            world.start(survivor)
            #expect(world.condition(of: victim, seenBy: survivor) == .dead, "seed \(seed)")
            world.run(for: .seconds(20))
            #expect(world.condition(of: victim, seenBy: survivor) == .dead, "seed \(seed)")
            let seen = world.conditions[changes...].filter { $0.observer == survivor && $0.member == victim }
            #expect(seen.allSatisfy { $0.condition == .dead }, "seed \(seed)")
            if isKilled { world.start(victim) } else { world.network.groups = [:] }
            #expect(world.run(until: world.now + .seconds(isKilled ? 2 : 60)) { $0.isAgreed }, "seed \(seed)")
            world.run(for: .seconds(10))
            #expect(world.isAgreed, "seed \(seed)")
        }
    }

    @Test func `a node that left is gone for all, and may come back`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: seed)
            let leaver = world.ids[2]
            world.deliver(.leave, to: leaver)
            #expect(world.run(until: world.now + .seconds(1)) { $0.everyoneSees(leaver, as: .left) })
            world.crash(leaver)
            world.run(for: .seconds(20))
            #expect(world.everyoneSees(leaver, as: .left) && world.everDead.isEmpty)
            world.start(leaver)
            #expect(world.run(until: world.now + .seconds(2)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test(arguments: [(2, 1), (6, 1), (6, 3), (7, 2), (10, 5)])
    func `the halves of a partition grow together again`(count: Int, minority: Int) {
        for seed in Self.seeds(count, of: 5) {
            var world = World.settled(count, seed: seed)
            for id in world.ids.prefix(minority) { world.network.groups[id] = 1 }
            world.run(for: .seconds(30))
            let (here, there) = (world.ids[0], world.ids[count - 1])
            #expect(world.condition(of: there, seenBy: here) == .dead, "seed \(seed)")
            #expect(world.condition(of: here, seenBy: there) == .dead, "seed \(seed)")
            world.network.groups = [:]
            #expect(world.run(until: world.now + .seconds(60)) { $0.isAgreed }, "\(count)/\(minority) seed \(seed)")
            world.run(for: .seconds(10))
            #expect(world.isAgreed, "\(count)/\(minority) seed \(seed)")
        }
    }

    /// At the pace that the controller sets for 8 GB a month, where a pulse comes every hundred seconds or so.
    @Test(arguments: [(30, 15), (40, 6)])
    func `the sides of a long partition agree within five minutes after it`(count: Int, minority: Int) {
        for seed in Self.seeds(count, of: 3) {
            var world = World.settled(count, seed: seed, settings: Roster.Settings())
            world.run(for: .seconds(1200))
            for id in world.ids.prefix(minority) { world.network.groups[id] = 1 }
            world.run(for: .seconds(3 * 3600))
            let before = world.bytes
            world.network.groups = [:]
            let healed = world.now
            #expect(world.run(until: healed + .seconds(300)) { $0.isAgreed }, "\(count)/\(minority) seed \(seed)")
            let bytes = (world.bytes - before) / count
            print("\(count)/\(minority) agreed after \(world.now - healed), \(bytes) bytes a node")
            world.run(for: .seconds(600))
            #expect(world.isAgreed, "\(count)/\(minority) seed \(seed)")
        }
    }

    @Test func `nobody dies of lost datagrams, and news get through`() {
        var suspicions = 0
        for seed in 1...3 as ClosedRange<UInt64> {
            var world = World.settled(7, seed: seed)
            world.network.loss = 0.2
            world.network.delay = 0.02...0.08
            world.run(for: .seconds(100))
            #expect(world.everDead.isEmpty, "seed \(seed)")
            for id in world.ids {
                world.deliver(.measured(remaining: .megabytes(2), load: 1, freeDisk: .gigabytes(9)), to: id)
            }
            #expect(
                world.run(until: world.now + .seconds(10)) { world in
                    world.ids.allSatisfy { observer in
                        world.ids.allSatisfy { world.nodes[observer]?.roster?[$0]?.status?.value.load == 1 }
                    }
                }, "seed \(seed)")
            suspicions += world.conditions.count { $0.condition == .suspect }
        }
        print("suspicions in 3 × 7 nodes × 100 s at 20 % loss: \(suspicions)")
    }

    @Test func `who stood still while others forgot that they told of a death hears of it`() throws {
        var settings = Roster.Settings(pulse: .seconds(1))
        settings.viewLimit = 4
        settings.quietAge = .seconds(10)
        // It is not to find out by itself.
        settings.firstFarCount = 0
        settings.farSpacing = .seconds(1_000_000)
        var world = World.settled(20, seed: 1, settings: settings)
        world.run(for: .seconds(60))
        let sleeper = world.ids[0]
        let neighbours = try #require(world.nodes[sleeper]?.roster?.neighbours)
        let victim = try #require(world.ids.dropFirst().first { !neighbours.contains($0) })
        world.pause(sleeper, for: .seconds(300))
        world.run(for: .seconds(5))
        world.crash(victim)
        world.run(for: .seconds(296))
        #expect(world.condition(of: victim, seenBy: sleeper) == .alive)
        #expect(world.run(until: world.now + .seconds(300)) { $0.isAgreed })
    }

    @Test func `a killed node is known dead at a long way and some loss too`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: seed)
            world.network.delay = 0.1...0.15
            world.network.loss = 0.05
            world.run(for: .seconds(20))
            let victim = world.ids[3]
            world.crash(victim)
            #expect(world.run(until: world.now + .seconds(6)) { $0.everyoneSees(victim, as: .dead) }, "seed \(seed)")
            #expect(world.everDead == [victim], "seed \(seed)")
        }
    }

    @Test func `a node that stood still accuses nobody, and is taken back`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: seed)
            world.pause(world.ids[0], for: .milliseconds(900))
            world.run(for: .seconds(10))
            #expect(world.everDead.isEmpty && world.isAgreed, "seed \(seed)")
            world.pause(world.ids[0], for: .seconds(15))
            world.run(for: .seconds(14))
            #expect(world.everDead == [world.ids[0]], "seed \(seed)")
            #expect(world.run(until: world.now + .seconds(10)) { $0.isAgreed }, "seed \(seed)")
            #expect(world.everDead == [world.ids[0]], "seed \(seed)")
        }
    }

    @Test func `what was missed is found by comparing what is quiet`() throws {
        var settings = Roster.Settings(pulse: .seconds(1))
        settings.quietAge = .seconds(10)
        for seed in 1...5 as ClosedRange<UInt64> {
            var world = World.settled(6, seed: seed, settings: settings)
            let (forgetful, subject) = (world.ids[1], world.ids[4])
            world.run(for: .seconds(90))
            // As if its last status had never come.
            let roster = try #require(world.nodes[forgetful]?.roster)
            let index = try #require(roster.table.index(of: subject))
            var earlier = try #require(roster.table.members[index].status?.value)
            earlier.version -= 1
            let news = world.signed(.status(earlier))
            world.nodes[forgetful]?.roster?.table.replace(index, with: news)
            #expect(!world.isAgreed)
            #expect(world.run(until: world.now + .seconds(30)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `in a quiet network there is one exchange per edge and interval`() {
        for count in [2, 5, 9] {
            var world = World.settled(count, seed: 3)
            world.run(for: .seconds(30))
            let before = world.datagrams
            world.run(for: .seconds(60))
            let exchanges = Double(world.datagrams - before) / 2
            let edges = Double(world.nodes.values.reduce(0) { $0 + ($1.roster?.view.members.count ?? 0) }) / 2
            #expect((0.97...1.02).contains(exchanges / edges / 60), "\(count): \(exchanges / edges / 60)")
        }
    }

    @Test func `the same seed tells the same story`() {
        func story(seed: UInt64) -> [String] {
            var world = World.settled(6, seed: seed)
            world.network.loss = 0.1
            world.crash(world.ids[2])
            world.run(for: .seconds(20))
            world.start(world.ids[2])
            world.run(for: .seconds(20))
            return world.conditions.map { "\($0)" } + ["\(world.datagrams) \(world.bytes)"]
        }
        #expect(story(seed: 7) == story(seed: 7))
        #expect(story(seed: 7) != story(seed: 8))
    }
}

extension Roster {
    /// Does as if the member had never been in the view.
    fileprivate mutating func overlook(_ member: NodeID) {
        guard let index = table.index(of: member) else { return }
        view.unseat(member)
        view.dismiss(member)
        table[edge: index].phase = .idle
    }
}
