import Catalogue
import Overlay
import Primitives
import Routing
import Testing

@testable import Simulation

@Suite struct WithdrawalTests {
    @Test func `a withdrawn file is gone everywhere, and its bytes too`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            let other = network.post(.mebibytes(1), on: 1)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            network.withdraw(file, on: 0)
            #expect(
                network.run(for: .seconds(5)) { $0.copies(of: file).isEmpty },
                "seed \(seed): \(network.copies(of: file))")
            network.run(for: .seconds(5))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed): \(outcomes)")
            #expect(network.askEverywhere(for: other).allSatisfy { $0.isServed }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a holder that was away learns of a withdrawal before it serves, and discards the file`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            if seed.isMultiple(of: 4) { network.conditions.links.loss = 0.05 }
            let file = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            let holder = network.holders(of: file)[Int(seed % 2) + 1]
            network.crash(holder)
            network.run(for: .milliseconds(Int64(seed) * 700))
            network.withdraw(file, on: 0)
            network.run(for: .seconds(seed.isMultiple(of: 3) ? 60 : 3))
            // Even where the publisher is away by then.
            if seed.isMultiple(of: 2) { network.crash(0) }
            network.start(holder)
            for _ in 0..<40 {
                let asked = network.ask(file, at: holder, near: nil)
                network.run(for: .milliseconds(100))
                if case .served(by: let id)? = network.clients[asked]?.outcome, id == network.nodes[holder].id {
                    Issue.record("seed \(seed): it served what was withdrawn")
                }
            }
            #expect(network.run(for: .seconds(20)) { !$0.hasBytes(of: file, at: holder) }, "seed \(seed)")
            network.heal()
            network.run(for: .seconds(30))
            #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
            #expect(network.askEverywhere(for: file).allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a holder that comes back on a healthy network serves again within a second`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let files = (0..<20).map { _ in network.post(.kibibytes(64), on: 0) }
            network.run(for: .seconds(30))
            guard let holder = (1..<6).max(by: { network.heldWhole(at: $0) < network.heldWhole(at: $1) }) else {
                return
            }
            let held = network.heldWhole(at: holder)
            network.crash(holder)
            network.run(for: .seconds(1))
            network.start(holder)
            #expect(
                network.run(for: .seconds(1)) { network in
                    files.count { network.knownHolders(of: $0, at: holder).contains(holder) } == held
                }, "seed \(seed)")
        }
    }

    @Test func `a file of two publishers stays when one takes it back, and goes with the other`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(10))
            network.post(network.manifest(of: file, at: 0), on: 1)
            network.run(for: .seconds(10))
            let holders = network.holders(of: file)
            network.withdraw(file, on: 0)
            network.run(for: .seconds(10))
            #expect(network.holders(of: file).count >= 3, "seed \(seed): \(holders), \(network.holders(of: file))")
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
            // Restarts change nothing about it.
            for index in 2..<6 {
                network.crash(index)
                network.start(index)
            }
            network.run(for: .seconds(10))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            network.withdraw(file, on: 1)
            #expect(network.run(for: .seconds(10)) { $0.copies(of: file).isEmpty }, "seed \(seed)")
            network.run(for: .seconds(6))
            #expect(network.askEverywhere(for: file).allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed)")
        }
    }

    @Test func `what was withdrawn and is posted again is offered again`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(10))
            let manifest = network.manifest(of: file, at: 0)
            network.withdraw(file, on: 0)
            network.run(for: .seconds(10))
            network.post(manifest, on: 0)
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            // Who was told that it is gone may believe so for five minutes.
            network.run(for: .seconds(310))
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
        }
    }

    @Test func `the whole network restarts, and what was withdrawn stays so`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(15))
            guard let holder = network.holders(of: file).first(where: { $0 != 0 }) else { continue }
            network.crash(holder)
            network.run(for: .seconds(1))
            network.withdraw(file, on: 0)
            network.run(for: .seconds(5))
            for index in network.nodes.indices { network.crash(index) }
            network.run(for: .seconds(30))
            network.heal()
            // Whoever asks while all of them begin anew is served nothing that was withdrawn.
            for _ in 0..<30 {
                let asked = network.nodes.indices.map { network.ask(file, at: $0, near: nil) }
                network.run(for: .milliseconds(200))
                let isServed = asked.contains { network.clients[$0]?.outcome.isServed ?? false }
                #expect(!isServed, "seed \(seed)")
            }
            network.run(for: .seconds(30))
            #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
            #expect(network.askEverywhere(for: file).allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed)")
        }
    }

    @Test func `a tracker and a holder that were off together serve nothing that was withdrawn meanwhile`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            let away = network.holders(of: file).filter { $0 != 0 }
            for index in away { network.crash(index) }
            network.run(for: .seconds(Int64(seed)))
            network.withdraw(file, on: 0)
            network.run(for: .seconds(20))
            for index in away { network.start(index) }
            for _ in 0..<30 {
                let asked = away.map { network.ask(file, at: $0, near: nil) }
                network.run(for: .milliseconds(100))
                for client in asked {
                    #expect(network.clients[client]?.outcome.isServed != true, "seed \(seed)")
                }
            }
            network.run(for: .seconds(20))
            #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
            #expect(network.askEverywhere(for: file).allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed)")
        }
    }

    @Test func `a shorter posting ends also what was posted for longer, on disks that were away too`() {
        var conditions = Conditions()
        // Two days of the usual one would take long.
        conditions.pulse = .seconds(60)
        for seed in 1...4 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed, conditions: conditions)
            let file = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            guard let holder = network.holders(of: file).last(where: { $0 != 0 }) else { continue }
            network.crash(holder)
            network.run(for: .seconds(2))
            network.post(network.manifest(of: file, at: 0), on: 0, expires: network.wallTime + .seconds(30))
            network.run(for: .seconds(10))
            if seed.isMultiple(of: 2) { network.withdraw(file, on: 0) }
            // Longer than what expired is remembered.
            network.run(for: .seconds(2 * 86_400))
            network.start(holder)
            network.run(for: .seconds(60))
            #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
            #expect(network.askEverywhere(for: file).allSatisfy { !$0.isServed }, "seed \(seed)")
        }
    }

    @Test func `a crash of the publisher anywhere in withdrawing leaves the file offered or gone`() {
        for seed in 1...30 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(15))
            network.crash(0, afterActions: Int(seed % 15), for: .seconds(2))
            network.withdraw(file, on: 0)
            network.run(for: .seconds(60))
            let isWithdrawn = network.nodes[0].disk.withdrawals[file]?.isEmpty == false
            let outcomes = network.askEverywhere(for: file)
            if isWithdrawn {
                #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
                #expect(outcomes.allSatisfy { $0 == .gone(.withdrawn) }, "seed \(seed): \(outcomes)")
            } else {
                #expect(network.holders(of: file).count == 3, "seed \(seed)")
                #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            }
        }
    }

    @Test func `a crash of the publisher anywhere in posting for a shorter time leaves the longer time true nowhere`() {
        var shortened = 0
        for seed in 1...30 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            network.run(for: .seconds(15))
            guard let longer = network.manifest(of: file, at: 0) else { continue }
            network.crash(0, afterActions: Int(seed % 15), for: .seconds(2))
            network.post(longer, on: 0, expires: network.wallTime + .seconds(600))
            network.run(for: .seconds(60))
            let isShorter = network.nodes[0].disk.holdings[file]?.manifest.value.posting.expires != nil
            if isShorter { shortened += 1 }
            for index in [0] + network.trackers(of: file) {
                let known = network.nodes[index].process?.overlay.curator.withdrawn ?? []
                let isVoid = known.contains { $0.value.voids(longer.posting) && $0.value.keptUntil == nil }
                #expect(isVoid == isShorter, "seed \(seed), node \(index)")
            }
            #expect(network.nodes[0].disk.owed.isEmpty, "seed \(seed)")
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
        }
        #expect((10..<30).contains(shortened), "\(shortened) were shortened")
    }

    @Test func `a file ends when its time is over, on every disk`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let file = network.post(.mebibytes(1), on: 0, expires: network.wallTime + .seconds(40))
            let lasting = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            guard let holder = network.holders(of: file).last else { continue }
            network.crash(holder)
            network.run(for: .seconds(45))
            network.start(holder)
            network.run(for: .seconds(10))
            #expect(network.copies(of: file).isEmpty, "seed \(seed): \(network.copies(of: file))")
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0 == .gone(.expired) }, "seed \(seed): \(outcomes)")
            #expect(network.askEverywhere(for: lasting).allSatisfy { $0.isServed }, "seed \(seed)")
        }
    }

    @Test func `what an operator denies is given up here, replaced elsewhere, and never comes back`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(7, seed: seed)
            let file = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            guard let holder = network.holders(of: file).last else { continue }
            let denial = seed.isMultiple(of: 2) ? Denial.file(file) : .publisher(network.nodes[0].id)
            network.deliver(.deny(denial), to: network.currentRun(of: holder))
            #expect(network.run(for: .seconds(30)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            network.crash(holder)
            network.start(holder)
            network.run(for: .seconds(20))
            #expect(!network.hasBytes(of: file, at: holder), "seed \(seed)")
            let outcomes = network.askEverywhere(for: file)
            for (index, outcome) in outcomes.enumerated() {
                #expect(index == holder ? outcome == .gone(.denied) : outcome.isServed, "seed \(seed): \(outcomes)")
            }
            network.deliver(.allow(denial), to: network.currentRun(of: holder))
            network.run(for: .seconds(1))
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
        }
    }

    @Test func `who leaves hands over first, and is never missed`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(6, seed: seed)
            let files = (0..<4).map { _ in network.post(.mebibytes(1), on: 0) }
            network.run(for: .seconds(20))
            guard let leaver = network.holders(of: files[0]).last else { continue }
            let held = files.filter { network.holders(of: $0).contains(leaver) }
            network.deliver(.leave(by: network.now + .seconds(60)), to: network.currentRun(of: leaver))
            #expect(network.run(for: .seconds(60)) { $0.nodes[leaver].process?.hasLeft == true }, "seed \(seed)")
            let others = held.map { network.holders(of: $0).filter { $0 != leaver }.count }
            #expect(others.allSatisfy { $0 == 3 }, "seed \(seed): \(others)")
            #expect(held.allSatisfy { !network.hasBytes(of: $0, at: leaver) }, "seed \(seed)")
            network.run(for: .seconds(1))
            network.crash(leaver)
            network.run(for: .seconds(6))
            for file in files {
                #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
            }
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who can hand nothing over leaves when the time is up, and keeps what nobody took`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(3, seed: seed)
            let (leaver, full) = seed.isMultiple(of: 2) ? (1, 2) : (2, 1)
            let shared = network.post(.mebibytes(1), on: 0)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: shared).count == 3 }, "seed \(seed)")
            network.nodes[full].freeDisk = .zero
            network.run(for: Conditions.usualRhythm + .seconds(2))
            let last = network.post(.mebibytes(4), on: 0, replicas: 1)
            #expect(network.run(for: .seconds(15)) { $0.holders(of: last) == [0, leaver] }, "seed \(seed)")
            // Its publisher dies, and there is no room for it anywhere else.
            network.crash(0)
            #expect(network.run(for: .seconds(30)) { $0.isAgreed }, "seed \(seed)")
            let deadline = network.now + .seconds(20)
            network.deliver(.leave(by: deadline), to: network.currentRun(of: leaver))
            #expect(network.run(for: .seconds(30)) { $0.nodes[leaver].process?.hasLeft == true }, "seed \(seed)")
            #expect(network.now >= deadline, "seed \(seed): it waited for somebody to take it")
            #expect(network.holders(of: last) == [leaver], "seed \(seed)")
            #expect(network.copies(of: shared) == [0, full], "seed \(seed): \(network.copies(of: shared))")
            network.run(for: .seconds(1))
            network.crash(leaver)
            network.run(for: .seconds(5))
            #expect(network.askEverywhere(for: last).allSatisfy { !$0.isServed }, "seed \(seed)")
            network.start(leaver)
            #expect(network.run(for: .seconds(10)) { $0.isAgreed }, "seed \(seed)")
            network.run(for: .seconds(2))
            let outcomes = network.askEverywhere(for: last)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `what is posted to a list is held and served by nobody else`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(7, seed: seed)
            let list = [2, 4, 5].map { network.nodes[$0].id }
            let file = network.post(.mebibytes(1), on: 0, replicas: 3, audience: .named(list))
            #expect(network.run(for: .seconds(20)) { $0.holders(of: file) == [0, 2, 4, 5] }, "seed \(seed)")
            network.run(for: .seconds(30))
            #expect(network.copies(of: file) == [0, 2, 4, 5], "seed \(seed): \(network.copies(of: file))")
            for outcome in network.askEverywhere(for: file) {
                guard case .served(let by)? = outcome else {
                    Issue.record("seed \(seed): \(String(describing: outcome))")
                    continue
                }
                #expect([0, 2, 4, 5].contains(network.index(of: by)), "seed \(seed)")
            }
            // A shorter list: who is not on it any more gives the file up.
            network.post(network.manifest(of: file, at: 0), on: 0, audience: .named(Array(list.prefix(2))))
            #expect(
                network.run(for: .seconds(20)) { $0.copies(of: file) == [0, 2, 4] },
                "seed \(seed): \(network.copies(of: file))")
        }
    }
}
