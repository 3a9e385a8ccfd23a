import Foundation
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// In what members say of members: nobody is talked out of the network, and nobody's past comes back.
enum MembershipAttacks {
    static let all = [
        forgedDeparture, forgedVerdicts, verdictsOfStrangers, ownVerdicts, puppets, uncertified, replayedCard,
        replayedDeparture, cardsAtTheLimits, versionsBeyond, endlessAllowance, newsFlood,
    ]

    /// The honest nodes all take this news, or not: over HTTP, and riding on a datagram.
    private static func spread(_ news: [News], _ stage: Stage) async throws -> [Int] {
        var statuses: [Int] = []
        for target in stage.targets {
            statuses.append(try await target.status(for: stage.mallory.signed(.introduce(news), for: target)))
            for item in news {
                let datagram = try? stage.mallory.seal(Envelope(.probe(number: 50), news: [item]), for: target)
                if let datagram { stage.mallory.send(datagram, to: target) }
            }
        }
        return statuses
    }

    /// Nobody is lost for two seconds.
    private static func staysComplete(_ stage: Stage) async throws {
        for _ in 0..<4 {
            try await Task.sleep(for: .milliseconds(500))
            #expect(try await stage.isComplete())
        }
    }

    private static func future(_ seconds: Int64 = 60) -> UInt64 {
        UInt64((Mallory.now + .seconds(seconds)).milliseconds)
    }

    static let forgedDeparture = Attack(name: "forged `left` of an honest node") { stage in
        var departure = Departure(node: stage.victim.card.nodeID.short, version: future())
        departure.signature = stage.mallory.identity.sign(bytes: departure.signedBytes)
        let statuses = try await spread([.departure(departure)], stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        try await staysComplete(stage)
        return "nobody believes it"
    }

    static let forgedVerdicts = Attack(name: "verdicts against an honest node, forged in three members' names") {
        stage in
        let subject = stage.victim.card.nodeID
        let version = stage.mallory.version(of: subject)
        let news = stage.targets.filter { $0.card.nodeID != subject }.map { target in
            var verdict = Verdict(subject: subject.short, issuer: target.card.nodeID.short, version: version)
            verdict.signature = stage.mallory.identity.sign(bytes: verdict.signedBytes)
            return News.verdict(verdict)
        }
        let statuses = try await spread(news, stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        try await staysComplete(stage)
        return "nobody believes them"
    }

    static let verdictsOfStrangers = Attack(name: "verdicts against an honest node by three who do not belong") {
        stage in
        let subject = stage.victim.card.nodeID.short
        let version = stage.mallory.version(of: stage.victim.card.nodeID)
        let news = (0..<3).map { _ in
            let stranger = Identity.generate()
            return News.verdict(
                stranger.sign(Verdict(subject: subject, issuer: stranger.nodeID.short, version: version)).value)
        }
        let statuses = try await spread(news, stage)
        #expect(Set(statuses).isSubset(of: [200, 403]))
        try await staysComplete(stage)
        return "nobody believes them"
    }

    static let ownVerdicts = Attack(name: "one's own verdicts against everybody, again and again") { stage in
        for round in 0..<20 {
            let news = stage.targets.map { target in
                let version = max(stage.mallory.version(of: target.card.nodeID), 1) + UInt64(round)
                return News.verdict(
                    stage.mallory.identity.sign(
                        Verdict(
                            subject: target.card.nodeID.short, issuer: stage.mallory.identity.nodeID.short,
                            version: version)
                    ).value)
            }
            _ = try await spread(news, stage)
        }
        try await staysComplete(stage)
        return "nobody dies of one opinion"
    }

    static let puppets = Attack(
        name: "three puppets with certificates by the attacker, who all swear that an honest node is dead"
    ) { stage in
        let puppets = (0..<3).map { _ in Identity.generate() }
        let cards = puppets.map { News.card(Puppet.card($0, stage.mallory)) }
        let statuses = try await spread(cards, stage)
        let subject = stage.victim.card.nodeID
        var lost = 0
        for _ in 0..<10 {
            let version = stage.mallory.version(of: subject)
            let news = puppets.map { puppet in
                News.verdict(
                    puppet.sign(Verdict(subject: subject.short, issuer: puppet.nodeID.short, version: version)).value)
            }
            _ = try await spread(news, stage)
            if try await !stage.isComplete() { lost += 1 }
            try await Task.sleep(for: .milliseconds(300))
        }
        try await eventually("the honest node is believed to be alive", within: .seconds(10)) {
            try await stage.isComplete()
        }
        try await Puppet.dismiss(puppets, stage)
        return
            "taken in as members (\(Set(statuses).sorted())), as any member may invite; the honest node was missing in "
            + "\(lost) of 10 looks, and is back in the end"
    }

    static let uncertified = Attack(name: "cards whose certificates do not lead to the founder") { stage in
        let (stranger, puppet) = (Identity.generate(), Identity.generate())
        func card(issuer: Identity, subject: Identity, network: NodeID) -> Card {
            let certificate = issuer.sign(
                Certificate(subject: subject.nodeID, issuer: issuer.nodeID, network: network, issuedAt: Mallory.now))
            return Puppet.card(subject, stage.mallory, certificate: certificate.value, network: network)
        }
        let founder = stage.founder.card.nodeID
        var statuses: [Int] = []
        for bad in [
            card(issuer: stranger, subject: puppet, network: founder),
            card(issuer: puppet, subject: puppet, network: founder),
            card(issuer: stage.mallory.identity, subject: puppet, network: stranger.nodeID),
        ] {
            statuses.append(
                try await stage.victim.status(
                    for: stage.mallory.signed(.introduce([.card(bad)]), for: stage.victim, by: puppet)))
        }
        #expect(Set(statuses) == [403])
        return "403"
    }

    /// What the honest nodes call Mallory.
    private static func names(_ stage: Stage) async throws -> Set<String> {
        let id = stage.mallory.identity.nodeID.description
        var names: Set<String> = []
        for target in stage.targets {
            names.formUnion(try await target.node.peers().filter { $0.id == id }.map(\.name))
        }
        return names
    }

    static let replayedCard = Attack(name: "old card after its successor") { stage in
        let old = stage.mallory.identity.sign(stage.mallory.card(name: "old")).value
        await stage.mallory.introduce(to: stage.targets, stage.mallory.card(name: "new"))
        try await eventually("the new name is known", within: .seconds(5)) { try await names(stage) == ["new"] }
        _ = try await spread([.card(old)], stage)
        try await Task.sleep(for: .milliseconds(500))
        #expect(try await names(stage) == ["new"])
        await stage.mallory.introduce(to: stage.targets)
        return "the new one stays"
    }

    static let replayedDeparture = Attack(name: "old departure after the return") { stage in
        let id = stage.mallory.identity.nodeID
        let departure = stage.mallory.identity.sign(Departure(node: id.short, version: stage.mallory.nextVersion()))
            .value
        func conditions() async throws -> Set<String> {
            var conditions: Set<String> = []
            for target in stage.targets {
                conditions.formUnion(
                    try await target.node.peers().filter { $0.id == id.description }.map(\.condition))
            }
            return conditions
        }
        // Told that it is held gone, it would come back.
        stage.mallory.mute(true)
        defer { stage.mallory.mute(false) }
        _ = try await spread([.departure(departure)], stage)
        try await eventually("it has left", within: .seconds(5)) { try await conditions() == ["left"] }
        stage.mallory.mute(false)
        await stage.mallory.introduce(to: stage.targets)
        try await eventually("it is back", within: .seconds(5)) { try await conditions() == ["alive"] }
        _ = try await spread([.departure(departure)], stage)
        try await Task.sleep(for: .milliseconds(500))
        #expect(try await conditions() == ["alive"])
        return "it stays back"
    }

    static let cardsAtTheLimits = Attack(name: "cards at every limit, and beyond") { stage in
        let puppet = Identity.generate()
        let name = String(repeating: "ß", count: 32)
        let fits = Puppet.card(puppet, stage.mallory, name: name, version: 253_402_300_799_998)
        #expect(
            try await stage.victim.status(for: stage.mallory.signed(.introduce([.card(fits)]), for: stage.victim))
                == 200)
        var statuses: [Int] = []
        for bad in [
            Puppet.card(puppet, stage.mallory, name: name + "x"),
            Puppet.card(puppet, stage.mallory, name: "a\u{1B}[2Jb"),
            Puppet.card(puppet, stage.mallory, url: "http://" + String(repeating: "a", count: 194)),
            Puppet.card(puppet, stage.mallory, url: "http://a/\r\nSet-Cookie: x"),
            Puppet.card(puppet, stage.mallory, url: "javascript:alert(1)"),
            Puppet.card(puppet, stage.mallory, endpoints: []),
            Puppet.card(puppet, stage.mallory, endpoints: Array(repeating: stage.mallory.endpoint, count: 3)),
            Puppet.card(puppet, stage.mallory, share: ByteCount(-1)),
        ] {
            statuses.append(
                try await stage.victim.status(for: stage.mallory.signed(.introduce([.card(bad)]), for: stage.victim)))
        }
        #expect(statuses.allSatisfy { $0 == 400 })
        try await Puppet.dismiss([puppet], stage)
        return "taken at the limits; beyond: \(Set(statuses).sorted())"
    }

    static let versionsBeyond = Attack(name: "versions of 2^64 - 1 and beyond the year 9999") { stage in
        let puppet = Identity.generate()
        var statuses: [Int] = []
        for version in [UInt64.max, 253_402_300_800_000] {
            let news: [News] = [
                .card(Puppet.card(puppet, stage.mallory, version: version)),
                .status(stage.mallory.status(version: version)),
                .departure(
                    stage.mallory.identity.sign(
                        Departure(node: stage.mallory.identity.nodeID.short, version: version)
                    ).value),
            ]
            for item in news {
                statuses.append(
                    try await stage.victim.status(for: stage.mallory.signed(.introduce([item]), for: stage.victim)))
            }
        }
        #expect(Set(statuses) == [400])
        _ = stage.mallory.status()
        return "\(Set(statuses).sorted())"
    }

    static let endlessAllowance = Attack(name: "status that claims 2^63 bytes of allowance and disk, by four") {
        stage in
        let puppets = (0..<3).map { _ in Identity.generate() }
        let news = puppets.flatMap { puppet -> [News] in
            let status = Status(
                node: puppet.nodeID.short, version: future(0), remaining: QuarterPower(.max), load: 0,
                freeDisk: QuarterPower(.max))
            return [.card(Puppet.card(puppet, stage.mallory, share: .max)), .status(puppet.sign(status).value)]
        }
        let statuses = try await spread(news, stage)
        #expect(Set(statuses) == [200])
        // Whatever adds these up must not fall over them.
        let (posted, link) = try await stage.post("sums.bin", .mebibytes(1), seed: 41, replicas: 2)
        for target in stage.targets {
            _ = try await target.node.succeed(["peers"])
            _ = try await target.node.succeed(["status"])
        }
        _ = try await stage.founder.node.succeed(["show", link])
        try await Puppet.dismiss(puppets, stage)
        #expect(try await stage.isServed(link, posted.source))
        return "believed, since nobody can know better; the arithmetic holds"
    }

    static let newsFlood = Attack(name: "flood of 3,000 newer statuses and 200 newer cards") { stage in
        for _ in 0..<3_000 {
            let status = stage.mallory.status(remaining: .gigabytes(1))
            let envelope = Envelope(.probe(number: 60), news: [.status(status)])
            stage.mallory.send(try stage.mallory.seal(envelope, for: stage.victim), to: stage.victim)
        }
        for _ in 0..<200 {
            let card = stage.mallory.identity.sign(stage.mallory.card()).value
            _ = try await stage.victim.status(
                for: stage.mallory.signed(.introduce([.card(card)]), for: stage.victim))
        }
        try await staysComplete(stage)
        await stage.mallory.introduce(to: stage.targets)
        return "the members go on"
    }
}

/// Further members by the grace of Mallory, all of them herself.
enum Puppet {
    static func card(
        _ puppet: Identity, _ mallory: Mallory, name: String = "puppet", url: String? = nil,
        endpoints: [Endpoint]? = nil, version: UInt64? = nil, share: ByteCount = .gigabytes(1),
        certificate: Certificate? = nil, network: NodeID? = nil
    ) -> Card {
        let own = mallory.identity.sign(
            Certificate(
                subject: puppet.nodeID, issuer: mallory.identity.nodeID, network: mallory.joined.founder,
                issuedAt: Mallory.now))
        let draft = Card(
            nodeID: puppet.nodeID, agreementKey: puppet.agreementKey, network: network ?? mallory.joined.founder,
            version: version ?? mallory.nextVersion(), name: name, endpoints: endpoints ?? [mallory.endpoint],
            url: url ?? mallory.url, place: nil, share: share, certificate: certificate ?? own.value)
        return puppet.sign(draft).value
    }

    /// They leave, so that they are in nobody's way.
    static func dismiss(_ puppets: [Identity], _ stage: Stage) async throws {
        for target in stage.targets {
            for puppet in puppets {
                let departure = Departure(
                    node: puppet.nodeID.short, version: UInt64((Mallory.now + .seconds(120)).milliseconds))
                _ = try await target.status(
                    for: stage.mallory.signed(.introduce([.departure(puppet.sign(departure).value)]), for: target))
            }
        }
    }
}
