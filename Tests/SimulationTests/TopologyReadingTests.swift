import Foundation
import Primitives
import Testing

@testable import Simulation

@Suite("A topology file")
struct TopologyReadingTests {
    private func read(_ yaml: String, seed: UInt64? = nil, matrix: String? = nil) throws -> Topology {
        try Topology(yaml: yaml, file: "topology/x.yaml", seed: seed) { path in
            path == "topology/delays.tsv" ? matrix : nil
        }
    }

    @Test("is read whole")
    func whole() throws {
        let topology = try read(
            """
            name: Two
            summary: Two nodes and everything
            seed: 7
            days: 1.5
            pulse: 2s
            links: {latency: 1ms..20ms, jitter: 5ms, loss: 2 %, duplication: 0.5 %, reordering: 1%, capacity: 8Mbit}
            nodes:
              - name: home
                location: 52.52,13.40
                allowance: 10GB/week
                share: 5GB
                disk: 2GiB
                uplink: 80Mbit
                skew: -2s
                honesty: understates-spend
                starts: 3s
              - {name: away, location: de, allowance: 10GB/month}
            clients: {Tokyo: 3, "52.52,13.40": 1}
            files:
              - {name: film, length: 700MB, publisher: home, posted: 1h, replicas: 1}
            demand:
              requests: 10/hour
              zipf: 1.1
              rhythm: 50 %
              ask: anybody
              crowds: [{file: film, at: 12h, for: 1h, requests: 99}]
            faults:
              - {kind: crash, who: home, at: 1h, for: 10s, every: 2h}
              - {kind: pause, who: 1, at: 1h, for: 10s}
              - {kind: partition, who: [away], at: 1h, oneWay: yes}
              - {kind: split, sides: [home, away], at: 1h}
              - {kind: loss, part: 20 %, at: 1h}
              - {kind: delay, by: 200ms, at: 1h}
              - {kind: slow-disk, factor: 10, at: 1h}
              - {kind: full-disk, at: 1h}
              - {kind: torn-writes, who: {some: 50 %, of: europe}, at: 1h}
              - {kind: clock-jump, by: -2h, at: 1h}
              - {kind: lie, as: sends-bad-pieces, at: 1h}
            """)
        var expected = Topology()
        expected.name = "Two"
        expected.summary = "Two nodes and everything"
        expected.seed = 7
        expected.length = .seconds(129_600)
        expected.pulse = .seconds(2)
        expected.links.delay = .drawn(.milliseconds(1) ... .milliseconds(20))
        expected.links.jitter = .milliseconds(5)
        expected.links.loss = 0.02
        expected.links.duplication = 0.005
        expected.links.reordering = 0.01
        expected.links.capacity = .megabytes(1)
        let berlin = Place(latitude: 52.52, longitude: 13.40)
        expected.nodes = [
            Topology.Node(
                name: "home", place: berlin, share: .gigabytes(5), period: .seconds(7 * 86_400), disk: .mebibytes(2048),
                uplink: .megabytes(10), clockSkew: .seconds(-2), honesty: .understatesSpend, startsAt: .seconds(3)),
            Topology.Node(name: "away", place: Country.place(of: "DE"), share: .gigabytes(8)),
        ]
        expected.clients = [
            Topology.Region(name: "Tokyo", place: Place(latitude: 35.68, longitude: 139.69), weight: 3),
            Topology.Region(name: "52.52,13.40", place: berlin, weight: 1),
        ]
        expected.files = [
            Topology.File(name: "film", length: .megabytes(700), publisher: 0, postedAt: .seconds(3600), replicas: 1)
        ]
        expected.demand.requestsPerDay = 240
        expected.demand.exponent = 1.1
        expected.demand.rhythm = 0.5
        expected.demand.entry = .anybody
        expected.demand.flashCrowds = [
            Topology.FlashCrowd(file: 0, at: .seconds(43_200), for: .seconds(3600), requests: 99)
        ]
        let hour = Duration.seconds(3600)
        expected.faults = [
            Topology.Fault(.crash, who: .nodes([0]), at: hour, for: .seconds(10), every: .seconds(7200)),
            Topology.Fault(.pause, who: .drawn(1, of: [0, 1]), at: hour, for: .seconds(10)),
            Topology.Fault(.partition(oneWay: true), who: .nodes([1]), at: hour),
            Topology.Fault(.split([[0], [1]]), at: hour),
            Topology.Fault(.loss(0.2), at: hour),
            Topology.Fault(.delay(.milliseconds(200)), at: hour),
            Topology.Fault(.slowDisk(factor: 10), at: hour),
            Topology.Fault(.fullDisk, at: hour),
            Topology.Fault(.tornWrites, who: .drawn(1, of: [0, 1]), at: hour),
            Topology.Fault(.clockJump(.seconds(-7200)), at: hour),
            Topology.Fault(.lie(.sendsBadPieces), at: hour),
        ]
        #expect(topology == expected)
    }

    @Test("needs no more than a node, and is called after its file")
    func smallest() throws {
        var expected = Topology()
        expected.name = "x"
        expected.nodes = [Topology.Node(name: "home")]
        #expect(try read("nodes: [{name: home}]") == expected)
    }

    @Test("writes groups out, drawn within what it says", arguments: 1...5 as ClosedRange<UInt64>)
    func groups(seed: UInt64) throws {
        let topology = try read(
            """
            nodes:
              - {name: n, count: 300, location: {europe: 3, Tokyo: 1}, share: 2GB..32GB, skew: -2s..2s, starts: 0s..1min}
            files:
              - {name: f, count: 100, length: 1MB..1GB, publisher: europe, posted: 1h..2h}
            """, seed: seed)
        #expect(topology.nodes.map(\.name) == (1...300).map { "n-\($0)" })
        let europeans = topology.nodes.indices.filter { index in
            topology.nodes[index].place.map { Cities.continent(of: $0) } == "europe"
        }
        #expect((180...270).contains(europeans.count))
        let tokyo = try #require(Cities.named("Tokyo")?.place)
        for (index, node) in topology.nodes.enumerated() where !europeans.contains(index) {
            #expect(try #require(node.place).distance(to: tokyo) < 32)
        }
        for node in topology.nodes {
            #expect((.gigabytes(2) ... .gigabytes(32)).contains(node.share))
            #expect((.seconds(-2) ... .seconds(2)).contains(node.clockSkew))
            #expect((.zero ... .seconds(60)).contains(node.startsAt))
        }
        // Each doubling as often as another: half have less than 8 GB.
        #expect((100...200).contains(topology.nodes.count { $0.share < .gigabytes(8) }))
        for file in topology.files {
            #expect((.megabytes(1) ... .gigabytes(1)).contains(file.length))
            #expect((.seconds(3600) ... .seconds(7200)).contains(file.postedAt))
            #expect(europeans.contains(file.publisher))
        }
    }

    @Test("is drawn the same from the same seed, and otherwise from another")
    func seeds() throws {
        let yaml = "seed: 3\nnodes: [{name: n, count: 50, location: world, share: 2GB..32GB}]"
        #expect(try read(yaml) == read(yaml))
        #expect(try read(yaml) == read(yaml, seed: 3))
        #expect(try read(yaml, seed: 4).nodes != read(yaml).nodes)
        #expect(try read(yaml, seed: 4).seed == 4)
    }

    @Test("takes delays and places from a matrix")
    func matrix() throws {
        let table = "name\tlat\tlon\ta\tb\na\t52.52\t13.4\t0\t12.5\nb\t\t\t\t0\n"
        let topology = try read(
            """
            links: {latency: {matrix: delays.tsv}}
            nodes:
              - {name: all, count: hosts}
              - {name: second, host: b}
            """, matrix: table)
        guard case .matrix(let matrix) = topology.links.delay else {
            Issue.record("no matrix")
            return
        }
        #expect(matrix.roundTrip(from: 1, to: 0) == .microseconds(12_500))
        #expect(topology.nodes.map(\.host) == [0, 1, 1])
        #expect(topology.nodes.map(\.place) == [Place(latitude: 52.52, longitude: 13.4), nil, nil])
    }

    @Test("of those that come with Potluck is read", arguments: Shipped.names)
    func shipped(name: String) throws {
        let topology = try Shipped.topology(name)
        #expect(!topology.summary.isEmpty)
        #expect(try Shipped.topology(name) == topology)
        let sizes = ["neighbours": 5, "bloggers": 60, "thousand": 1000, "ten-thousand": 10_000]
        if let size = sizes[name] { #expect(topology.nodes.count == size) }
    }

    @Test("lies in the folder of topologies under each of the names that there are")
    func folder() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Shipped.folder.path)
        #expect(files.filter { $0.hasSuffix(".yaml") }.sorted() == Shipped.names.map { $0 + ".yaml" }.sorted())
    }

    @Test("is written as its description shows")
    func readMe() throws {
        let text = try String(contentsOf: Shipped.folder.appending(path: "README.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        let matrix = try #require(blocks.first { $0.hasPrefix("\nname\t") }).dropFirst()
        let examples = blocks.filter { $0.hasPrefix("yaml\n") }.map { String($0.dropFirst(5)) }
        #expect(examples.count == 3)
        for example in examples {
            let nodes = example.contains("nodes:") ? "" : "days: 30\nnodes: [{name: n, count: 50, location: world}]\n"
            #expect(try read(nodes + example, matrix: String(matrix)).nodes.count >= 3)
        }
    }
}
