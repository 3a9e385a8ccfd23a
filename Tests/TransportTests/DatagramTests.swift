import Allowance
import Membership
import NIOCore
import NIOPosix
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct SealedDatagramsTests {
    let club = Club()
    let alice = identity(2)
    let bob = identity(3)

    /// Two nodes on sockets of their own, who know each other's addresses.
    private func exchange(
        _ host: String, _ payer: Account,
        _ body: (SealedDatagrams, SealedDatagrams, AsyncStream<Heard>) async throws -> Void
    ) async throws {
        let any = try #require(Endpoint("\(host):0"))
        let directory = club.directory(knowing: [])
        let (heard, continuation) = AsyncStream.makeStream(of: Heard.self)
        func bind(_ own: Identity, _ payer: Account) async throws -> SealedDatagrams {
            try await SealedDatagrams.bind(
                to: [any], on: MultiThreadedEventLoopGroup.singleton, identity: own, directory: directory,
                networkKey: club.networkKey, account: payer
            ) { continuation.yield(Heard(envelope: $0.value, sender: $1)) }
        }
        let alices = try await bind(alice, payer)
        let bobs = try await bind(bob, account())
        for (own, endpoint) in [(alice, alices.endpoints[0]), (bob, bobs.endpoints[0])] {
            let card = club.card(own, by: club.founder, endpoint: endpoint.description)
            for verified in directory.verifying([.card(card)]) { directory.learn(verified.part { _ in card }) }
        }
        try await body(alices, bobs, heard)
        await alices.close()
        await bobs.close()
    }

    private struct Heard: Equatable {
        let envelope: Envelope
        let sender: NodeID
    }

    @Test(arguments: [("127.0.0.1", 14 + 28), ("[::1]", 14 + 48)])
    func anEnvelopeArrivesAndIsPaidForWithItsHeaders(host: String, headers: Int) async throws {
        let payer = account()
        try await exchange(host, payer) { alices, bobs, heard in
            let stranger = News.status(club.status(identity(99)))
            let known = News.status(club.status(alice))
            let envelope = Envelope(.probe(number: 7), news: [stranger, known])
            alices.send(envelope, to: bob.nodeID)
            var iterator = heard.makeAsyncIterator()
            // The stranger's status is left out; the rest arrives.
            #expect(
                await iterator.next()
                    == Heard(envelope: Envelope(.probe(number: 7), news: [known]), sender: alice.nodeID))
            while alices.counts.sent < 3 { await Task.yield() }
            // A challenge, a response to the one that came with the response, and the envelope.
            let sealing = DatagramSealer.headerLength + DatagramSealer.tagLength + headers
            let size = envelope.wireBytes.count + Parcel.dataOverhead + 2 * Parcel.greetingLength + 3 * sealing
            #expect(payer.usage.spent[.overlay] == ByteCount(size))
            #expect(alices.counts.bytesSent == ByteCount(size))
            #expect(bobs.counts.bytesReceived == ByteCount(size))
            #expect(alices.counts.dropped == [:] && bobs.counts.dropped == [:])
            #expect(alices.counts.received == 1)
        }
    }

    @Test func whatCannotBePaidOrRoutedIsDroppedAndCounted() async throws {
        try await exchange("127.0.0.1", account(leased: false)) { alices, bobs, _ in
            alices.send(Envelope(.probe(number: 1)), to: bob.nodeID)
            alices.send(Envelope(.probe(number: 1)), to: identity(99).nodeID)
            #expect(alices.counts.dropped == [.unaffordable: 1, .unroutable: 1])
            #expect(alices.counts.sent == 0)
        }
    }

    @Test func theLastHalfOfTheAllowanceIsForDatagramsAlone() async throws {
        let payer = account(share: .megabytes(100))
        let half = payer.usage.terms.guaranteed(.overlay) / 2
        let answer = PeerAnswer.table([]).wireBytes
        let server = TinyServer { _ in .binary("HTTP/1.1 200 OK\r\nContent-Length: \(answer.count)\r\n\r\n", answer) }
        defer { server.close() }
        let client = PeerClient(
            courier: try Courier(), identity: alice, directory: club.directory(knowing: []), account: payer,
            now: { present })
        let card = club.card(bob, by: club.founder, url: server.url)
        #expect(payer.spend(half - ByteCount(1), for: .overlay))
        #expect(try await client.call(.introduce([]), to: card).get().value == .table([]))
        let spent = payer.usage.spent
        #expect(spent[.overlay] >= half)
        try await exchange("127.0.0.1", payer) { alices, _, heard in
            #expect(await client.call(.introduce([]), to: card) == .failure(.untried))
            #expect(server.requests.count == 1)
            #expect(payer.usage.spent == spent && payer.usage.reserved == .zero)
            alices.send(Envelope(.probe(number: 3)), to: bob.nodeID)
            var iterator = heard.makeAsyncIterator()
            #expect(await iterator.next()?.envelope.message == .probe(number: 3))
        }
    }

    @Test func whoAsksToBeCalledBackIsToldWhichEndpointsAnswer() async throws {
        try await exchange("127.0.0.1", account()) { alices, bobs, _ in
            let heard = Mutex<[Int]>([])
            let nobody = try await DatagramSocket.bind(
                to: #require(Endpoint("127.0.0.1:0")), onlyIPv6: true, on: MultiThreadedEventLoopGroup.singleton
            ) { bytes, _ in heard.withLock { $0.append(bytes.count) } }
            var card = club.card(bob, by: club.founder, endpoint: bobs.endpoints[0].description)
            #expect(await alices.probe(card) == [Reached.Door(bobs.endpoints[0], .answered)])
            // Bob answers where the challenge came from, which is not where Alice is found.
            #expect(bobs.counts.received >= 1 && alices.counts.dropped == [:])
            card.endpoints = [nobody.endpoint, try #require(Endpoint("[2001:db8::1]:1"))]
            #expect(
                await alices.probe(card) == [
                    Reached.Door(nobody.endpoint, .silent), Reached.Door(card.endpoints[1], .untried),
                ])
            #expect(heard.withLock { $0 } == Array(repeating: 62, count: EndpointProbes.attempts))
            // Somebody else is there.
            card.endpoints = [alices.endpoints[0]]
            #expect(await alices.probe(card) == [Reached.Door(alices.endpoints[0], .silent)])
            try await nobody.channel.close()
        }
    }

    @Test func aProbeIsAnsweredByWhomItWasFor() {
        var probes = EndpointProbes()
        let nonces = (0..<EndpointProbes.limit).compactMap { _ in probes.begin(for: bob.nodeID) }
        let further = probes.begin(for: bob.nodeID)
        #expect(Set(nonces).count == EndpointProbes.limit && further == nil)
        let outcomes = [alice, bob, bob].map { probes.take(nonces[0], from: $0.nodeID) }
        #expect(outcomes == [false, true, false])
        probes.end(nonces[1])
        let late = probes.take(nonces[1], from: bob.nodeID)
        let next = probes.begin(for: alice.nodeID)
        #expect(!late && next != nil)
    }

    @Test func noiseIsCountedAndChangesNothing() async throws {
        try await exchange("127.0.0.1", account()) { alices, bobs, heard in
            let noise = try await DatagramSocket.bind(
                to: #require(Endpoint("127.0.0.1:0")), onlyIPv6: true, on: MultiThreadedEventLoopGroup.singleton
            ) { _, _ in }
            let target = try #require(noise.address(of: bobs.endpoints[0]))
            for bytes in [[UInt8](repeating: 2, count: 1_500), [9, 9], [2], [UInt8](repeating: 2, count: 100)] {
                try await noise.write(bytes, to: target).get()
            }
            while bobs.counts.dropped.values.reduce(0, +) < 4 { await Task.yield() }
            #expect(bobs.counts.dropped == [.oversized: 1, .unknownVersion: 1, .truncated: 1, .unknownSender: 1])
            alices.send(Envelope(.probe(number: 2)), to: bob.nodeID)
            var iterator = heard.makeAsyncIterator()
            #expect(await iterator.next()?.envelope.message == .probe(number: 2))
            try await noise.channel.close()
        }
    }
}

/// Two nodes at either end of a line that can lose what it carries, remembers it, and plays it again.
@Suite(.timeLimit(.minutes(1))) struct DatagramSessionTests {
    let club = Club()
    let members = [identity(2), identity(3)]
    let directory: Directory
    let line: Line
    let heard: AsyncStream<(side: Int, number: UInt32)>
    private let continuation: AsyncStream<(side: Int, number: UInt32)>.Continuation

    init() async throws {
        directory = club.directory(knowing: [])
        line = try await Line()
        (heard, continuation) = AsyncStream.makeStream()
        for side in [0, 1] { learn(line.fronts[side], of: side, version: 1) }
    }

    private func learn(_ endpoint: Endpoint, of side: Int, version: UInt64) {
        let card = club.card(members[side], by: club.founder, version: version, endpoint: endpoint.description)
        for verified in directory.verifying([.card(card)]) { directory.learn(verified.part { _ in card }) }
    }

    private func start(_ side: Int) async throws -> SealedDatagrams {
        let node = try await SealedDatagrams.bind(
            to: [#require(Endpoint("127.0.0.1:0"))], on: MultiThreadedEventLoopGroup.singleton,
            identity: members[side], directory: directory, networkKey: club.networkKey, account: account()
        ) { [continuation] envelope, _ in
            if case .probe(let number) = envelope.value.message { continuation.yield((side, number)) }
        }
        line.connect(side, to: node.endpoints[0])
        return node
    }

    /// The numbers heard on that side, up to the last.
    private func numbers(at side: Int, through last: UInt32) async -> [UInt32] {
        var numbers: [UInt32] = []
        for await (place, number) in heard where place == side {
            numbers.append(number)
            if number == last { break }
        }
        return numbers
    }

    private func probe(_ number: UInt32, _ node: SealedDatagrams, to side: Int) {
        node.send(Envelope(.probe(number: number)), to: members[side].nodeID)
    }

    @Test func whatWasRecordedBeforeAStartIsNotTaken() async throws {
        let alice = try await start(0)
        let before = try await start(1)
        probe(1, alice, to: 1)
        #expect(await numbers(at: 1, through: 1) == [1])
        await before.close()
        let bob = try await start(1)
        let recorded = line.recorded[1]
        for datagram in recorded { line.carry(datagram, to: 1) }
        // A challenge, a response, and data: of another run, all of them.
        try await eventually { bob.counts.received >= recorded.count && bob.counts.dropped[.stale] == 1 }
        try await eventually { bob.counts.dropped[.unasked, default: 0] >= 1 }
        // Alice was told of it, and is heard at once with what is new.
        try await eventually { alice.counts.received >= 4 }
        probe(2, alice, to: 1)
        #expect(await numbers(at: 1, through: 2) == [2])
        for datagram in line.recorded[1] { line.carry(datagram, to: 1) }
        try await eventually { bob.counts.dropped[.replayed, default: 0] > 0 && bob.counts.dropped[.stale] == 2 }
        probe(3, alice, to: 1)
        #expect(await numbers(at: 1, through: 3) == [3])
        for node in [alice, bob] { await node.close() }
        await line.close()
    }

    @Test func anEndpointThatDoesNotAnswerGetsAFewSmallDatagrams() async throws {
        let alice = try await start(0)
        for number in 1...100 as ClosedRange<UInt32> { probe(number, alice, to: 1) }
        try await eventually { line.recorded[1].count == Sessions.challenges.burst }
        let size = DatagramSealer.headerLength + Parcel.greetingLength + DatagramSealer.tagLength
        #expect(line.recorded[1].map(\.count) == Array(repeating: size, count: Sessions.challenges.burst))
        #expect(alice.counts.dropped == [.unproven: 100 - Sessions.waitingLimit])
        await alice.close()
        await line.close()
    }

    @Test func aRestartOfEitherSideCostsARoundTrip() async throws {
        var alice = try await start(0)
        var bob = try await start(1)
        probe(1, alice, to: 1)
        #expect(await numbers(at: 1, through: 1) == [1])
        await bob.close()
        bob = try await start(1)
        // Who was restarted is heard with the first it says, and can be answered.
        probe(2, bob, to: 0)
        #expect(await numbers(at: 0, through: 2) == [2])
        probe(3, alice, to: 1)
        #expect(await numbers(at: 1, through: 3) == [3])
        await alice.close()
        alice = try await start(0)
        // Who talks to one that was restarted is told so, and heard with the next.
        probe(4, bob, to: 0)
        try await eventually { alice.counts.dropped[.stale] == 1 && bob.counts.received >= 4 }
        probe(5, bob, to: 0)
        #expect(await numbers(at: 0, through: 5) == [5])
        for node in [alice, bob] { await node.close() }
        await line.close()
    }

    @Test(arguments: [[0, 1], [1, 0], [1, 1]]) func lostGreetingsAreMadeUpForByTheNext(lost: [Int]) async throws {
        let alice = try await start(0)
        let bob = try await start(1)
        line.lose(lost)
        for number in 1...3 as ClosedRange<UInt32> {
            probe(number, alice, to: 1)
            try await eventually { line.recorded[1].count >= Int(number) }
        }
        #expect(await numbers(at: 1, through: 3) == [1, 2, 3])
        probe(4, bob, to: 0)
        #expect(await numbers(at: 0, through: 4) == [4])
        for node in [alice, bob] { await node.close() }
        await line.close()
    }

    @Test func anotherEndpointHasToProveItselfAnew() async throws {
        let alice = try await start(0)
        let bob = try await start(1)
        probe(1, alice, to: 1)
        #expect(await numbers(at: 1, through: 1) == [1])
        let victim = try await Line()
        learn(victim.fronts[1], of: 1, version: 2)
        for number in 2...20 as ClosedRange<UInt32> { probe(number, alice, to: 1) }
        // One challenge was used up before.
        try await eventually { victim.recorded[1].count == Sessions.challenges.burst - 1 }
        #expect(Set(victim.recorded[1].map(\.count)) == [62])
        // At the new endpoint the member answers, with what waited.
        victim.connect(0, to: alice.endpoints[0])
        victim.connect(1, to: bob.endpoints[0])
        learn(victim.fronts[0], of: 0, version: 2)
        victim.carry(victim.recorded[1][0], to: 1)
        #expect(await numbers(at: 1, through: 20) == [17, 18, 19, 20])
        for node in [alice, bob] { await node.close() }
        for line in [line, victim] { await line.close() }
    }
}

/// Where two nodes are to be found: what comes to one front goes on to the node behind it, from the other front.
final class Line: Sendable {
    private struct State {
        var sockets: [DatagramSocket] = []
        var homes: [Endpoint?] = [nil, nil]
        var recorded: [[[UInt8]]] = [[], []]
        var losing = [0, 0]
    }

    private let state = Mutex(State())

    init() async throws {
        for side in [0, 1] {
            let socket = try await DatagramSocket.bind(
                to: #require(Endpoint("127.0.0.1:0")), onlyIPv6: true, on: MultiThreadedEventLoopGroup.singleton
            ) { [weak self] bytes, _ in
                guard let self else { return }
                let isLost = state.withLock { state in
                    state.recorded[side].append(bytes)
                    state.losing[side] -= 1
                    return state.losing[side] >= 0
                }
                if !isLost { carry(bytes, to: side) }
            }
            state.withLock { $0.sockets.append(socket) }
        }
    }

    var fronts: [Endpoint] { state.withLock { $0.sockets.map(\.endpoint) } }

    /// All that ever came, by side.
    var recorded: [[[UInt8]]] { state.withLock(\.recorded) }

    func connect(_ side: Int, to home: Endpoint) {
        state.withLock { $0.homes[side] = home }
    }

    /// The next so many to each side.
    func lose(_ counts: [Int]) {
        state.withLock { $0.losing = counts }
    }

    func carry(_ bytes: [UInt8], to side: Int) {
        let (socket, home) = state.withLock { ($0.sockets[1 - side], $0.homes[side]) }
        guard let home, let address = socket.address(of: home) else { return }
        _ = socket.write(bytes, to: address)
    }

    func close() async {
        for socket in state.withLock(\.sockets) { try? await socket.channel.close() }
    }
}

/// Waits for something that other threads do; fails where it does not come.
private func eventually(_ condition: () -> Bool) async throws {
    for _ in 0..<2_000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it does not happen")
}
