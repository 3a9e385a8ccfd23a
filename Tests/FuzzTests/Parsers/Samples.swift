import Catalogue
import Foundation
import Membership
import Overlay
@_spi(Verification) import Primitives

@testable import Transport

/// Small honest values of every kind that travels: what nonsense is made from.
enum Samples {
    static let now = WallTime(milliseconds: 1_790_000_000_000)
    static let founder = identity(1)
    static let member = identity(2)
    static let stranger = identity(3)
    static let networkKey = Bytes32(9, 9, 9, 9)
    static let file = FileID(Bytes32(1, 2, 3, 4))

    /// A key of its own for each number, the same in every run.
    static func identity(_ number: UInt64) -> Identity {
        Identity(signingSecret: Bytes32(number, 1, 2, 3), agreementSecret: Bytes32(number, 4, 5, 6))
    }

    static let certificate = founder.sign(
        Certificate(subject: member.nodeID, issuer: founder.nodeID, network: founder.nodeID, issuedAt: now)
    ).value

    static func card(_ identity: Identity, certificate: Certificate?, endpoints: String...) -> Card {
        identity.sign(
            Card(
                nodeID: identity.nodeID, agreementKey: identity.agreementKey, network: founder.nodeID, version: 7,
                name: "küche", endpoints: endpoints.compactMap { Endpoint($0) }, url: "http://192.0.2.1:8080",
                place: Place(latitude: 52.5, longitude: 13.4), share: .gigabytes(8), certificate: certificate)
        ).value
    }

    static let founderCard = card(founder, certificate: nil, endpoints: "192.0.2.1:8080")
    static let memberCard = card(member, certificate: certificate, endpoints: "192.0.2.2:8080", "[2001:db8::2]:8080")

    static let status = member.sign(
        Status(
            node: member.nodeID.short, version: 9, remaining: QuarterPower(.gigabytes(1)), load: 1,
            freeDisk: QuarterPower(.gigabytes(2)), coordinate: Coordinate(x: 1, y: -2, z: 3, height: 4, error: 5))
    ).value
    static let verdict = founder.sign(
        Verdict(subject: member.nodeID.short, issuer: founder.nodeID.short, version: 9)
    ).value
    static let departure = member.sign(Departure(node: member.nodeID.short, version: 10)).value
    static let news: [News] = [
        .card(founderCard), .card(memberCard), .status(status), .verdict(verdict), .departure(departure),
    ]

    static let pulse = Pulse(
        number: 5, interval: .seconds(60), carriage: Carriage(epoch: 3, after: 4, through: 9),
        acknowledgement: Cursor(epoch: 1, position: 2), hasMore: true, mentions: [6, 7], wants: [8],
        minute: 29_000_000, quietHash: 99, coordinate: Coordinate(x: 6, y: 7, z: -8, height: 9, error: 10))
    static let messages: [Message] = [
        .pulse(pulse), .pulseReply(pulse), .probe(number: 1), .probeReply(number: 2), .indirectFailure(number: 8),
        .indirectProbe(number: 3, target: member.nodeID.short), .indirectReply(number: 4),
        .suspicion(number: 5, version: 6), .buckets(minute: 7, hashes: Array(repeating: 8, count: 256)),
        .rows(RowDigests(minute: 8, buckets: BucketSet(), rows: [.init(id: 1, hash: 2)], isQuestion: true)), .tidings,
    ]

    static func posting(
        length: ByteCount = .megabytes(1), audience: Audience = .network, expires: WallTime? = nil
    ) -> Posting {
        guard
            let draft = Posting(
                file: file, publisher: founder.nodeID, length: length, name: "film.mp4", mediaType: "video/mp4",
                sha256: .zero, audience: audience, replicas: 3, postedAt: now, expires: expires, sequence: 4)
        else { preconditionFailure("a posting within its limits") }
        return founder.sign(draft).value
    }

    static let postings = [
        posting(), posting(length: .zero), posting(audience: .named([founder.nodeID, member.nodeID].sorted())),
        posting(expires: now + .seconds(3600)),
    ]
    static let manifest = Manifest(posting: postings[0], pieces: Array(repeating: Bytes32(1, 2, 3, 4), count: 4))
    static let announcement = member.sign(
        Announcement(file: file, holder: member.nodeID, version: 3, state: .filling)
    ).value
    static let withdrawal = founder.sign(Withdrawal(of: postings[3], at: now)).value
    static let offer = Offer(
        posting: postings[0], holders: [founder.nodeID], group: [founder.nodeID, member.nodeID])

    static var bitfield: Bitfield {
        var field = Bitfield(count: 70)
        field.insert(3..<67)
        return field
    }

    static let catalogueRequests: [CatalogueRequest] = [
        .announce([announcement, announcement], postings, [withdrawal]), .confirm([file]), .lookUp(file), .offer(offer),
        .manifest(file), .pieces(file),
    ]
    static let catalogueAnswers: [CatalogueAnswer] = [
        .noted, .found(postings, [announcement], [withdrawal]), .withdrawn([withdrawal]),
        .confirmed(postings, [withdrawal], unknown: [file]), .unknown, .accepted, .declined(.policy),
        .manifest(manifest),
        .pieces(bitfield),
    ]
    static let requests: [PeerRequest] =
        catalogueRequests.map(PeerRequest.catalogue) + [
            .introduce(news), .introduce(news, wantsTable: false),
            .prove(nonce: .zero, by: memberCard), .callBack(memberCard),
        ]
    static let answers: [PeerAnswer] =
        catalogueAnswers.map(PeerAnswer.catalogue) + [
            .table(news), .proof(member.sign(AddressProof(node: member.nodeID, nonce: .zero, url: "http://a")).value),
            .reached(Reached(url: .silent, endpoints: [Reached.Door(Endpoint(address: .v4(1), port: 2), .answered)])),
            .reached(Reached(url: .untried, endpoints: [], newer: memberCard)),
        ]

    static let invite = Invite(
        inviter: founder.nodeID, network: founder.nodeID, url: "http://192.0.2.1:8080", expires: now)
    static let joinRequests = [
        JoinRequest(by: member, invite: nil), JoinRequest(by: member, invite: invite),
        JoinRequest(
            by: member, invite: invite,
            reachedAt: [
                Endpoint(address: .v4(0x0909_0909), port: 80),
                Endpoint(address: .v6(high: 0x2A00 << 48, low: 1), port: 9),
            ]),
    ]
    static let joinAnswers: [JoinAnswer] = joinRequests.compactMap { request in
        try? Admission.answer(
            request, by: founder, network: founder.nodeID, networkKey: networkKey, table: news,
            certificates: [certificate], seenAs: IPAddress("192.0.2.2"), at: now
        ).value
    }

    static var directory: Directory {
        let directory = Directory(founder: founder.nodeID)
        for card in [founderCard, memberCard] { directory.learn(Verified(checked: card)) }
        return directory
    }
}
