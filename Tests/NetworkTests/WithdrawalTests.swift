import Foundation
import Primitives
import Testing

extension NetworkTests {
    @Suite("A withdrawn file") struct Withdrawal {
        @Test("is gone everywhere: 410 at every node, and no byte left; posted again, it is back")
        func unposting() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let file = try network.makeFile("regret.bin", .mebibytes(8))
                let publisher = network.founder
                let link = try await publisher.post(file, replicas: 3)
                let said = try await publisher.succeed(["unpost", link])
                #expect(said == "“regret.bin” is withdrawn; 3 other nodes drop their copies.")
                let vanishing = try await eventually("it is gone everywhere", within: .seconds(20)) {
                    for node in network.nodes where try await Self.status(of: link, at: node) != 410 { return false }
                    for node in network.nodes where node !== publisher {
                        guard try Self.stored(at: node) == [] else { return false }
                    }
                    return true
                }
                figure("withdrawn, gone everywhere after", vanishing)
                for arguments in [["unpost", link], ["show", link]] {
                    let again = try await publisher.run(arguments)
                    #expect(again.status == 1 && again.errors.contains("withdrawn"), "\(again.errors)")
                }
                #expect(try await publisher.post(file, replicas: 3) == link)
                try await eventually("it is back", within: .seconds(20)) {
                    for node in network.nodes where try await Self.status(of: link, at: node) != 200 { return false }
                    return true
                }
            }
        }

        @Test("is not served by a holder that was away, not even for a moment")
        func absence() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let file = try network.makeFile("regret.bin", .mebibytes(8))
                let publisher = network.founder
                let link = try await publisher.post(file, replicas: 3)
                let sleeper = network.nodes[2]
                #expect(await sleeper.stop() == 0)
                _ = try await publisher.succeed(["unpost", link])
                try sleeper.start()
                let clock = ContinuousClock()
                // From the moment at which its door opens, which a busy machine may put off.
                var answers: [Int] = []
                try await eventually("its door opens", within: .seconds(20)) {
                    answers.append(try await Self.status(of: link, at: sleeper))
                    return answers.last != 0
                }
                let end = clock.now + .seconds(5)
                while clock.now < end {
                    answers.append(try await Self.status(of: link, at: sleeper))
                    try await Task.sleep(for: .milliseconds(20))
                }
                let told = Set(answers.drop { $0 == 0 })
                #expect(told.contains(410) && told.isSubset(of: [410, 503]), "\(told)")
                try await eventually("its bytes are gone", within: .seconds(20)) { try Self.stored(at: sleeper) == [] }
            }
        }

        @Test("was held by those of a list alone")
        func lists() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let publisher = network.founder
                let friend = network.nodes[2]
                let identity = try await friend.status().id
                #expect(await publisher.stop() == 0)
                let settings = publisher.directory.appending(path: "node.yaml")
                let text = try String(contentsOf: settings, encoding: .utf8)
                try Data((text + "\nlists: {friends: [\(identity)]}\n").utf8).write(to: settings)
                try publisher.start()
                try await publisher.isUp()
                try await eventually("all are there again", within: .seconds(20)) { try await network.isComplete() }

                let file = try network.makeFile("party.bin", .mebibytes(4))
                let path = file.path(percentEncoded: false)
                let link = try await publisher.succeed(["post", "--wait", "--to", "friends", path])
                try await Task.sleep(for: .seconds(3))
                let holders = try await publisher.detail(of: link).holders.map(\.node.name)
                #expect(Set(holders) == [publisher.name, friend.name])
                let wrong = try await publisher.run(["post", "--to", "frends", path])
                #expect(wrong.status == 1 && wrong.errors.contains("there are friends"), "\(wrong.errors)")
            }
        }

        /// What a plain client that follows no redirect is answered; 0 when nobody answers.
        private static func status(of link: String, at node: TestNode) async throws -> Int {
            let path = try #require(URL(string: link)).path(percentEncoded: true)
            let outcome = try await Outcome.of(
                "/usr/bin/curl",
                [
                    "--disable", "--silent", "--head", "--location", "--max-time", "5", "--output", "/dev/null",
                    "--write-out", "%{http_code}", node.url + path,
                ], environment: Program.environment)
            return Int(outcome.output) ?? 0
        }

        /// The files on a node's disk.
        private static func stored(at node: TestNode) throws -> [String] {
            let folder = node.directory.appending(path: "files").path(percentEncoded: false)
            return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.count > 52 }
        }
    }

    @Suite("Leaving") struct Leaving {
        @Test("hands over what was held, and frees the node for another network")
        func leaving() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let file = try network.makeFile("heirloom.bin", .mebibytes(8))
                let publisher = network.founder
                let link = try await publisher.post(file, replicas: 1)
                let holders = try await publisher.detail(of: link).holders
                let holder = try #require(
                    network.nodes.first { node in
                        node !== publisher && holders.contains { $0.node.name == node.name && $0.isComplete }
                    })
                let identity = try await holder.status().id

                try await TestNetwork.with([NodePlan(name: "elsewhere", country: "FR")]) { other in
                    let invite = try await other.founder.succeed(["invite", "--uses", "2"])
                    let refused = try await holder.run(["join", invite])
                    #expect(refused.status == 1 && refused.errors.contains("node leave"), "\(refused.errors)")

                    let said = try await holder.succeed(["leave", "--within", "60s"])
                    #expect(said == "This node has left and stopped; 1 file it held is in other hands.")
                    #expect(await holder.stop() == 0)
                    try await eventually("another has the copy", within: .seconds(20)) {
                        let detail = try await publisher.detail(of: link)
                        return detail.file.replicas == 1 && !detail.holders.contains { $0.node.id == identity }
                    }
                    #expect(try await publisher.status().members.left == 1)

                    try holder.start(["join", invite])
                    try await holder.isUp()
                    #expect(try await holder.status().id == identity)
                    try await eventually("it belongs elsewhere", within: .seconds(10)) {
                        let (here, there) = try await (holder.status(), other.founder.status())
                        return here.network == there.id && here.members.alive == 1 && there.members.alive == 1
                    }
                }
            }
        }

        @Test("as the founder takes a new identity, under which the network it founded takes it in like any other")
        func founder() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(2))) { network in
                let (founder, member) = (network.founder, network.nodes[1])
                let identity = try await founder.status().id
                let link = try await founder.post(try network.makeFile("deed.bin", .mebibytes(1)), replicas: 1)
                let refused = try await founder.run(["leave", "--now"])
                #expect(refused.status == 1 && refused.errors.contains("node unpost"), "\(refused.errors)")
                _ = try await founder.succeed(["unpost", link])
                let listed: [View.File] = try await founder.ask(["list"])
                #expect(listed.map(\.standing) == ["withdrawn"])

                let left = try await founder.run(["leave", "--within", "10s"])
                #expect(left.status == 0 && left.errors.contains("takes a new identity"), "\(left.errors)")
                #expect(await founder.stop() == 0)
                let names = try FileManager.default.contentsOfDirectory(
                    atPath: founder.directory.path(percentEncoded: false))
                #expect(names.filter { $0.hasPrefix("identity.key") }.count == 2, "\(names)")

                try founder.start()
                try await founder.isUp()
                try await Task.sleep(for: .seconds(3))
                let alone = try await founder.status()
                #expect(alone.id != identity && alone.network == alone.id)
                #expect(alone.members.alive == 0)
                #expect(try await member.status().members.alive == 0)

                let invite = try await member.succeed(["invite"])
                _ = try await founder.succeed(["join", invite])
                try await eventually("it is a member", within: .seconds(10)) {
                    let (here, there) = try await (founder.status(), member.status())
                    return here.network == identity && here.members.alive == 1 && there.members.alive == 1
                }
            }
        }
    }
}
