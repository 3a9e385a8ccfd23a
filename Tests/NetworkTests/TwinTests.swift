import Foundation
import Primitives
import Testing

@testable import Runtime

extension NetworkTests {
    @Suite("One identity at two addresses") struct Twins {
        private static let length = ByteCount.megabytes(1)
        /// What nodes of these tests pulse with.
        private static let quiet = TwinDoubts(pulse: .seconds(1)).quiet
        /// The machine is busy with other tests.
        private static let slack = Duration.seconds(15)

        private static func ask(
            _ nodes: [TestNode], for link: String, _ readers: Readers
        ) async throws -> [Readers.Answer] {
            let path = link.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }
            let client = try #require(try CountryAddresses().neighbourhoods(in: "JP", count: 1).first)
            return try await readers.ask(
                nodes.map { Readers.Question(link: $0.url + path, address: client, followsRedirects: false) })
        }

        @Test("is told by both, and neither gives files to clients until it is alone again")
        func copied() async throws {
            let plans = Array(TestNetwork.world.prefix(4))
            try await TestNetwork.with(plans) { network in
                let original = network.nodes[3]
                let file = try network.makeFile("only.bin", Self.length)
                let link = try await original.post(file, replicas: 0)
                let readers = try Readers()
                defer { readers.leave() }
                #expect(await original.stop() == 0)
                let copy = TestNode(
                    NodePlan(name: "copy", country: "KE"), in: network.directory.url, port: try FreePorts.take(1)[0])
                try FileManager.default.copyItem(at: original.directory, to: copy.directory)
                try original.start(["run"] + original.settings)
                try await original.isUp()
                try await eventually("it is back", within: .seconds(20)) { try await network.isComplete() }
                let before = try await Self.ask([original], for: link, readers)
                #expect(before[0].isRight(file))

                try copy.start(["run"] + copy.settings)
                do {
                    try await copy.isUp()
                    let telling = try await eventually("both tell", within: Self.quiet + Self.slack) {
                        let troubles = (try await original.status(), try await copy.status())
                        return troubles.0.trouble("twin") != nil && troubles.1.trouble("twin") != nil
                    }
                    figure("a copy was started, told by both after", telling)
                    let sentence = try await original.status().trouble("twin")
                    figure("  the first says:", sentence ?? "")
                    figure("  the copy says:", try await copy.status().trouble("twin") ?? "")
                    #expect(sentence?.contains("stop one of them") == true)

                    // For longer than one is believed to be gone that is not heard.
                    let clock = ContinuousClock()
                    let end = clock.now + Self.quiet + .seconds(5)
                    while clock.now < end {
                        let answers = try await Self.ask([original, copy], for: link, readers)
                        #expect(answers.allSatisfy { $0.status == 503 && $0.bytes < 200 })
                        #expect(answers.allSatisfy { (Int($0.retryAfter) ?? 0) > 0 })
                        try await Task.sleep(for: .seconds(1))
                    }
                    for node in network.nodes.prefix(3) {
                        #expect(try await node.status().trouble("twin") == nil)
                    }
                    await copy.kill()
                } catch {
                    print("--- copy", (try? String(contentsOf: copy.log, encoding: .utf8)) ?? "", separator: "\n")
                    await copy.kill()
                    throw error
                }
                let relief = try await eventually("the one that is left serves", within: Self.quiet + Self.slack) {
                    try await Self.ask([original], for: link, readers)[0].isRight(file)
                }
                figure("the copy was ended, files again after", relief)
                #expect(try await original.status().trouble("twin") == nil)
            }
        }

        @Test("is not what a node has that moves to another address and back")
        func moved() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(3))) { network in
                let node = network.nodes[2]
                let elsewhere = TestNode(node.plan, in: network.directory.url, port: try FreePorts.take(1)[0])
                for place in [elsewhere, node] {
                    await (place === node ? elsewhere : node).kill()
                    try place.start(["run"] + place.settings)
                    try await place.isUp()
                    try await eventually("it is known at its new address", within: .seconds(30)) {
                        try await network.founder.succeed(["peers", "--json"]).contains(place.url)
                    }
                    // Several looks, and the Sentinel's first one.
                    for _ in 0..<8 {
                        #expect(try await place.status().trouble("twin") == nil)
                        try await Task.sleep(for: .seconds(1))
                    }
                    let log = try String(contentsOf: place.log, encoding: .utf8)
                    #expect(!log.contains("Another process runs"))
                }
            }
        }
    }
}
