import Membership
import Primitives
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

    private func reason(_ result: Result<DatagramSealer.Opened, DatagramSealer.Refusal>) -> DropReason? {
        guard case .failure(let refusal) = result else { return nil }
        return refusal.reason
    }

    @Test func whatOneSealsTheOtherOpens() throws {
        let bobs = sealer(of: bob)
        let datagram = try sealer(of: alice).seal(payload, for: club.card(bob, by: club.founder)).get()
        #expect(datagram.count == payload.count + DatagramSealer.headerLength + DatagramSealer.tagLength)
        let opened = try bobs.open(datagram).get()
        #expect(opened.payload == payload)
        #expect(opened.sender == alice.nodeID)
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
        #expect(most >= Envelope.limit + Parcel.dataOverhead)
        #expect((try? sealer(of: alice).seal([UInt8](repeating: 0, count: most), for: card).get())?.count == 1_200)
        #expect(
            sealer(of: alice).seal([UInt8](repeating: 0, count: most + 1), for: card) == .failure(.init(.oversized)))
    }
}
