import Catalogue
import Foundation
import Glibc
import Membership
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Transport

/// With addresses: honest nodes are to turn on somebody who never heard of Potluck, or on their own machine.
enum AddressAttacks {
    static let all = [
        callBackFlood, anothersURL, anothersEndpoint, callBackAtAnother, callBackForAnother, redirects,
    ]

    /// A member is called back no more often.
    private static let callBackPause = Duration.seconds(10)

    /// Somebody who never heard of Potluck: what reaches it is counted.
    private static func withBystander<Value>(_ body: (LiarServer) async throws -> Value) async throws -> Value {
        let bystander = try LiarServer(port: try FreePorts.take(1)[0]) { _ in .whole(status: 200, body: [65]) }
        defer { bystander.stop() }
        return try await body(bystander)
    }

    static let anothersURL = Attack(name: "card with the URL of somebody else, of whom clients are to be sent") {
        stage in
        try await withBystander { bystander in
            let url = "http://127.0.0.1:\(bystander.port)"
            await stage.mallory.introduce(to: stage.targets, stage.mallory.card(url: url))
            let (file, link) = try await stage.post("lure.bin", .mebibytes(1), seed: 31, replicas: 0)
            try await stage.mallory.announce(file, .complete, to: stage.targets)
            try await Task.sleep(for: .seconds(2))
            let addresses = try CountryAddresses()
            let questions = try ["AQ", "US", "DE", "JP", "BR", "AU"].flatMap { country in
                let address = try addresses.first(in: country)
                return stage.targets.map {
                    Readers.Question(
                        link: link.replacing(stage.founder.node.url, with: $0.node.url), address: address,
                        followsRedirects: false)
                }
            }
            let answers = try await stage.readers.ask(questions)
            let lured = answers.count { $0.location.hasPrefix(url) }
            #expect(lured == 0)
            // Asked whether it is the member, and not much more often.
            let asked = bystander.requests
            #expect(asked.allSatisfy { $0 == "POST \(PeerProtocol.prefix)\(PeerRequest.proof)" })
            #expect(asked.count <= 4 * AddressAttacks.questions)
            await stage.mallory.introduce(to: stage.targets)
            return "\(answers.count) clients, \(lured) sent there; \(asked.count) questions for proof in all"
        }
    }

    /// What each honest node may ask a bystander within seconds.
    private static let questions = 4

    /// Somebody's datagram port who never heard of Potluck.
    private final class Ear: Sendable {
        let endpoint: Endpoint
        private let state = Mutex((sizes: [Int](), isStopped: false))

        var sizes: [Int] { state.withLock(\.sizes) }

        init() throws {
            let port = try FreePorts.take(1)[0]
            endpoint = Endpoint(address: .v4(0x7F00_0001), port: port)
            let descriptor = try RudeSocket.bindDatagrams(to: port)
            Thread.detachNewThread { [self] in
                while !state.withLock({ $0.isStopped }) {
                    guard let datagram = RudeSocket.receiveDatagram(at: descriptor) else { continue }
                    state.withLock { $0.sizes.append(datagram.count) }
                }
                close(descriptor)
            }
        }

        func stop() { state.withLock { $0.isStopped = true } }
    }

    /// All that an endpoint gets before it has answered.
    private static let greeting = DatagramSealer.headerLength + Parcel.greetingLength + DatagramSealer.tagLength

    private static func most(_ rate: Rate, in time: Duration) -> Int { rate.burst + Int(time / rate.every) }

    /// Challenges by one node to one member, of both kinds, as far as its address may get any, and those asked for
    /// otherwise.
    private static func mostChallenges(in time: Duration) -> Int {
        min(most(Sessions.challenges, in: time) + most(Sessions.notices, in: time), most(TargetBudgets.rate, in: time))
    }

    static let anothersEndpoint = Attack(name: "card with the datagram address of somebody else") { stage in
        let bystander = try Ear()
        defer { bystander.stop() }
        let start = ContinuousClock.now
        await stage.mallory.introduce(to: stage.targets, stage.mallory.card(endpoints: [bystander.endpoint]))
        // Pulses that ask for an answer, and news, to be sent there.
        for number in 0..<500 {
            for target in stage.targets {
                stage.mallory.send(
                    try stage.mallory.seal(Envelope(.probe(number: UInt32(200_000 + number))), for: target), to: target)
            }
        }
        try await Task.sleep(for: .seconds(5))
        let (sizes, time) = (bystander.sizes, ContinuousClock.now - start)
        let each = mostChallenges(in: time)
        #expect(sizes.count <= stage.targets.count * each)
        #expect(sizes.allSatisfy { $0 == greeting })
        await stage.mallory.introduce(to: stage.targets)
        return
            "2,000 probes and 5 s of pulses: \(sizes.count) datagrams, \(sizes.reduce(0, +)) bytes sent there by four "
            + "nodes (at most \(stage.targets.count * each) of \(greeting))"
    }

    static let callBackAtAnother = Attack(name: "asking to be called back 30 times, at somebody else's datagram port") {
        stage in
        let bystander = try Ear()
        defer { bystander.stop() }
        // Who was called back at another card must wait.
        try await Task.sleep(for: callBackPause)
        let start = ContinuousClock.now
        let card = stage.mallory.identity.sign(stage.mallory.card(endpoints: [bystander.endpoint])).value
        var statuses: [Int] = []
        for _ in 0..<30 {
            statuses.append(
                try await stage.victim.status(
                    for: stage.mallory.signed(.callBack(card), for: stage.victim), patience: 15))
        }
        let (sizes, time) = (bystander.sizes, ContinuousClock.now - start)
        let calls = 1 + Int(time / callBackPause)
        // All hear of the card, and look for the member there as well.
        #expect(
            sizes.count <= calls * EndpointProbes.attempts + stage.targets.count * mostChallenges(in: time))
        #expect(sizes.allSatisfy { $0 == greeting })
        // Who asks too soon is told what came of the last call, which costs the bystander nothing.
        #expect(statuses.contains(200))
        await stage.mallory.introduce(to: stage.targets)
        return "\(Set(statuses).sorted()), \(sizes.count) datagrams of \(greeting) bytes"
    }

    static let callBackForAnother = Attack(name: "asking to call somebody else back") { stage in
        let before = stage.trudy.server.requests.count
        let card = try #require(stage.trudy.directory.card(of: stage.trudy.identity.nodeID))
        var statuses: [Int] = []
        for _ in 0..<5 {
            statuses.append(
                try await stage.victim.status(for: stage.mallory.signed(.callBack(card), for: stage.victim)))
        }
        let asked = stage.trudy.server.requests.count - before
        #expect(asked == 0)
        #expect(!statuses.contains(200))
        return "\(Set(statuses).sorted()), \(asked) calls"
    }

    static let callBackFlood = Attack(name: "asking to be called back 30 times, at somebody else's URL") { stage in
        try await withBystander { bystander in
            let card = stage.mallory.identity.sign(
                stage.mallory.card(url: "http://127.0.0.1:\(bystander.port)")
            ).value
            var statuses: [Int] = []
            for _ in 0..<30 {
                statuses.append(
                    try await stage.victim.status(
                        for: stage.mallory.signed(.callBack(card), for: stage.victim), patience: 15))
            }
            let asked = bystander.requests.count
            #expect((1...questions).contains(asked) && statuses.contains(200))
            await stage.mallory.introduce(to: stage.targets)
            return "\(Set(statuses).sorted()), \(asked) calls"
        }
    }

    static let redirects = Attack(name: "answers that redirect to a service of the receiver's machine") { stage in
        try await withBystander { bystander in
            let (file, link) = try await stage.post("redirected.bin", .mebibytes(1), seed: 32, replicas: 0)
            let location = "Location: http://127.0.0.1:\(bystander.port)/secret"
            stage.mallory.server.answer { request in
                request.target.hasSuffix(PeerRequest.proof)
                    ? stage.mallory.politeReply(to: request) : .whole(status: 302, fields: [location], body: [])
            }
            defer { stage.mallory.bePolite() }
            try await stage.mallory.lure(file, stage)
            try await Task.sleep(for: .seconds(3))
            let asked = bystander.requests.count
            #expect(asked == 0)
            #expect(try await stage.isServed(link, stage.network.directory.url.appending(path: "redirected.bin")))
            return "\(asked) followed"
        }
    }
}
