import Foundation
import Primitives

/// Nodes that found each other on loopback. The first is the founder.
struct TestNetwork: Sendable {
    let directory: TemporaryDirectory
    let nodes: [TestNode]

    /// Five countries on five continents, all with much to spare.
    static let world = [
        NodePlan(name: "durban", country: "ZA"), NodePlan(name: "boston", country: "US"),
        NodePlan(name: "berlin", country: "DE"), NodePlan(name: "tokyo", country: "JP"),
        NodePlan(name: "recife", country: "BR"),
    ]

    var founder: TestNode { nodes[0] }

    func node(at url: String) -> TestNode? {
        nodes.first { url.hasPrefix($0.url + "/") }
    }

    /// A file of its own, of pseudo-random bytes.
    func makeFile(_ name: String, _ length: ByteCount, seed: UInt64 = 1) throws -> URL {
        var generator = Generator(seed: seed)
        let words = [UInt64](unsafeUninitializedCapacity: Int(length.bytes / 8) + 1) { buffer, count in
            for index in buffer.indices { buffer.initializeElement(at: index, to: generator.next()) }
            count = buffer.count
        }
        let file = directory.url.appending(path: name)
        try words.withUnsafeBytes { Data($0.prefix(Int(length.bytes))) }.write(to: file)
        return file
    }
}

extension TestNetwork {
    /// Starts a network for as long as the body runs; whatever happens, no process stays behind.
    static func with(_ plans: [NodePlan], _ body: (TestNetwork) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("net")
        let ports = try FreePorts.take(plans.count)
        let network = TestNetwork(
            directory: directory, nodes: zip(plans, ports).map { TestNode($0, in: directory.url, port: $1) })
        do {
            try await network.start()
            try await body(network)
        } catch {
            network.printLogs()
            await network.end()
            throw error
        }
        await network.end()
    }

    private func start() async throws {
        _ = try await founder.succeed(["init"] + founder.settings)
        try founder.start()
        try await founder.isUp()
        guard nodes.count > 1 else { return }
        let invite = try await founder.succeed(["invite", "--uses", "\(nodes.count - 1)"])
        for node in nodes.dropFirst() {
            try node.start(["join"] + node.settings, environment: ["NODE_INVITE": invite])
        }
        for node in nodes.dropFirst() { try await node.isUp() }
        try await eventually("everybody knows everybody", within: .seconds(20)) { try await isComplete() }
    }

    /// Whether everybody believes that everybody else is alive.
    func isComplete() async throws -> Bool {
        for node in nodes {
            guard try await node.status().members.alive == nodes.count - 1 else { return false }
        }
        return true
    }

    /// A node that is not of this network yet, and does not run.
    func guest(_ name: String) throws -> TestNode {
        TestNode(NodePlan(name: name, country: "KE"), in: directory.url, port: try FreePorts.take(1)[0])
    }

    /// Starts one more node for as long as the body runs.
    func withGuest(_ name: String, _ arguments: [String], _ body: (TestNode) async throws -> Void) async throws {
        let guest = try guest(name)
        try guest.start(arguments + guest.settings)
        do {
            try await body(guest)
        } catch {
            await guest.stop()
            throw error
        }
        await guest.stop()
    }

    private func end() async {
        await withTaskGroup { group in
            for node in nodes {
                group.addTask {
                    if let status = await node.stop(), status != 0 { figure("\(node.name) ended with", status) }
                }
            }
        }
        directory.remove()
    }

    /// The end of what each node said, for who has to find out what went wrong.
    private func printLogs() {
        for node in nodes {
            let lines = (try? String(contentsOf: node.log, encoding: .utf8))?.split(separator: "\n") ?? []
            print("--- \(node.name)", lines.suffix(30).joined(separator: "\n"), separator: "\n")
        }
    }
}
