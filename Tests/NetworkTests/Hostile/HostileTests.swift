import Catalogue
import Foundation
import Membership
import Primitives
import Testing

@testable import Transport

/// Something that a malicious member tries on honest nodes.
struct Attack: Sendable {
    let name: String
    /// Asserts what must come of it, and says what came of it.
    let run: @Sendable (Stage) async throws -> String
}

/// Four honest processes, and somebody who belongs to their network but should not.
struct Stage: Sendable {
    let network: TestNetwork
    let mallory: Mallory
    /// Admitted too, and honest: who asks what attacks on members may have made impossible.
    let trudy: Mallory
    let targets: [Target]
    let witness: Witness
    let readers: Readers
    /// Posted before the first attack, with three replicas: everybody has it.
    let file: URL
    let link: String

    var founder: Target { targets[0] }
    var victim: Target { targets[1] }

    /// Whether every honest node takes every other for a live member.
    func isComplete() async throws -> Bool {
        let names = Set(targets.map(\.node.name))
        for target in targets {
            let alive = try await target.node.peers().filter { $0.condition == "alive" }.map(\.name)
            guard names.isSubset(of: Set(alive)) else { return false }
        }
        return true
    }

    /// Whether the file comes whole from each of the honest nodes, asked by somebody close to it.
    func isServed(_ link: String, _ file: URL) async throws -> Bool {
        let addresses = try CountryAddresses()
        let questions = try targets.map {
            Readers.Question(
                link: link.replacing(founder.node.url, with: $0.node.url),
                address: try addresses.first(in: $0.node.plan.country))
        }
        return try await readers.ask(questions).allSatisfy { $0.isRight(file) }
    }
}

extension NetworkTests {
    @Suite("A malicious member") struct Hostile {
        /// What came of an attack.
        private struct Row {
            var attack: String
            var outcome: String
            var operatorSees: String
        }

        /// Lies about files come last: who was caught at a few is asked for none any more. The slow ones are minutes of
        /// floods, and of waiting for holders that stall: tried where `POTLUCK_ATTACK` is part of their names, or empty,
        /// as in `deploy/measure hostile`.
        private static func attacks(withSlow isThorough: Bool) -> [Attack] {
            [
                DatagramAttacks.all, RequestAttacks.all, AdmissionAttacks.all, MembershipAttacks.all,
                AddressAttacks.all, HolderAttacks.quick, isThorough ? HolderAttacks.slow : [], CatalogueAttacks.all,
                isThorough ? CatalogueAttacks.slow : [],
            ].flatMap(\.self)
        }

        @Test("does no lasting harm to four honest ones, whatever it tries")
        func attacks() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let stage = try await Self.prepare(network)
                defer {
                    stage.mallory.stop()
                    stage.trudy.stop()
                    stage.readers.leave()
                }
                let before = network.nodes.compactMap(\.identifier).map { Witness.memory(of: $0) }
                var rows: [Row] = []
                var sight = try await stage.witness.look()
                let only = ProcessInfo.processInfo.environment["POTLUCK_ATTACK"]
                let chosen = Self.attacks(withSlow: only != nil).filter { attack in
                    only.map { $0.isEmpty || attack.name.contains($0) } ?? true
                }
                for attack in chosen {
                    let outcome: String
                    do {
                        outcome = try await attack.run(stage)
                    } catch {
                        Issue.record("\(attack.name): \(error)")
                        outcome = "could not be tried: \(error)"
                    }
                    try await Task.sleep(for: .milliseconds(200))
                    let after = try await stage.witness.look()
                    let seen = stage.witness.differences(from: sight, to: after)
                    rows.append(Row(attack: attack.name, outcome: outcome, operatorSees: seen))
                    figure("\(attack.name) |", "\(outcome) | \(seen)")
                    sight = after
                }
                try await Self.review(stage, memoryBefore: before)
                Self.print(rows)
            }
        }

        private static func prepare(_ network: TestNetwork) async throws -> Stage {
            let file = try network.makeFile("honest.bin", .mebibytes(3), seed: 11)
            let link = try await network.founder.post(file, replicas: 3)
            let mallory = try await Mallory(invite: try await network.founder.succeed(["invite"]))
            let trudy = try await Mallory(invite: try await network.nodes[2].succeed(["invite"]))
            let cards = mallory.joined.table.compactMap { news -> Card? in
                guard case .card(let card) = news.value else { return nil }
                return card
            }
            let targets = try network.nodes.map { node in
                Target(node: node, card: try #require(cards.first { $0.url == node.url }))
            }
            for target in targets { try await target.learnRun() }
            await mallory.introduce(to: targets)
            // With nothing to spare, nobody has her hold anything.
            await trudy.introduce(to: targets, remaining: .zero)
            let stage = Stage(
                network: network, mallory: mallory, trudy: trudy, targets: targets,
                witness: Witness(targets, mallory.courier), readers: try Readers(), file: file, link: link)
            try await eventually("everybody takes Mallory for a member", within: .seconds(20)) {
                for node in network.nodes {
                    guard try await node.status().members.alive == network.nodes.count + 1 else { return false }
                }
                return true
            }
            return stage
        }

        /// What a node may come to hold of hers: the nonces of one signer, for the minutes within which a request could
        /// be replayed (75 bytes each, as `NonceMemory` has it), and what is known of each file that she names.
        private static let memoryLimit =
            4 * NonceMemory.members.limitPerSigner * 75 + Curator.Limits().cached * (4 << 10)

        /// In the end: alive, of one mind, the file intact, memory flat, and a clean good-bye.
        private static func review(
            _ stage: Stage, memoryBefore: [(resident: Int, peak: Int)]
        ) async throws {
            try await eventually("the honest nodes take each other for alive", within: .seconds(60)) {
                try await stage.isComplete()
            }
            #expect(try await stage.isServed(stage.link, stage.file))
            let after = stage.network.nodes.compactMap(\.identifier).map { Witness.memory(of: $0) }
            #expect(after.count == stage.network.nodes.count)
            for (index, node) in stage.network.nodes.enumerated() where index < after.count {
                figure(
                    "memory of \(node.name), before, after, at its height:",
                    "\(ByteCount(memoryBefore[index].resident)), \(ByteCount(after[index].resident)), "
                        + "\(ByteCount(after[index].peak))")
                #expect(after[index].peak <= memoryBefore[index].resident + memoryLimit)
            }
            for node in stage.network.nodes {
                let status = await node.stop()
                #expect(status == 0, "\(node.name)")
                let log = (try? String(contentsOf: node.log, encoding: .utf8)) ?? ""
                #expect(!log.contains("Fatal error") && !log.contains("Crash"), "\(node.name)")
            }
        }

        private static func print(_ rows: [Row]) {
            Swift.print("| attack | outcome | what the operator sees |", "|---|---|---|", separator: "\n")
            for row in rows { Swift.print("| \(row.attack) | \(row.outcome) | \(row.operatorSees) |") }
        }
    }
}
