import Catalogue
import Primitives
import Testing

@Suite("Replication")
struct ReplicationTests {
    static func copies(_ manifest: Manifest, _ world: World, by index: Int) -> Double {
        world.nodes[index].sent.fraction(of: manifest.posting.length)
    }

    @Test("costs the origin about one copy and little more time than one", arguments: [1, 3, 8])
    func originSendsOneCopy(replicas: Int) {
        let manifest = Sample.manifest(length: .mebibytes(96), publisher: Sample.node(0), replicas: UInt8(replicas))
        var world = World(replicas + 1, seed: UInt64(replicas))
        world.post(manifest, on: 0)
        world.run(for: .seconds(600)) { $0.holders(of: manifest.file).count == replicas + 1 }
        #expect(world.holders(of: manifest.file).count == replicas + 1)
        let copies = Self.copies(manifest, world, by: 0)
        #expect(copies >= 1 && copies <= 1.1, "\(copies)")
        let once = Double(manifest.posting.length.bytes) / Double(world.settings.uplink)
        let time = Double((world.now - .zero).wholeMilliseconds) / 1000
        #expect(time <= 1.2 * once, "\(time) s for \(replicas) replicas, \(once) s for one copy")
    }

    @Test("of many members chooses as many as are wanted, and all trackers agree on the holders", arguments: 0..<10)
    func choosesAsManyAsWanted(seed: UInt64) {
        let manifest = Sample.manifest(length: .mebibytes(8), publisher: Sample.node(2), seed: seed)
        var world = World(8, settings: World.Settings(jitter: .milliseconds(30)), seed: seed)
        world.post(manifest, on: 2)
        world.run(for: .seconds(120))
        let holders = world.holders(of: manifest.file)
        #expect(holders.count == 4)
        #expect(Self.copies(manifest, world, by: 2) <= 1.1)
        // Whoever asks learns the same.
        for index in world.nodes.indices { world.handle(.wanted(manifest.file), at: index) }
        world.run(for: .seconds(2))
        for (index, node) in world.nodes.enumerated() {
            let known = node.routes[manifest.file]?.holders.map(\.id) ?? []
            let others = holders.filter { $0 != index }.map { world.nodes[$0].id }
            #expect(known.sorted() == others.sorted(), "node \(index)")
            #expect(known.first == (index == 2 ? known.first : world.nodes[2].id), "the publisher comes first")
        }
    }

    @Test("reaches its aim through lost calls, broken fetches and crashes, and fetches little twice", arguments: 0..<40)
    func survivesFaults(seed: UInt64) {
        var generator = Generator(seed: seed)
        let manifest = Sample.manifest(
            length: ByteCount(Int.random(in: 0...20_000_000, using: &generator)), publisher: Sample.node(0), seed: seed)
        let settings = World.Settings(
            jitter: .milliseconds(100), lostCalls: Int.random(in: 0...150, using: &generator),
            brokenFetches: Int.random(in: 0...150, using: &generator))
        var world = World(8, settings: settings, seed: seed)
        world.post(manifest, on: 0)
        for _ in 0..<4 {
            world.crash(
                Int.random(in: 1..<8, using: &generator),
                after: .milliseconds(Int64.random(in: 0...6000, using: &generator)),
                for: .milliseconds(Int64.random(in: 500...20_000, using: &generator)))
        }
        world.run(for: .seconds(900))
        let holders = world.holders(of: manifest.file)
        // A replica that was replaced while it was away comes back as one more.
        #expect((4...8).contains(holders.count), "\(holders.count) holders")
        #expect(holders.contains(0))
        // Without faults it is one. Each crash may cost a new copy and what was not durable yet.
        #expect(Self.copies(manifest, world, by: 0) <= 4.5)
        for index in holders { #expect(world.nodes[index].disk[manifest.file]?.isComplete == true) }
        for node in world.nodes where !holders.contains(where: { world.nodes[$0].id == node.id }) {
            #expect(node.disk[manifest.file] == nil, "nobody is left half way")
        }
    }

    @Test("replaces a replica that stays dead, and not one that only restarts", arguments: 0..<10)
    func replacesTheDead(seed: UInt64) throws {
        let manifest = Sample.manifest(length: .mebibytes(4), publisher: Sample.node(0), seed: seed)
        var world = World(8, seed: seed)
        world.post(manifest, on: 0)
        world.run(for: .seconds(60))
        let before = world.holders(of: manifest.file)
        #expect(before.count == 4)
        let replica = try #require(before.last { $0 != 0 })
        world.crash(replica, after: .zero, for: .seconds(10))
        world.run(for: .seconds(100))
        #expect(world.holders(of: manifest.file) == before)
        world.crash(replica, after: .zero, for: .seconds(100_000))
        world.run(for: .seconds(100))
        let after = world.holders(of: manifest.file)
        #expect(after.count == 4 && !after.contains(replica))
    }

    @Test("goes on after a restart with the pieces that were durable", arguments: 0..<10)
    func resumes(seed: UInt64) {
        let manifest = Sample.manifest(length: .mebibytes(64), publisher: Sample.node(0), replicas: 1, seed: seed)
        var world = World(2, seed: seed)
        world.post(manifest, on: 0)
        world.crash(1, after: .milliseconds(4000), for: .seconds(1))
        world.run(for: .seconds(120)) { $0.holders(of: manifest.file).count == 2 }
        #expect(world.holders(of: manifest.file) == [0, 1])
        // A second's worth was not yet durable, and what was under way is lost: 12.5 MB and 8 MiB.
        #expect(world.nodes[0].sent <= manifest.posting.length + .mebibytes(24))
    }

    @Test("hardly asks around while the only holder is away, and gets on once it is back", arguments: 1...4)
    func waitsQuietly(seed: UInt64) {
        let manifest = Sample.manifest(length: .mebibytes(64), publisher: Sample.node(0), replicas: 6, seed: seed)
        var world = World(8, seed: seed)
        world.post(manifest, on: 0)
        world.crash(0, after: .seconds(2), for: .seconds(4 * 3600))
        world.run(for: .seconds(3600))
        #expect(world.holders(of: manifest.file).isEmpty)
        world.isLogging = true
        world.run(for: .seconds(2 * 3600))
        let questions = world.log.count { $0.contains(".pieces(") && $0.contains("call(") }
        let waiting = world.nodes.count { $0.disk[manifest.file] != nil } - 1
        #expect(waiting >= 6 && questions <= waiting * 50, "\(questions) questions of \(waiting) in two hours")
        world.isLogging = false
        world.run(for: .seconds(3600 + 120)) { $0.holders(of: manifest.file).count == waiting + 1 }
        #expect(world.holders(of: manifest.file).count == waiting + 1)
    }

    @Test("shuts out a holder that sends bad pieces, and finishes from the others")
    func excludesLiars() {
        let manifest = Sample.manifest(length: .mebibytes(16), publisher: Sample.node(0), replicas: 4)
        var world = World(5, settings: World.Settings(liars: [3]), seed: 5)
        world.post(manifest, on: 0)
        world.run(for: .seconds(120))
        #expect(world.holders(of: manifest.file) == [0, 1, 2, 3, 4])
        #expect(world.nodes[1].routes[manifest.file]?.holders.contains { $0.id == Sample.node(3) } == false)
    }

    @Test("of an empty file takes no fetch")
    func emptyFile() {
        let manifest = Sample.manifest(length: .zero, publisher: Sample.node(0))
        var world = World(5, seed: 1)
        world.post(manifest, on: 0)
        world.run(for: .seconds(20))
        #expect(world.holders(of: manifest.file).count == 4)
        #expect(world.nodes.allSatisfy { $0.sent == .zero })
    }

    @Test("runs the same way for the same seed")
    func isDeterministic() {
        func log() -> [String] {
            let settings = World.Settings(jitter: .milliseconds(50), lostCalls: 100, brokenFetches: 100)
            var world = World(6, settings: settings, seed: 42)
            world.isLogging = true
            world.post(Sample.manifest(length: .mebibytes(6), publisher: Sample.node(0)), on: 0)
            world.crash(2, after: .milliseconds(300), for: .seconds(2))
            world.run(for: .seconds(60))
            return world.log
        }
        let first = log()
        #expect(first.count > 100)
        #expect(first == log())
    }
}
