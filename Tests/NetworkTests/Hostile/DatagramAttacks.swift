import Catalogue
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// On the sockets: what is not sealed by a member for this node, now, is nothing.
enum DatagramAttacks {
    static let all = [
        altered, replayed, forgedSender, oversized, truncated, unknownVersion, malformed, outdated, garbageFlood,
        authenticFlood,
    ]

    private static let wait = Duration.milliseconds(400)

    /// A probe that the victim answers, when it comes as it should.
    private static func probe(_ number: UInt32, _ stage: Stage) throws -> [UInt8] {
        try stage.mallory.seal(Envelope(.probe(number: number)), for: stage.victim)
    }

    /// The victim still answers an honest probe.
    private static func control(_ number: UInt32, _ stage: Stage) async throws {
        stage.mallory.send(try probe(number, stage), to: stage.victim)
        try await eventually("an honest probe is answered", within: .seconds(5)) {
            stage.mallory.answers(to: number) > 0
        }
    }

    static let altered = Attack(name: "datagram with one bit altered, in every byte") { stage in
        try await control(1_000, stage)
        let length = try probe(1_001, stage).count
        for index in 0..<length {
            var datagram = try probe(UInt32(1_001 + index), stage)
            datagram[index] ^= 1 << UInt8(index % 8)
            stage.mallory.send(datagram, to: stage.victim)
        }
        try await Task.sleep(for: wait)
        let answered = (0..<length).count { stage.mallory.answers(to: UInt32(1_001 + $0)) > 0 }
        #expect(answered == 0)
        return "\(length) sent, \(answered) answered"
    }

    static let replayed = Attack(name: "datagram replayed 200 times") { stage in
        let datagram = try probe(2_000, stage)
        for _ in 0..<201 { stage.mallory.send(datagram, to: stage.victim) }
        try await Task.sleep(for: wait)
        #expect(stage.mallory.answers(to: 2_000) == 1)
        return "answered once"
    }

    static let forgedSender = Attack(name: "datagram in another member's name, and in nobody's") { stage in
        for number in 0..<50 {
            var datagram = try probe(UInt32(3_000 + number), stage)
            let name = number < 25 ? stage.founder.card.nodeID.short.word : UInt64(number)
            for byte in 0..<8 { datagram[1 + byte] = UInt8(truncatingIfNeeded: name >> UInt64(56 - 8 * byte)) }
            stage.mallory.send(datagram, to: stage.victim)
        }
        try await Task.sleep(for: wait)
        #expect(stage.mallory.answers(from: 3_000) == 0)
        return "50 sent, none answered"
    }

    static let oversized = Attack(name: "datagram of 1,201 to 60,000 bytes") { stage in
        for size in [1_201, 1_472, 9_000, 60_000] {
            for _ in 0..<25 {
                let datagram = try probe(4_000, stage)
                stage.mallory.send(datagram + [UInt8](repeating: 0, count: size - datagram.count), to: stage.victim)
            }
        }
        try await control(4_001, stage)
        #expect(stage.mallory.answers(to: 4_000) == 0)
        return "100 sent, none answered"
    }

    static let truncated = Attack(name: "datagram cut short at every length") { stage in
        let datagram = try probe(5_000, stage)
        for length in 0..<datagram.count { stage.mallory.send(Array(datagram.prefix(length)), to: stage.victim) }
        try await control(5_001, stage)
        #expect(stage.mallory.answers(to: 5_000) == 0)
        return "\(datagram.count) sent, none answered"
    }

    static let unknownVersion = Attack(name: "datagram of every other version") { stage in
        for version in UInt8.min ... .max where version != DatagramSealer.version {
            var datagram = try probe(6_000, stage)
            datagram[0] = version
            stage.mallory.send(datagram, to: stage.victim)
        }
        try await control(6_001, stage)
        #expect(stage.mallory.answers(to: 6_000) == 0)
        return "255 sent, none answered"
    }

    static let malformed = Attack(name: "well sealed nonsense") { stage in
        var generator = Generator(seed: 7)
        for count in 0..<200 {
            let nonsense = (0..<count * 5).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            stage.mallory.send(try stage.mallory.sealer.seal(nonsense, for: stage.victim.card).get(), to: stage.victim)
        }
        try await control(7_001, stage)
        return "200 sent, nothing came of them"
    }

    static let outdated = Attack(name: "datagram from before the receiver's restart") { stage in
        let datagram = try probe(8_000, stage)
        stage.mallory.send(datagram, to: stage.victim)
        try await eventually("it is answered", within: .seconds(5)) { stage.mallory.answers(to: 8_000) == 1 }
        let request = stage.mallory.signed(.catalogue(.lookUp(Nonsense.file(8))), for: stage.victim)
        #expect(try await stage.victim.status(for: request) == 200)
        #expect(await stage.victim.node.stop() == 0)
        try stage.victim.node.start()
        try await stage.victim.node.isUp()
        try await stage.victim.learnRun()
        for _ in 0..<50 { stage.mallory.send(datagram, to: stage.victim) }
        try await Task.sleep(for: wait)
        let answered = stage.mallory.answers(to: 8_000) - 1
        #expect(answered == 0)
        var statuses: [Int] = []
        for _ in 0..<3 { statuses.append(try await stage.victim.status(for: request)) }
        #expect(statuses == [401, 401, 401])
        let anew = stage.mallory.signed(.catalogue(.lookUp(Nonsense.file(8))), for: stage.victim)
        #expect(try await stage.victim.status(for: anew) == 200)
        await stage.mallory.introduce(to: stage.targets)
        try await eventually("all are there again", within: .seconds(20)) { try await stage.isComplete() }
        return
            "of 50 replays \(answered) answered; a signed request of the same minute: \(statuses[0]), signed anew: 200"
    }

    static let garbageFlood = Attack(name: "flood of 20,000 random datagrams") { stage in
        try await blocking {
            var generator = Generator(seed: 9)
            let garbage = (0..<1_200).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            for count in 0..<20_000 {
                stage.mallory.send(
                    [DatagramSealer.version] + garbage.suffix(count % 1_199), to: stage.targets[count % 4])
            }
        }
        // One alone may still meet a full buffer.
        try await eventually("an honest probe is answered", within: .seconds(10)) {
            stage.mallory.send(try probe(9_001, stage), to: stage.victim)
            return stage.mallory.answers(to: 9_001) > 0
        }
        #expect(try await stage.isComplete())
        return "the members go on; an honest probe is answered"
    }

    static let authenticFlood = Attack(name: "flood of 5,000 well sealed probes") { stage in
        for number in 0..<5_000 { stage.mallory.send(try probe(UInt32(100_000 + number), stage), to: stage.victim) }
        try await Task.sleep(for: .seconds(1))
        let answered = stage.mallory.answers(from: 100_000)
        // A burst of 1,024, and 64 a pulse.
        #expect(answered < 2_000)
        try await eventually("an honest probe is answered", within: .seconds(10)) {
            stage.mallory.send(try probe(99_999, stage), to: stage.victim)
            return stage.mallory.answers(to: 99_999) > 0
        }
        #expect(try await stage.isComplete())
        return "\(answered) answered; the members go on"
    }
}

/// What nobody has.
enum Nonsense {
    static func file(_ number: UInt64) -> FileID { FileID(Bytes32(number, 0xBAD, 0xBAD, 0xBAD)) }
}
