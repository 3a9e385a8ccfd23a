import Foundation
import Testing

extension NetworkTests {
    @Suite("An address") struct Addresses {
        private static let port: UInt16 = 8080

        /// Nodes in houses of their own, at the start only the founder's; whatever happens, no process stays behind.
        private static func withVillage(
            _ plans: [NodePlan], _ body: (Village, [TestNode]) async throws -> Void
        ) async throws {
            let directory = try TemporaryDirectory("net")
            defer { directory.remove() }
            try await Village.with(plans.count) { village in
                let nodes = zip(plans, village.houses).map {
                    TestNode($0, in: directory.url, port: port, house: $1)
                }
                do {
                    _ = try await nodes[0].succeed(["init"] + nodes[0].settings)
                    try nodes[0].start()
                    try await nodes[0].isUp()
                    try await body(village, nodes)
                } catch {
                    for node in nodes {
                        print(
                            "--- \(node.name)", (try? String(contentsOf: node.log, encoding: .utf8)) ?? "",
                            separator: "\n")
                        await node.stop()
                    }
                    throw error
                }
                for node in nodes { await node.stop() }
            }
        }

        @Test(
            "that a firewall blocks is named with its protocol and port, and no longer once it is open",
            .enabled(if: Village.obstacle == nil, "\(Village.obstacle ?? "")"))
        func blocked() async throws {
            let plans = [
                NodePlan(name: "hub", country: "ZA"), NodePlan(name: "deaf", country: "US"),
                NodePlan(name: "mute", country: "DE"), NodePlan(name: "open", country: "JP"),
            ]
            try await Self.withVillage(plans) { village, nodes in
                let (deaf, mute, open) = (nodes[1], nodes[2], nodes[3])
                try village.block(.udp, Self.port, of: village.houses[1])
                try village.block(.tcp, Self.port, of: village.houses[2])
                let invite = try await nodes[0].succeed(["invite", "--uses", "3"])
                for node in nodes.dropFirst() {
                    try node.start(["join"] + node.settings, environment: ["NODE_INVITE": invite])
                }
                for node in nodes.dropFirst() { try await node.isUp() }

                let raising = try await eventually("both are told", within: .seconds(30)) {
                    let (first, second) = try await (deaf.status(), mute.status())
                    return !first.troubles.isEmpty && !second.troubles.isEmpty
                }
                figure("blocked from the start, told after", raising)
                let (udp, tcp) = try await (deaf.status().troubles, mute.status().troubles)
                figure("  UDP blocked:", udp.map(\.sentence))
                figure("  TCP blocked:", tcp.map(\.sentence))
                #expect(
                    udp == [
                        .init(
                            kind: "datagramsBlocked",
                            sentence:
                                "UDP port 8080 cannot be reached from outside (nobody answers at 44.128.1.1:8080); open "
                                + "it in your firewall or router, or say with --advertise where datagrams reach this node."
                        )
                    ])
                #expect(
                    tcp == [
                        .init(
                            kind: "portBlocked",
                            sentence: "TCP port 8080 cannot be reached from outside (nobody answers at "
                                + "http://44.128.2.1:8080); open it in your firewall or router, or say with --url where others "
                                + "reach this node.")
                    ])
                #expect(try await open.status().troubles == [])
                #expect(try await nodes[0].status().troubles == [])

                try village.unblock(.udp, Self.port, of: village.houses[1])
                try village.unblock(.tcp, Self.port, of: village.houses[2])
                let clearing = try await eventually("both are reached", within: .seconds(60)) {
                    let (first, second) = try await (deaf.status(), mute.status())
                    return first.troubles.isEmpty && second.troubles.isEmpty
                }
                figure("opened, no longer told after", clearing)
                #expect(try String(contentsOf: deaf.log, encoding: .utf8).contains("Datagrams reach this node again."))
                #expect(try String(contentsOf: mute.log, encoding: .utf8).contains("Others reach this node again."))
            }
        }

        @Test("at which nothing listens is named with its protocol and port, and the port that it should lead to")
        func nothingThere() async throws {
            try await TestNetwork.with([NodePlan(name: "hub", country: "ZA")]) { network in
                let dead = try FreePorts.take(2)
                let invite = try await network.founder.succeed(["invite"])
                let flags = ["--url", "http://127.0.0.1:\(dead[0])", "--advertise", "127.0.0.1:\(dead[1])"]
                try await network.withGuest("lost", ["join", invite] + flags) { guest in
                    try await guest.isUp()
                    try await eventually("both are told", within: .seconds(30)) {
                        try await guest.status().troubles.count == 2
                    }
                    let status = try await guest.status()
                    let remedy =
                        "open it in your firewall or router, and lead it to port \(guest.port) of this machine, or say "
                    #expect(
                        status.trouble("portBlocked")
                            == "TCP port \(dead[0]) cannot be reached from outside (nobody answers at "
                            + "http://127.0.0.1:\(dead[0])); \(remedy)with --url where others reach this node.")
                    #expect(
                        status.trouble("datagramsBlocked")
                            == "UDP port \(dead[1]) cannot be reached from outside (nobody answers at "
                            + "127.0.0.1:\(dead[1])); \(remedy)with --advertise where datagrams reach this node.")
                }
            }
        }

        @Test(
            "of one's own house lets nobody into a network of the public internet, and nothing is ever sent to it",
            .enabled(if: Village.obstacle == nil, "\(Village.obstacle ?? "")"))
        func privateAddresses() async throws {
            let plans = [NodePlan(name: "hub", country: "ZA"), NodePlan(name: "schemer", country: "US")]
            try await Self.withVillage(plans) { village, nodes in
                let (hub, schemer) = (nodes[0], nodes[1])
                // What the hub would send to 10.66.0.9 goes by a cable of its own, on which it is counted.
                let (home, away) = (village.houses[0], village.houses[1])
                try village.lay("trap", from: home, to: away)
                try village.run("-n", home.namespace, "address", "add", "10.66.0.1/24", "dev", "trap")
                try village.run("-n", away.namespace, "address", "add", "10.66.0.9/24", "dev", "trap")
                let lies = ["--private", "--url", "http://10.66.0.9:8080", "--advertise", "10.66.0.9:8080"]
                let wide = ["--listen", "0.0.0.0:8080"]
                let invite = try await hub.succeed(["invite"])

                try schemer.start(["join", invite] + schemer.settings + wide + lies)
                #expect(await schemer.ended(within: .seconds(20)) != 0)
                let refusal = try String(contentsOf: schemer.log, encoding: .utf8)
                figure("refused:", String(refusal.split(separator: "\n").last ?? ""))
                #expect(
                    refusal.contains(
                        "Members cannot use 10.66.0.9, the private address where the newcomer says that it is reached; start it "
                            + "with --url and one that they can use, such as http://44.128.1.1:8080"))

                // The invite is still good for who names another address. Later it changes its mind.
                try schemer.start(["join", invite] + schemer.settings)
                try await schemer.isUp()
                try await eventually("they know each other", within: .seconds(20)) {
                    try await hub.status().members.alive == 1
                }
                #expect(await schemer.stop() == 0)
                let before = try village.sent(by: "trap", of: home)
                try schemer.start(["run"] + schemer.settings + wide + lies)
                try await schemer.isUp()
                try await eventually("the hub knows the new card", within: .seconds(20)) {
                    try await hub.succeed(["peers", "--json"]).contains("10.66.0.9")
                }
                let file = schemer.directory.deletingLastPathComponent().appending(path: "lure.bin")
                try Data(repeating: 7, count: 1 << 20).write(to: file)
                let path = file.path(percentEncoded: false)
                _ = try await schemer.succeed(["post", "--replicas", "1", path])
                try await Task.sleep(for: .seconds(10))
                let during = try village.sent(by: "trap", of: home) - before
                // The cable does count what goes by it.
                try village.inside(home, "bash", "-c", "echo > /dev/udp/10.66.0.9/9")
                try await Task.sleep(for: .milliseconds(200))
                let control = try village.sent(by: "trap", of: home) - before - during
                figure(
                    "packets to the private address in 10 s of pulses, calls and fetches:",
                    "\(during); by hand: \(control)")
                #expect(during == 0 && control > 0)
            }
        }
    }
}
