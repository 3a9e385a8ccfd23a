import Catalogue
import Primitives
import Testing

@Suite("Replication")
struct ReplicationTests {
    static func copies(_ manifest: Manifest, _ world: World, by index: Int) -> Double {
        world.nodes[index].sent.fraction(of: manifest.posting.length)
    }

    @Test("costs the origin about one copy and little more time than one", arguments: [3, 8])
    func originSendsOneCopy(replicas: Int) {
        let manifest = Sample.manifest(
            length: .mebibytes(128), publisher: Sample.node(0), replicas: UInt8(replicas))
        var world = World(replicas + 1, seed: UInt64(replicas))
        world.post(manifest, on: 0)
        world.run(for: .seconds(600)) { $0.holders(of: manifest.file).count == replicas + 1 }
        #expect(world.holders(of: manifest.file).count == replicas + 1)
        let copies = Self.copies(manifest, world, by: 0)
        #expect(copies >= 1 && copies <= 1.1, "\(copies)")
        let once = Double(manifest.posting.length.bytes) / Double(world.settings.uplink)
        let time = Double((world.now - .zero).wholeMilliseconds) / 1000
        #expect(time <= 1.2 * once, "\(time) s for R replicas, \(once) s for one copy")
        print("R=\(replicas): copies \(copies), time \(time / once)")
    }
}
