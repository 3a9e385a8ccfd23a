import Allowance
import Membership
import NIOCore
import NIOPosix
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite struct ReplayWindowTests {
    @Test func eachCounterIsTakenOnce() {
        for seed in 0..<20 as Range<UInt64> {
            var generator = Generator(seed: seed)
            var window = ReplayWindow()
            var seen: Set<UInt32> = []
            var newest: UInt32 = 0
            for _ in 0..<5_000 {
                let ahead = UInt32.random(in: 0...10, using: &generator)
                let behind = UInt32.random(in: 0...1_200, using: &generator)
                let counter = newest &+ ahead >= behind ? newest + ahead - behind : newest + ahead
                let expected =
                    !seen.contains(counter)
                    && (counter > newest || newest - counter < ReplayWindow.size || seen.isEmpty)
                let taken = window.accept(counter)
                #expect(taken == expected)
                if expected {
                    seen.insert(counter)
                    newest = max(newest, counter)
                }
            }
        }
    }

    @Test func aLeapClearsTheWindow() {
        var window = ReplayWindow()
        let counters: [UInt32] = [5, .max, .max - 1_023, .max - 1_024, 5, .max]
        #expect(counters.map { window.accept($0) } == [true, true, true, false, false, false])
    }

    @Test func anOldEpochReplayedDoesNotCloseTheTrueOne() {
        var memory = ReplayMemory()
        let datagrams: [(UInt64, UInt32)] = [(1, 1), (2, 1), (1, 1), (2, 2), (2, 1)]
        let taken = datagrams.map { memory.accept(epoch: $0.0, counter: $0.1) }
        #expect(taken == [true, true, false, true, false])
    }
}

@Suite struct DatagramSealerTests {
    let club = Club()
    let alice = identity(2)
    let bob = identity(3)
    let payload = Array("are you there?".utf8)

    private func sealer(of own: Identity, key: Bytes32? = nil, knowing cards: [Card]? = nil) -> DatagramSealer {
        let cards = cards ?? [club.card(alice, by: club.founder), club.card(bob, by: club.founder)]
        return DatagramSealer(
            identity: own, directory: club.directory(knowing: cards), networkKey: key ?? club.networkKey)
    }

    private func reason(_ result: Result<(payload: [UInt8], sender: NodeID), DatagramSealer.Refusal>) -> DropReason? {
        guard case .failure(let refusal) = result else { return nil }
        return refusal.reason
    }

    @Test func whatOneSealsTheOtherOpensOnce() throws {
        let bobs = sealer(of: bob)
        let datagram = try sealer(of: alice).seal(payload, for: club.card(bob, by: club.founder)).get()
        #expect(datagram.count == payload.count + DatagramSealer.headerLength + DatagramSealer.tagLength)
        let opened = try bobs.open(datagram).get()
        #expect(opened.payload == payload)
        #expect(opened.sender == alice.nodeID)
        #expect(reason(bobs.open(datagram)) == .replayed)
    }

    @Test func everyByteOfADatagramCounts() throws {
        let bobs = sealer(of: bob)
        let datagram = try sealer(of: alice).seal(payload, for: club.card(bob, by: club.founder)).get()
        for (index, altered) in tampered(datagram).enumerated() {
            let expected: DropReason = index == 0 ? .unknownVersion : index < 9 ? .unknownSender : .undecryptable
            #expect(reason(bobs.open(altered)) == expected)
        }
        for length in 0..<datagram.count { #expect(reason(bobs.open(Array(datagram.prefix(length)))) != nil) }
        #expect(reason(bobs.open([])) == .truncated)
        #expect(reason(bobs.open([UInt8](repeating: 1, count: 1_201))) == .oversized)
        // None of it has moved the window.
        #expect(reason(bobs.open(datagram)) == nil)
    }

    @Test func itOpensForNobodyElse() throws {
        let card = club.card(bob, by: club.founder)
        let datagram = try sealer(of: alice).seal(payload, for: card).get()
        #expect(reason(sealer(of: club.founder).open(datagram)) == .undecryptable)
        #expect(reason(sealer(of: bob, key: .zero).open(datagram)) == .undecryptable)
        #expect(reason(sealer(of: bob, knowing: []).open(datagram)) == .unknownSender)
        // Nor does it come back as if the receiver had sent it.
        #expect(reason(sealer(of: alice).open(datagram)) == .unknownSender)
        let reflected = [datagram[0]] + bob.nodeID.bytes.array.prefix(8) + datagram.dropFirst(9)
        #expect(reason(sealer(of: alice).open(reflected)) == .undecryptable)
    }

    @Test func aNewCardMeansNewKeys() throws {
        let directory = club.directory(knowing: [club.card(alice, by: club.founder)])
        let bobs = DatagramSealer(identity: bob, directory: directory, networkKey: club.networkKey)
        let card = club.card(bob, by: club.founder)
        #expect(reason(bobs.open(try sealer(of: alice).seal(payload, for: card).get())) == nil)
        let renewed = Identity(signingSecret: alice.signingSecret, agreementSecret: Bytes32(77, 77, 77, 77))
        for verified in directory.verifying([.card(club.card(renewed, by: club.founder, version: 2))]) {
            if case .card(let card) = verified.value { directory.learn(verified.part { _ in card }) }
        }
        #expect(reason(bobs.open(try sealer(of: alice).seal(payload, for: card).get())) == .undecryptable)
        #expect(reason(bobs.open(try sealer(of: renewed).seal(payload, for: card).get())) == nil)
    }

    @Test func tooMuchIsNotSealed() {
        let card = club.card(bob, by: club.founder)
        let most = DatagramSealer.limit - DatagramSealer.headerLength - DatagramSealer.tagLength
        #expect(most >= Envelope.limit)
        #expect((try? sealer(of: alice).seal([UInt8](repeating: 0, count: most), for: card).get())?.count == 1_200)
        #expect(
            sealer(of: alice).seal([UInt8](repeating: 0, count: most + 1), for: card) == .failure(.init(.oversized)))
    }
}

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

    @Test(arguments: [("127.0.0.1", 28), ("[::1]", 48)])
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
            while alices.counts.sent == 0 { await Task.yield() }
            let size = envelope.wireBytes.count + DatagramSealer.headerLength + DatagramSealer.tagLength + headers
            #expect(payer.usage.spent[.overlay] == ByteCount(size))
            #expect(alices.counts.bytesSent == ByteCount(size))
            #expect(bobs.counts.bytesReceived == ByteCount(size))
            #expect(bobs.counts.dropped == [:])
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
            #expect(await client.call(.introduce([]), to: card) == .failure(.unreachable))
            #expect(server.requests.count == 1)
            #expect(payer.usage.spent == spent && payer.usage.reserved == .zero)
            alices.send(Envelope(.probe(number: 3)), to: bob.nodeID)
            var iterator = heard.makeAsyncIterator()
            #expect(await iterator.next()?.envelope.message == .probe(number: 3))
        }
    }

    @Test func noiseIsCountedAndChangesNothing() async throws {
        try await exchange("127.0.0.1", account()) { alices, bobs, heard in
            let noise = try await DatagramSocket.bind(
                to: #require(Endpoint("127.0.0.1:0")), onlyIPv6: true, on: MultiThreadedEventLoopGroup.singleton
            ) { _, _ in }
            let target = try #require(noise.address(of: bobs.endpoints[0]))
            for bytes in [[UInt8](repeating: 1, count: 1_500), [9, 9], [1], [UInt8](repeating: 1, count: 100)] {
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
