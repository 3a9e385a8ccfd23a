import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct CrashTests {
    /// Who dies: the members that matter to one file.
    enum Part: CaseIterable {
        case publisher, firstTracker, holder

        func node(in network: VirtualNetwork, for file: FileID, publisher: Int) -> Int? {
            switch self {
            case .publisher: publisher
            case .firstTracker: network.trackers(of: file).first
            case .holder: network.holders(of: file).first { $0 != publisher }
            }
        }
    }

    @Test(arguments: Part.allCases)
    func `a crash between any two actions loses neither the file nor the account`(part: Part) {
        var accepted = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            var chance = Generator(seed: seed)
            let publisher = Int.random(in: 0..<5, using: &chance)
            // Every other time, it dies while it posts.
            let isEarly = part == .publisher && seed.isMultiple(of: 2)
            let absence = Duration.milliseconds(Int64.random(in: 1...20_000, using: &chance))
            if isEarly {
                network.crash(publisher, afterActions: Int.random(in: 0...4, using: &chance), for: absence)
            }
            let file = network.post(.mebibytes(2), on: publisher)
            // A holder is known a little later.
            network.run(for: part == .holder ? .seconds(4) : .milliseconds(Int64.random(in: 0...50, using: &chance)))
            guard let victim = part.node(in: network, for: file, publisher: publisher) else {
                Issue.record("nobody is the \(part), seed \(seed)")
                continue
            }
            if !isEarly { network.crash(victim, afterActions: Int.random(in: 0...80, using: &chance), for: absence) }
            network.run(for: .seconds(30))
            // A file that the publisher crashed with before it was on disk was never accepted.
            guard network.isAccepted(file) else { continue }
            accepted += 1
            network.heal()
            #expect(
                network.run(for: .seconds(90)) { $0.holders(of: file).count >= 3 && $0.isAgreed },
                "\(part) \(victim), seed \(seed): \(network.holders(of: file))")
            network.run(for: .seconds(6))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "\(part) \(victim), seed \(seed): \(outcomes)")
            #expect(network.violations.isEmpty, "\(part) \(victim), seed \(seed): \(network.violations)")
        }
        #expect(part == .publisher ? (10..<20).contains(accepted) : accepted == 20, "\(part): \(accepted) accepted")
    }

    @Test func `nodes that crash again and again, with files and clients about, keep every promise`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            var chance = Generator(seed: seed)
            // Every other time the disks are slow, and part of everything is lost.
            if seed.isMultiple(of: 2) {
                network.conditions.writing = .milliseconds(5) ... .milliseconds(1500)
                network.conditions.links.loss = 0.05
            }
            var files: [FileID] = []
            for _ in 0..<8 {
                let publisher = Int.random(in: 0..<6, using: &chance)
                if network.nodes[publisher].isUp { files.append(network.post(.mebibytes(1), on: publisher)) }
                for _ in 0..<3 {
                    let file = files.randomElement(using: &chance)
                    let index = Int.random(in: 0..<6, using: &chance)
                    if let file { _ = network.ask(file, at: index, near: network.nodes[index].place) }
                }
                network.crash(
                    Int.random(in: 0..<6, using: &chance), afterActions: Int.random(in: 0...200, using: &chance),
                    for: .milliseconds(Int64.random(in: 1...15_000, using: &chance)))
                network.run(for: .seconds(5))
            }
            let accepted = files.filter { network.isAccepted($0) }
            #expect(accepted.count >= 4, "seed \(seed): \(accepted.count) of \(files.count) accepted")
            network.heal()
            #expect(
                network.run(for: .seconds(180)) { network in
                    network.isAgreed && accepted.allSatisfy { network.holders(of: $0).count >= 3 }
                }, "seed \(seed): \(accepted.map { network.holders(of: $0) })")
            network.run(for: .seconds(6))
            for file in accepted {
                let outcomes = network.askEverywhere(for: file)
                #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            }
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a holder that stays dead is replaced`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(2), on: 0)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            // The publisher itself, every third time.
            let victim = seed % 3 == 0 ? 0 : network.holders(of: file)[1]
            network.crash(victim)
            let wanted = victim == 0 ? 2 : 3
            network.run(for: .seconds(10))
            #expect(network.isAgreed, "seed \(seed)")
            #expect(network.run(for: .seconds(30)) { $0.holders(of: file).count == wanted }, "seed \(seed)")
            network.run(for: .seconds(6))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `trackers that were away for a moment, and forgot, are told again`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(8, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(15))
            #expect(network.holders(of: file).count == 3, "seed \(seed)")
            for tracker in network.trackers(of: file) {
                network.crash(tracker)
                network.start(tracker)
            }
            network.run(for: .seconds(10))
            for tracker in network.trackers(of: file) {
                let known = network.knownHolders(of: file, at: tracker)
                #expect(known == network.holders(of: file), "seed \(seed), tracker \(tracker)")
            }
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
        }
    }

    @Test func `a network that went dark as a whole comes back with its files`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let files = (0..<3).map { network.post(.mebibytes(1), on: $0) }
            network.run(for: .seconds(15))
            for index in 0..<5 { network.crash(index) }
            network.run(for: .seconds(60))
            network.heal()
            #expect(
                network.run(for: .seconds(30)) { network in
                    network.isAgreed && files.allSatisfy { network.holders(of: $0).count == 3 }
                }, "seed \(seed)")
            network.run(for: .seconds(10))
            for file in files {
                #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
            }
            #expect(files.allSatisfy { network.holders(of: $0).count == 3 }, "seed \(seed): no copies more than wanted")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
