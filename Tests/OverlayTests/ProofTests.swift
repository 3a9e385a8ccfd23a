import Catalogue
import Membership
@_spi(Verification) import Primitives
import Routing
import Testing

@testable import Overlay
@testable import Simulation

@Suite struct ProofTests {
    /// Nodes of which some name URLs that are not theirs, from the start.
    private func network(_ count: Int, lying: [Int], seed: UInt64) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed)
        for _ in 0..<count { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        for index in lying { network.nodes[index].honesty = .namesForeignURL }
        for index in 0..<count { network.start(index) }
        network.run(for: .seconds(5))
        return network
    }

    @Test func `nobody is sent to a member that names somebody else's URL, and it is asked ever more rarely`() {
        for seed in 1...3 as ClosedRange<UInt64> {
            let liar = Int(seed) % 6
            var network = network(6, lying: [liar], seed: seed)
            let file = network.post(.mebibytes(2), on: (liar + 1) % 6, replicas: 3)
            // It says that it holds everything, and is a tracker of something.
            network.post(.mebibytes(1), on: liar)
            for _ in 0..<5 {
                network.run(for: .seconds(60))
                _ = network.askEverywhere(for: file)
            }
            let outcomes = network.askEverywhere(for: file).enumerated().filter { $0.offset != liar }.map(\.element)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            // Five minutes and five who ask: after 5, 10, 20 … seconds.
            #expect(network.nodes[liar].askedForProof <= 5 * 8, "seed \(seed): \(network.nodes[liar].askedForProof)")
            #expect(network.nodes[liar].askedForProof > 0)
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who asks first for a file waits for its holder's proof, and is served`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = network(8, lying: [], seed: seed)
            let file = network.post(.mebibytes(1), on: Int(seed) % 8, replicas: 0)
            network.run(for: .seconds(2))
            let outcomes = network.askEverywhere(for: file)
            #expect(outcomes.allSatisfy { $0.isServed }, "seed \(seed): \(outcomes)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who asks first is sent to the nearest holder, though another one was proven before it`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var network = network(10, lying: [], seed: seed)
            let file = network.post(.mebibytes(1), on: 0, replicas: 3)
            network.run(for: .seconds(10))
            let holders = network.holders(of: file)
            let strangers = network.nodes.indices.filter {
                !holders.contains($0) && !network.trackers(of: file).contains($0)
            }
            guard let asked = strangers.first else { continue }
            let nearest = network.nodes[holders[Int(seed) % holders.count]]
            let id = network.ask(file, at: asked, near: nearest.place)
            network.run(for: .seconds(5)) { $0.clients[id]?.outcome != nil }
            #expect(network.clients[id]?.outcome == .served(by: nearest.id), "seed \(seed)")
            #expect(network.clients[id]?.hasWaited == true, "seed \(seed)")
        }
    }

    @Test func `a copy that a member says it has at somebody else's URL is not one of those that were wanted`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            let liar = Int(seed) % 6
            var network = network(6, lying: [liar], seed: seed)
            let file = network.post(.kibibytes(64), on: (liar + 1) % 6, replicas: 2)
            let claim = Announcement(
                file: file, holder: network.nodes[liar].id, version: UInt64(network.wallTime.milliseconds),
                state: .complete)
            network.run(for: .milliseconds(20))
            for index in 0..<6 where index != liar {
                network.call(
                    .catalogue(.announce([claim.signed], [])), CallID(1 << 40), from: network.currentRun(of: liar),
                    to: network.nodes[index].id)
            }
            network.run(for: .seconds(180))
            #expect(network.holders(of: file).count >= 3, "seed \(seed): \(network.holders(of: file)), \(liar) lies")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }

    @Test func `who lied about its URL, and tells the truth on a new card, is taken up again`() {
        var network = network(4, lying: [1], seed: 3)
        let file = network.post(.mebibytes(1), on: 1, replicas: 0)
        network.run(for: .seconds(30))
        #expect(network.askEverywhere(for: file).map(\.isServed) == [false, true, false, false])
        network.crash(1)
        network.nodes[1].honesty = .honest
        network.run(for: .seconds(20))
        network.start(1)
        network.run(for: .seconds(30))
        #expect(network.askEverywhere(for: file).map(\.isServed) == [true, true, true, true])
        #expect(network.violations.isEmpty, "\(network.violations)")
    }

    @Test func `what is taken back while its announcement waits for a proof is not announced any more`() throws {
        var elsewhere = network(5, lying: [], seed: 1)
        let file = elsewhere.post(.kibibytes(64), on: 0)
        elsewhere.run(for: .seconds(1))
        let manifest = try #require(elsewhere.nodes[0].disk.holdings[file]?.manifest)
        // The same nodes, of which one has just begun.
        var network = VirtualNetwork(seed: 1)
        for _ in 0..<5 { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        network.start(0)
        let now = network.now
        var overlay = try #require(network.nodes[0].process?.overlay)
        /// What is left for the shell once disk and key have done their part.
        func handle(_ event: Overlay::Event) -> [Overlay::Action] {
            var (open, left): ([Overlay::Action], [Overlay::Action]) = ([], [])
            overlay.handle(event, at: now, into: &open)
            while !open.isEmpty {
                switch open.removeFirst() {
                case .persist(_, let then): open += then
                case .sign(let draft): overlay.handle(.signed(draft.signed), at: now, into: &open)
                case let action: left.append(action)
                }
            }
            return left
        }
        let asked = handle(.posted(manifest, sha256: manifest.value.posting.sha256)).compactMap { action in
            if case .prove(let id) = action { id } else { nil }
        }
        let tracker = try #require(asked.first)
        _ = handle(.withdraw(file))
        let told = handle(.proved(tracker, .answered)).compactMap { action in
            if case .call(_, .catalogue(.announce(_, let postings, let withdrawn)), tracker) = action {
                (postings, withdrawn)
            } else {
                nil
            }
        }
        #expect(told.count == 1)
        #expect(told.first?.0.isEmpty == true && told.first?.1.map(\.file) == [file])
    }
}

@Suite struct AddressProofsTests {
    private static let id = NodeID(Bytes32(1, 2, 3, 4))
    private let start = Instant.zero + .seconds(1_000)

    private func card(version: UInt64 = 1, url: String = "http://192.0.2.1:8080", id: NodeID = id) -> Card {
        Card(
            nodeID: id, agreementKey: .zero, network: id, version: version, name: "a node",
            endpoints: [Endpoint(address: .v4(0xC000_0201), port: 8080)], url: url, place: nil, share: .zero,
            certificate: nil)
    }

    private let fetch = Overlay::Action.fetch(FetchID(1), FileID(.zero), pieces: 0..<1, from: id)

    private func held(_ proofs: inout AddressProofs) -> Bool { proofs.hold(fetch, for: Self.id) }

    @Test func `what waits for a member is done when it is proven, and has failed when it is not`() {
        for isProven in [true, false] {
            var proofs = AddressProofs()
            #expect(!held(&proofs))
            proofs.want(card(), at: start)
            #expect(proofs.takeAsked() == [Self.id])
            #expect(held(&proofs))
            proofs.want(card(), at: start)
            #expect(proofs.takeAsked().isEmpty)
            let outcome = proofs.ended(Self.id, isProven ? .answered : .silent, at: start + .seconds(1))
            #expect(outcome == (isProven ? .proven([fetch]) : .unproven([fetch])))
            #expect(proofs.isProven(Self.id) == isProven)
            #expect(!proofs.isAwaited(Self.id))
            #expect(proofs.ended(Self.id, .answered, at: start + .seconds(2)) == .same)
        }
    }

    @Test func `however often it signs new cards, a member that fails is asked four times a minute at most`() {
        var proofs = AddressProofs()
        var count = 0
        for second in 0..<600 {
            let now = start + .seconds(second)
            let card = card(version: UInt64(second + 1), url: "http://192.0.2.1:\(second + 1)")
            proofs.changed(card, at: now)
            proofs.want(card, at: now)
            #expect(proofs.wake(holders: [Self.id], present: [Self.id], at: now).lost.isEmpty)
            for id in proofs.takeAsked() {
                count += 1
                _ = proofs.ended(id, .silent, at: now)
            }
        }
        #expect((20...40).contains(count))
    }

    @Test func `a proof says nothing about a URL that came meanwhile`() {
        var proofs = AddressProofs()
        proofs.want(card(), at: start)
        #expect(proofs.takeAsked() == [Self.id])
        let other = card(version: 2, url: "http://192.0.2.2:8080")
        proofs.changed(other, at: start)
        #expect(held(&proofs))
        #expect(proofs.ended(Self.id, .answered, at: start + .seconds(1)) == .unproven([fetch]))
        #expect(!proofs.isProven(Self.id))
        #expect(proofs.wake(holders: [Self.id], present: [Self.id], at: start + .seconds(1)).lost.isEmpty)
        #expect(proofs.takeAsked() == [Self.id])
        #expect(proofs.ended(Self.id, .answered, at: start + .seconds(20)) == .proven([]))
        // An older card, and a newer one with the same URL, change nothing.
        proofs.changed(card(), at: start + .seconds(21))
        proofs.changed(card(version: 3, url: other.url), at: start + .seconds(21))
        #expect(proofs.isProven(Self.id))
        proofs.changed(card(version: 4), at: start + .seconds(22))
        #expect(!proofs.isProven(Self.id))
    }

    @Test func `a proof is asked for again after a day, and given up after three failures`() {
        var proofs = AddressProofs()
        proofs.want(card(), at: start)
        _ = proofs.takeAsked()
        _ = proofs.ended(Self.id, .answered, at: start)
        #expect(proofs.wake(holders: [Self.id], present: [Self.id], at: start + .seconds(3_600)).lost.isEmpty)
        #expect(proofs.takeAsked().isEmpty)
        var now = start
        for failure in 1...3 {
            while proofs.takeAsked().isEmpty {
                guard let next = proofs.nextDeadline else { return #expect(Bool(false), "it is not asked again") }
                now = max(now, next)
                _ = proofs.wake(holders: [Self.id], present: [Self.id], at: now)
            }
            #expect(proofs.ended(Self.id, .silent, at: now) == (failure < 3 ? .same : .unproven([])))
        }
        #expect(now - start < AddressProofs.lifetime + .seconds(60))
        #expect(!proofs.isProven(Self.id))
    }

    @Test func `who matters to nobody is forgotten, and who is not answered for has failed`() {
        var proofs = AddressProofs()
        for number in 0..<40 as Range<UInt64> {
            proofs.want(card(id: NodeID(Bytes32(number, 0, 0, 0))), at: start)
        }
        let first = proofs.takeAsked()
        #expect(first.count == AddressProofs.underWayLimit)
        let later = start + AddressProofs.answerLimit
        #expect(proofs.wake(holders: [], present: [], at: later).lost == first)
        for id in first { #expect(proofs.ended(id, .silent, at: later) == .unproven([])) }
        #expect(proofs.takeAsked().count == AddressProofs.underWayLimit)
        var now = later
        while let next = proofs.nextDeadline, now < start + .seconds(100_000) {
            now = max(now, next)
            for id in proofs.wake(holders: [], present: [], at: now).lost { _ = proofs.ended(id, .silent, at: now) }
            _ = proofs.takeAsked()
        }
        #expect(proofs.nextDeadline == nil)
        #expect(now - start < .seconds(3_600))
    }

    /// Proven at the start, and asked again after a day with this answer, again and again: when it is given up.
    private func givenUp(after answer: Reached.Outcome, within limit: Duration) -> Duration? {
        var proofs = AddressProofs()
        proofs.want(card(), at: start)
        _ = proofs.takeAsked()
        _ = proofs.ended(Self.id, .answered, at: start)
        while let next = proofs.nextDeadline, next < start + limit {
            _ = proofs.wake(holders: [Self.id], present: [Self.id], at: next)
            for id in proofs.takeAsked() { _ = proofs.ended(id, answer, at: next) }
            if !proofs.isProven(Self.id) { return next - start }
        }
        return nil
    }

    @Test func `a proof is not given up because this node had no allowance to ask for another`() {
        #expect(givenUp(after: .untried, within: AddressProofs.lifetime * 10) == nil)
    }

    @Test func `nor soon because nobody there had time: after another day`() throws {
        let end = try #require(givenUp(after: .busy, within: AddressProofs.lifetime * 10))
        #expect(AddressProofs.longestLifetime <= end)
        #expect(end < AddressProofs.longestLifetime + .seconds(600))
    }

    @Test func `who never proved anything is asked with growing pauses though it says that it is busy`() {
        var proofs = AddressProofs()
        var count = 0
        for second in 0..<600 {
            let now = start + .seconds(second)
            proofs.want(card(), at: now)
            _ = proofs.wake(holders: [Self.id], present: [Self.id], at: now)
            for id in proofs.takeAsked() {
                count += 1
                #expect(proofs.ended(id, .busy, at: now) == .unproven([]))
            }
        }
        #expect((2...8).contains(count))
    }

    @Test func `who is no holder any more is forgotten with its proof, and it is said so`() {
        var proofs = AddressProofs()
        proofs.want(card(), at: start)
        _ = proofs.takeAsked()
        _ = proofs.ended(Self.id, .answered, at: start)
        let end = start + AddressProofs.lifetime
        #expect(proofs.wake(holders: [], present: [], at: end - .seconds(1)).lapsed.isEmpty)
        #expect(proofs.wake(holders: [], present: [], at: end).lapsed == [Self.id])
        #expect(!proofs.isProven(Self.id))
    }
}
