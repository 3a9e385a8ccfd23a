import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct FaultTests {
    @Test func `a process that stands still finds everything afterwards, and nobody is lost over it`() {
        for seed in 1...3 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.mebibytes(2), on: 0)
            network.run(for: .seconds(12))
            network.schedule(.pause, on: .nodes([1]), at: network.now + .seconds(1), for: .seconds(30))
            network.run(for: .seconds(2))
            let performed = network.nodes[1].performed
            network.run(for: .seconds(20))
            #expect(network.nodes[1].performed == performed)
            #expect(!network.nodes[1].held.happenings.isEmpty)
            #expect(network.nodes[1].held.datagramBytes <= Held.datagramLimit)
            network.run(for: .seconds(40))
            #expect(network.nodes[1].performed > performed && network.nodes[1].held.happenings.isEmpty)
            #expect(network.isAgreed, "seed \(seed)")
            #expect(network.askEverywhere(for: file).allSatisfy { $0.isServed }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a client is cut off while it waits for a process that stands still, and not once it is served`() {
        var network = VirtualNetwork.settled(1, seed: 1)
        let file = network.post(.mebibytes(64), on: 0)
        network.schedule(.pause, on: .nodes([0]), at: network.now + .seconds(1), for: .seconds(28))
        network.schedule(.pause, on: .nodes([0]), at: network.now + .seconds(60), for: .seconds(60))
        network.run(for: .seconds(2))
        let first = network.ask(file, at: 0, near: nil)
        network.run(for: .seconds(56))
        #expect(network.clients[first]?.outcome.isServed == true)
        network.run(for: .seconds(3))
        let second = network.ask(file, at: 0, near: nil)
        network.run(for: .seconds(32))
        #expect(network.clients[second]?.outcome == .cutOff(by: network.nodes[0].id))
        #expect(network.nodes[0].troubles.isPaused && !network.nodes[0].held.happenings.contains { $0.waiter != nil })
        network.run(for: .seconds(60))
        #expect(network.transfers.isEmpty && network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `nothing more is sent to a client that has gone away`() {
        var network = VirtualNetwork.settled(1, seed: 1)
        let file = network.post(.mebibytes(64), on: 0)
        network.run(for: .seconds(1))
        network.ask(file, at: 0, from: network.nodes[0].station, isPassing: true)
        network.run(for: .seconds(2))
        for client in network.clients.keys { network.conclude(client, .cutOff(by: network.nodes[0].id)) }
        #expect(network.clients.isEmpty && network.transfers.count == 1)
        network.run(for: .seconds(20))
        #expect(network.transfers.isEmpty)
        #expect(network.measures.spent[0].serving < .mebibytes(32))
    }

    @Test(arguments: [false, true])
    func `who fetches from a process that stands still is told so in time`(crashes: Bool) {
        var network = VirtualNetwork.settled(2, seed: 1)
        let file = network.post(.mebibytes(1), on: 0)
        network.begin(.pause, on: [0])
        let fetch = FetchID(1_000)
        network.force(.fetch(fetch, file, pieces: 0..<1, from: network.nodes[0].id), at: 1)
        network.run(for: .seconds(2))
        #expect(network.nodes[0].held.happenings.contains { $0.waiter != nil })
        if crashes { network.crash(0) }
        network.run(for: .seconds(1))
        #expect(network.nodes[1].process?.door.fetches.contains(fetch) == !crashes)
        network.run(for: VirtualNetwork.stallLimit)
        #expect(network.nodes[1].process?.door.fetches.isEmpty == true)
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `a process that stands still proves nothing until it goes on`() {
        var network = VirtualNetwork.settled(2, seed: 1)
        let pause = network.begin(.pause, on: [0])
        network.force(.prove(network.nodes[0].id), at: 1)
        #expect(network.nodes[1].process?.door.proofs.count == 1)
        network.run(for: .seconds(1))
        #expect(network.nodes[1].process?.door.proofs.count == 1)
        network.run(for: Conditions.callLimit)
        #expect(network.nodes[1].process?.door.proofs.isEmpty == true)
        network.end(pause)
        network.force(.prove(network.nodes[0].id), at: 1)
        network.run(for: .seconds(1))
        #expect(network.nodes[1].process?.door.proofs.isEmpty == true)
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test(arguments: [0, 1])
    func `nothing is proven where one of the two has nothing left to speak with`(poor: Int) {
        var network = VirtualNetwork.settled(2, seed: 1)
        let run = network.currentRun(of: poor)
        network.nodes[1].process?.proven = BitRow(count: 0)
        var size = network.nodes[poor].share
        while size > .zero { if !network.reserve(size, for: .overlay, at: run) { size = size / 2 } }
        network.force(.prove(network.nodes[0].id), at: 1)
        network.run(for: .seconds(5))
        #expect(network.nodes[1].process?.door.proofs.isEmpty == true)
        #expect(network.nodes[1].process?.proven.contains(0) == false)
    }

    @Test func `a full disk takes nothing but the account, and what was refused is written when there is room`() {
        for seed in 1...3 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let fault = network.begin(.fullDisk, on: [2])
            let file = network.post(.mebibytes(2), on: 0, replicas: 4)
            network.run(for: .seconds(30))
            #expect(!network.holders(of: file).contains(2), "seed \(seed)")
            #expect(network.holders(of: file).count == 4, "seed \(seed)")
            network.end(fault)
            #expect(network.run(for: .seconds(60)) { $0.holders(of: file).count == 5 }, "seed \(seed)")
            #expect(network.isAgreed && network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a disk that refused the account alone takes what comes next`() {
        let network = VirtualNetwork.settled(1, seed: 1)
        let account = Record.ledger(LedgerState(period: network.period(of: 0), leased: .zero))
        var disk = VirtualDisk()
        let began = disk.persist([account], then: [])
        _ = disk.finish(isRefused: true)
        let goesOn = disk.beginNext()
        #expect(began && !goesOn)
        let takesMore = disk.persist([account], then: [])
        #expect(takesMore)
    }

    @Test func `who is gone for good does not come back when the crash ends that it was in`() {
        var network = VirtualNetwork.settled(3, seed: 1)
        network.schedule(.crash, on: .nodes([1]), at: network.now + .seconds(1), for: .seconds(10))
        network.run(for: .seconds(5))
        network.nodes[1].isGone = true
        network.run(for: .seconds(60))
        #expect(!network.nodes[1].isUp && network.nodes[0].isUp)
    }

    @Test func `a crash that ends starts whom crashes stopped, and nobody whom another one keeps away`() {
        var network = VirtualNetwork(seed: 1)
        for _ in 0..<4 { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        for index in 0..<3 { network.start(index) }
        network.run(for: .seconds(5))
        let everybody = network.begin(.crash, on: [0, 1, 2, 3])
        let some = network.begin(.crash, on: [1, 2])
        func running() -> [Int] { network.nodes.indices.filter { network.nodes[$0].isUp } }
        network.end(everybody)
        // The last has not started yet.
        #expect(running() == [0])
        let more = network.begin(.crash, on: [0, 2])
        network.end(some)
        #expect(running() == [1])
        network.end(more)
        #expect(running() == [0, 1, 2])
    }

    @Test func `a newcomer that crashes before it has kept anything joins again`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(4, seed: seed)
            let newcomer = network.join(through: 1)
            network.crash(newcomer)
            network.run(for: .seconds(5))
            network.start(newcomer)
            #expect(network.run(for: .seconds(120)) { $0.isAgreed }, "seed \(seed)")
        }
    }

    @Test func `power that fails takes pieces that were not durable, and nothing that was said to be`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(4, seed: seed)
            network.begin(.tornWrites, on: [0, 1, 2, 3])
            let file = network.post(.mebibytes(16), on: 0, replicas: 3)
            for index in 1..<4 { network.crash(index, afterActions: Int(seed) * 17 + index * 5, for: .seconds(2)) }
            network.run(for: .seconds(60))
            network.heal()
            #expect(network.run(for: .seconds(60)) { $0.holders(of: file).count == 4 }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `a clock that jumps over the end of a period begins none, and one that is right does`() {
        var conditions = Conditions()
        conditions.period = .seconds(3600)
        var network = VirtualNetwork.settled(4, seed: 2, conditions: conditions) { _ in .megabytes(40) }
        network.run(for: .seconds(60))
        let first = network.nodes[1].process?.overlay.ledger.state.period
        let fault = network.begin(.clockJump(.seconds(3600)), on: [1])
        network.run(for: .seconds(120))
        #expect(network.nodes[1].process?.overlay.ledger.state.period == first)
        network.end(fault)
        network.run(for: .seconds(3600))
        let second = network.nodes[1].process?.overlay.ledger.state.period
        #expect(second?.starts == first?.ends)
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `a node that starts with a wrong clock begins no period that its neighbours do not know of`() {
        var conditions = Conditions()
        conditions.period = .seconds(3600)
        var network = VirtualNetwork.settled(5, seed: 3, conditions: conditions) { _ in .megabytes(40) }
        network.run(for: .seconds(30))
        network.crash(1)
        let stored = network.nodes[1].disk.ledger?.period
        network.begin(.clockJump(.seconds(3600)), on: [1])
        network.start(1)
        network.run(for: .seconds(120))
        #expect(network.nodes[1].process?.overlay.ledger.state.period == stored)
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `bad pieces are kept by nobody, and who sends them is not asked again`() {
        for seed in 1...4 as ClosedRange<UInt64> {
            var network = VirtualNetwork.settled(5, seed: seed)
            let file = network.post(.mebibytes(2), on: 0, replicas: 2)
            #expect(network.run(for: .seconds(30)) { $0.holders(of: file).count == 3 }, "seed \(seed)")
            guard let liar = network.holders(of: file).first(where: { $0 != 0 }),
                let loser = network.holders(of: file).last(where: { $0 != 0 && $0 != liar })
            else { continue }
            network.begin(.lie(.sendsBadPieces), on: [liar])
            network.crash(loser)
            #expect(network.run(for: .seconds(90)) { $0.holders(of: file).count >= 3 }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who comes to name somebody else's URL may be called by those to whom it was proven before`() {
        var network = VirtualNetwork.settled(4, seed: 5)
        let file = network.post(.mebibytes(2), on: 0, replicas: 3)
        #expect(network.run(for: .seconds(30)) { $0.holders(of: file).count == 4 })
        network.schedule(.lie(.namesForeignURL), on: .nodes([1]), at: network.now + .seconds(1), for: .seconds(120))
        network.run(for: .seconds(5))
        #expect(network.askEverywhere(for: file, near: network.nodes[1].place).allSatisfy { $0.isServed })
        network.crash(2)
        network.start(2)
        network.run(for: .seconds(20))
        #expect(network.nodes[2].process?.proven.contains(1) == false)
        #expect(network.askEverywhere(for: file, near: network.nodes[1].place).allSatisfy { $0.isServed })
        network.run(for: .seconds(180))
        #expect(network.nodes[2].process?.proven.contains(1) == true)
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `who understates what it spent is found out by its clients, who are still served`() {
        var network = VirtualNetwork.settled(4, seed: 5) { $0 == 0 ? .megabytes(40) : .gigabytes(1) }
        network.begin(.lie(.understatesSpend), on: [0])
        let file = network.post(.mebibytes(4), on: 0, replicas: 2)
        network.run(for: .seconds(15))
        for _ in 0..<30 {
            _ = network.ask(file, at: 0, near: network.nodes[0].place)
            network.run(for: .seconds(1))
        }
        network.run(for: .seconds(15))
        let said = network.nodes[1].process?.overlay.roster[network.nodes[0].id]?.status?.value.remaining
        #expect(said.map { $0.byteCount > .megabytes(20) } == true)
        #expect(network.askEverywhere(for: file, near: network.nodes[0].place).allSatisfy { $0.isServed })
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `faults that recur befall others each time, and end`() {
        var network = VirtualNetwork.settled(6, seed: 6)
        network.schedule(
            Topology.Fault(
                .loss(0.5), who: .drawn(2, of: Array(0..<6)), at: .seconds(12), for: .seconds(5), every: .seconds(20)))
        var seen: Set<[Int]> = []
        for _ in 0..<10 {
            network.run(for: .seconds(10))
            let hit = network.nodes.indices.filter { network.nodes[$0].troubles.loss > 0 }
            #expect(hit.isEmpty || hit.count == 2)
            seen.insert(hit)
        }
        #expect(seen.count >= 3 && seen.contains([]))
    }
}
