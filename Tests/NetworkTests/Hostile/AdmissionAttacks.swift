import Foundation
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// At the gate: an invite lets in whom it was made for, as often as it says.
enum AdmissionAttacks {
    static let all = [usedUp, expired, invented, anothersKey, replayedRequest, replayedAnswer]

    private static func join(_ body: [UInt8], by signer: Identity, at target: Target) -> [UInt8] {
        let path = PeerProtocol.prefix + PeerProtocol.joinName
        let fields = RequestSigner(identity: signer).fields(
            method: "POST", target: path, body: body, receiver: target.card.nodeID, run: target.run.name,
            at: Mallory.now)
        return HTTPText.request("POST", path, fields, length: body.count) + body
    }

    private static func statusOfJoining(_ invite: Invite, _ stage: Stage) async throws -> Int {
        let newcomer = Identity.generate()
        let body = JoinRequest(by: newcomer, invite: invite).wireBytes
        return try await stage.founder.status(for: join(body, by: newcomer, at: stage.founder))
    }

    static let usedUp = Attack(name: "invite that was used up") { stage in
        let invite = try Invite(try await stage.founder.node.succeed(["invite"]))
        let first = try await statusOfJoining(invite, stage)
        let second = try await statusOfJoining(invite, stage)
        #expect(first == 200 && second == 403)
        return "the first \(first), the second \(second)"
    }

    static let expired = Attack(name: "invite that has expired") { stage in
        let invite = try Invite(try await stage.founder.node.succeed(["invite", "--expires", "1s"]))
        try await Task.sleep(for: .milliseconds(2_100))
        let status = try await statusOfJoining(invite, stage)
        #expect(status == 403)
        return "\(status)"
    }

    static let invented = Attack(name: "invite that the inviter never made") { stage in
        let founder = stage.founder.card
        let invite = Invite(
            inviter: founder.nodeID, network: founder.nodeID, url: founder.url, expires: Mallory.now + .seconds(3_600))
        let status = try await statusOfJoining(invite, stage)
        #expect(status == 403)
        return "\(status)"
    }

    static let anothersKey = Attack(name: "joining in another's name") { stage in
        let invite = try Invite(try await stage.founder.node.succeed(["invite"]))
        let other = Identity.generate()
        let body = JoinRequest(by: other, invite: invite).wireBytes
        let status = try await stage.founder.status(for: join(body, by: .generate(), at: stage.founder))
        #expect(status == 403)
        return "\(status)"
    }

    static let replayedRequest = Attack(name: "join request replayed") { stage in
        let invite = try Invite(try await stage.founder.node.succeed(["invite", "--uses", "5"]))
        let newcomer = Identity.generate()
        let bytes = join(JoinRequest(by: newcomer, invite: invite).wireBytes, by: newcomer, at: stage.founder)
        let statuses = [
            try await stage.founder.status(for: bytes), try await stage.founder.status(for: bytes),
            try await stage.victim.status(for: bytes),
        ]
        #expect(statuses[0] == 200 && statuses[1] == 401 && statuses[2] == 421)
        return "200, then \(statuses[1]); at another node \(statuses[2])"
    }

    static let replayedAnswer = Attack(name: "a newcomer is given somebody else's join answer") { stage in
        let invite = try Invite(try await stage.founder.node.succeed(["invite"]))
        let body = JoinRequest(by: stage.mallory.identity, invite: invite).wireBytes
        let answer = HTTPText.body(
            of: try await stage.founder.answer(to: join(body, by: stage.mallory.identity, at: stage.founder)))
        stage.mallory.server.answer { _ in .whole(status: 200, body: answer) }
        defer { stage.mallory.bePolite() }
        let lure = Invite(
            inviter: invite.inviter, network: invite.network, url: stage.mallory.url, expires: invite.expires)
        let guest = try stage.network.guest("newcomer")
        let outcome = try await guest.run(["join", "\(lure)"] + guest.settings)
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("cannot be trusted"))
        return "the newcomer says: \(outcome.errors.trimmingCharacters(in: .newlines).suffix(160))"
    }
}
