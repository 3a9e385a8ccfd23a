import Membership
import Primitives
import Testing

@testable import Transport

/// Two machines that hand each other what they send, as it is said, without sockets.
@Suite struct SessionTests {
    private static let homes = ["192.0.2.1:1", "192.0.2.2:2"].compactMap { Endpoint($0) }
    private static let names = [identity(1).nodeID, identity(2).nodeID]

    private struct Pair {
        var sessions = [Sessions(), Sessions()]
        var epochs: [UInt64] = [100, 200]
        var counter: UInt32 = 0
        var now = Instant.zero
        var delivered: [[[UInt8]]] = [[], []]
        var dropped: [[DropReason]] = [[], []]
        var probed: [UInt64] = []
        /// All that was on the way to each.
        var carried: [[(Parcel, epoch: UInt64, counter: UInt32)]] = [[], []]

        mutating func send(_ byte: UInt8, from side: Int, to endpoint: Endpoint? = nil) {
            let to = 1 - side
            perform(
                sessions[side].send([byte], to: names[to], at: endpoint ?? homes[to], now: now), of: side)
        }

        mutating func restart(_ side: Int) {
            sessions[side] = Sessions()
            epochs[side] += 1
        }

        mutating func perform(_ steps: [Sessions.Step], of side: Int) {
            for step in steps {
                switch step {
                case .deliver(let payload): delivered[side].append(payload)
                case .drop(let reason): dropped[side].append(reason)
                case .probed(let nonce): probed.append(nonce)
                case .send(let parcel, let endpoint):
                    guard endpoint == homes[1 - side] else { continue }
                    counter += 1
                    carried[1 - side].append((parcel, epochs[side], counter))
                    receive(carried[1 - side].count - 1, at: 1 - side)
                }
            }
        }

        mutating func receive(_ index: Int, at side: Int) {
            let (parcel, epoch, counter) = carried[side][index]
            let home = homes[1 - side]
            let arrival = Sessions.Arrival(
                sender: names[1 - side], epoch: epoch, counter: counter, source: home, reply: home, endpoint: home)
            perform(sessions[side].receive(parcel, arrival, now: now), of: side)
        }
    }

    /// The second answer to the same nonce is one that nobody asked for.
    @Test func theAnswerToAProbeIsToldOnce() throws {
        var pair = Pair()
        let begun = pair.sessions[0].probes.begin(for: Self.names[1])
        let nonce = try #require(begun)
        for _ in 0..<2 {
            pair.perform([.send(.challenge(nonce: nonce, isStale: false), to: Self.homes[1])], of: 0)
        }
        #expect(pair.probed == [nonce])
        #expect(pair.dropped == [[.unasked], []])
    }

    @Test func threeSmallDatagramsOpenBothWays() {
        var pair = Pair()
        pair.send(1, from: 0)
        pair.send(2, from: 1)
        pair.send(3, from: 0)
        #expect(pair.delivered == [[[2]], [[1], [3]]])
        #expect(pair.dropped == [[], []])
        #expect(pair.carried.map(\.count) == [2, 4])
    }

    @Test func parcelsAreReadAsWrittenAndGreetingsAreOfOneSize() throws {
        let greetings: [Parcel] = [
            .challenge(nonce: 1, isStale: false), .challenge(nonce: 2, isStale: true),
            .response(nonce: 3, token: 4, challenge: nil), .response(nonce: 3, token: 4, challenge: 5),
        ]
        for parcel in greetings + [.data([], token: 6), .data([7, 8], token: 9)] {
            #expect(try Parcel(wireBytes: parcel.wireBytes) == parcel)
        }
        #expect(greetings.allSatisfy { $0.wireBytes.count == Parcel.greetingLength })
        let challenge = Parcel.challenge(nonce: 1, isStale: false).wireBytes
        let wrong: [[UInt8]] = [
            [], [5], [0], [1], Array(challenge.dropLast()), challenge + [0], Array(challenge.dropLast()) + [1],
        ]
        for bytes in wrong {
            #expect(throws: WireError.self) { try Parcel(wireBytes: bytes) }
        }
    }

    @Test func eitherSideMayRestartAsOftenAsItLikes() {
        var pair = Pair()
        var expected: [[[UInt8]]] = [[], []]
        for round in 0..<20 as Range<UInt8> {
            // Far enough apart that rates do not matter; so often that windows are forgotten.
            pair.now = pair.now + .seconds(60)
            pair.restart(round % 7 == 0 ? 0 : 1)
            for side in [0, 1] {
                // The first may go to who does not know the token any more, and brings the new one.
                for byte in [round * 4, round * 4 + 1, round * 4 + 2] { pair.send(byte, from: side) }
                expected[1 - side].append([round * 4 + 2])
            }
        }
        for side in [0, 1] {
            #expect(pair.delivered[side].filter { $0[0] % 4 == 2 } == expected[side])
            #expect(pair.dropped[side].allSatisfy { $0 == .stale || $0 == .unasked })
        }
    }

    @Test func whatWasSentBeforeIsNeverTakenAgain() {
        var pair = Pair()
        for round in 0..<8 as Range<UInt8> {
            pair.now = pair.now + .seconds(60)
            pair.send(round, from: 0)
            pair.send(round, from: 0)
            pair.restart(round % 2 == 0 ? 0 : 1)
        }
        let heard = pair.delivered
        for index in pair.carried[1].indices {
            pair.now = pair.now + .seconds(60)
            if case .data = pair.carried[1][index].0 { pair.receive(index, at: 1) }
        }
        #expect(pair.delivered == heard)
    }

    @Test func recordingsPlayedWithoutEndMakeNobodyChatter() {
        var pair = Pair()
        for _ in 0..<6 {
            pair.now = pair.now + .seconds(60)
            for side in [0, 1] { pair.send(1, from: side) }
            pair.restart(0)
            pair.restart(1)
        }
        pair.now = pair.now + .seconds(600)
        let recorded = pair.carried.map(\.count)
        for second in 0..<600 {
            pair.now = pair.now + .seconds(1)
            for side in [0, 1] { pair.receive(second % recorded[side], at: side) }
        }
        // Ten minutes: at most the responses that the rates allow, each with one that answers it, and notices.
        let sent = (pair.carried[0].count - recorded[0]) + (pair.carried[1].count - recorded[1])
        #expect(sent < 2 * 2 * (8 + 120 + 2 + 40))
        // And the two still find each other.
        pair.now = pair.now + .seconds(60)
        let heard = pair.delivered[1].count
        pair.send(9, from: 0)
        pair.send(9, from: 0)
        #expect(pair.delivered[1].count > heard)
    }

    @Test func anEndpointThatIsSilentHasToProveItselfAgain() {
        var pair = Pair()
        pair.send(1, from: 0)
        #expect(pair.carried[1].count == 3)
        pair.now = .zero + Sessions.silenceLimit - .seconds(1)
        pair.send(2, from: 0)
        #expect(pair.carried[1].count == 4)
        pair.now = pair.now + .seconds(1)
        pair.send(3, from: 0)
        #expect(pair.carried[1].count == 6)
        // What is heard from it is proof enough.
        pair.now = pair.now + .seconds(1_000)
        pair.send(1, from: 1)
        let before = pair.carried[1].count
        pair.now = pair.now + .seconds(1_000)
        pair.send(4, from: 0)
        #expect(pair.carried[1].count == before + 1)
        #expect(pair.delivered[1] == [[1], [2], [3], [4]])
    }

    @Test func whoIsNotThereGetsFewChallengesAndNothingElse() {
        var sessions = Sessions()
        var (sent, dropped) = (0, 0)
        for second in 0..<600 {
            let steps = sessions.send([1], to: Self.names[1], at: Self.homes[1], now: .zero + .seconds(second))
            for step in steps {
                switch step {
                case .send(.challenge, to: Self.homes[1]): sent += 1
                case .drop(.unproven): dropped += 1
                default: Issue.record("\(step)")
                }
            }
        }
        #expect(sent <= 4 + 600 / 15)
        #expect(dropped == 600 - Sessions.waitingLimit)
    }

    @Test func manyMembersCannotPointAtOneAddress() {
        var sessions = Sessions()
        var sent = 0
        for member in 0..<500 as Range<UInt64> {
            let endpoint = Endpoint(address: .v4(0xC000_0203), port: UInt16(member + 1))
            let steps = sessions.send([1], to: NodeID(Bytes32(member, 7, 7, 7)), at: endpoint, now: .zero)
            sent += steps.count { if case .send = $0 { true } else { false } }
        }
        #expect(sent == TargetBudgets.rate.burst)
    }

    @Test func envelopesThatWaitAreBoundedInAll() {
        var sessions = Sessions()
        var dropped = 0
        for member in 0..<500 as Range<UInt64> {
            let endpoint = Endpoint(address: .v4(0xC000_0200 + UInt32(member)), port: 1)
            let steps = sessions.send([1], to: NodeID(Bytes32(member, 7, 7, 7)), at: endpoint, now: .zero)
            dropped += steps.count { $0 == .drop(.unproven) }
        }
        #expect(dropped == 500 - Sessions.waitingLimitInAll)
    }
}
