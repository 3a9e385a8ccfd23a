import Foundation
import Testing

/// Real processes on loopback, driven as a person would. One network at a time: they measure seconds.
@Suite("A network of processes", .serialized) enum NetworkTests {}

extension NetworkTests {
    @Suite("Joining") struct Joining {
        @Test("is known to everybody within two seconds")
        func joining() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(3))) { network in
                let invite = try await network.founder.succeed(["invite"])
                try await network.withGuest("nairobi", ["join", invite]) { newcomer in
                    try await newcomer.isUp()
                    let all = network.nodes + [newcomer]
                    let joining = try await eventually("all know the newcomer", within: .seconds(10)) {
                        for node in all {
                            guard try await node.status().members.alive == all.count - 1 else { return false }
                        }
                        return true
                    }
                    figure("joined, known to all after", joining)
                    #expect(joining <= .seconds(2))
                    let names = try await newcomer.peers().map(\.name)
                    #expect(Set(names) == Set(all.map(\.name)))
                    for node in all {
                        #expect(try await node.status().network == network.founder.status().id)
                    }
                    #expect(await newcomer.stop() == 0)
                }
            }
        }

        @Test("does not outlive a death: a killed node is known dead within five seconds, and taken back as itself")
        func death() async throws {
            try await TestNetwork.with(TestNetwork.world) { network in
                let victim = network.nodes[3]
                let survivors = network.nodes.filter { $0 !== victim }
                let identity = try await victim.status().id
                await victim.kill()
                let dying = try await eventually("everybody knows that \(victim.name) is dead", within: .seconds(15)) {
                    for node in survivors {
                        guard try await node.status().members == .init(alive: 3, suspect: 0, dead: 1, left: 0) else {
                            return false
                        }
                    }
                    return true
                }
                figure("killed, known dead to all after", dying)
                #expect(dying <= .seconds(5))

                try victim.start()
                try await victim.isUp()
                let returning = try await eventually("everybody knows that it is back", within: .seconds(15)) {
                    try await network.isComplete()
                }
                figure("restarted, known to all after", returning)
                #expect(returning <= .seconds(2))
                #expect(try await victim.status().id == identity)
                for node in network.nodes {
                    let conditions = try await node.peers().map(\.condition)
                    #expect(conditions == Array(repeating: "alive", count: network.nodes.count))
                }
            }
        }

        @Test("takes an invite that is not used up; without one, nobody comes in")
        func invites() async throws {
            try await TestNetwork.with([NodePlan(name: "club", country: "FR")]) { network in
                let club = network.founder
                let invite = try await club.succeed(["invite"])
                try await network.withGuest("first", ["join", invite]) { guest in
                    try await guest.isUp()
                    let late = try network.guest("late")
                    for peer in [invite, "127.0.0.1:\(club.port)"] {
                        let refused = try await late.run(["join", peer] + late.settings)
                        #expect(refused.status != 0)
                        #expect(
                            refused.errors.contains("invite") && !refused.errors.contains("Error Domain"), "\(refused)")
                    }
                    #expect(try await club.status().members.alive == 1)
                }
            }
        }

        @Test("needs no invite where the network is open")
        func openNetworks() async throws {
            try await TestNetwork.with([NodePlan(name: "plaza", country: "ES", flags: ["--open"])]) { network in
                try await network.withGuest("stroller", ["join", "127.0.0.1:\(network.founder.port)"]) { guest in
                    try await guest.isUp()
                    try await eventually("they know each other", within: .seconds(5)) {
                        let (plaza, stroller) = try await (network.founder.status(), guest.status())
                        return plaza.members.alive == 1 && stroller.members.alive == 1
                            && stroller.network == plaza.id
                    }
                }
            }
        }
    }

    @Suite("A data directory") struct Directories {
        @Test("belongs to one daemon at a time, keeps its key private, and its settings checked")
        func ownership() async throws {
            try await TestNetwork.with([NodePlan(name: "alone", country: "AQ")]) { network in
                let node = network.founder
                let second = try await node.run(["run"])
                #expect(second.status != 0)
                #expect(second.errors.split(separator: "\n").count == 1)
                #expect(try await node.status().members.alive == 0)

                #expect(await node.stop() == 0)
                let key = node.directory.appending(path: "identity.key").path(percentEncoded: false)
                #expect(try Self.mode(of: key) == 0o600)
                try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
                let exposed = try await node.run(["run"])
                #expect(exposed.status != 0)
                #expect(exposed.errors.contains("identity.key"))
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)

                let file = node.directory.appending(path: "node.yaml")
                let settings = try String(contentsOf: file, encoding: .utf8)
                try Data((settings + "\nalowance: 5GB/month\n").utf8).write(to: file)
                let mistyped = try await node.run(["run"])
                #expect(mistyped.status != 0)
                let line = settings.split(separator: "\n", omittingEmptySubsequences: false).count + 1
                #expect(mistyped.errors.contains("node.yaml:\(line): there is no setting “alowance”"))

                try Data(settings.utf8).write(to: file)
                try node.start()
                try await node.isUp()
            }
        }

        private static func mode(of path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
    }
}
