import Membership
import Primitives
import Testing

@testable import Transport

@Suite struct InviteTests {
    let invite = Invite(
        inviter: identity(1).nodeID, network: identity(1).nodeID, url: "http://198.51.100.7:8080", expires: present)

    @Test func anInviteIsOneTokenThatReadsBack() throws {
        let elsewhere = Invite(
            inviter: identity(2).nodeID, network: identity(1).nodeID, url: "http://[2001:db8::1]:80", expires: present)
        for invite in [invite, elsewhere] {
            let text = invite.description
            #expect(text.hasPrefix("potluck1"))
            #expect(text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) })
            #expect(try Invite(text) == invite)
            #expect(try Invite(" \n\(text.prefix(40))\r\n\(text.dropFirst(40).uppercased())\n") == invite)
            #expect(try Invite(text).id == invite.id)
        }
        #expect(invite.id != elsewhere.id)
    }

    @Test func everyByteOfAnInviteCounts() {
        let text = invite.description
        for altered in tampered(Array(text.utf8)) {
            let changed = String(decoding: altered, as: UTF8.self)
            guard changed.lowercased() != text else { continue }
            #expect(throws: InviteError.self) { try Invite(changed) }
        }
    }

    @Test(arguments: [
        ("", InviteError.notAnInvite), ("hello", .notAnInvite), ("potluck", .notAnInvite),
        ("potluck2abcdef", .newerFormat), ("potluck1", .damaged), ("potluck1aaaa", .damaged),
        ("potluck1!!!", .damaged), ("potluck1" + String(repeating: "a", count: 5_000), .damaged),
    ])
    func whatIsNotAnInviteSaysSo(text: String, error: InviteError) {
        #expect(throws: error) { try Invite(text) }
    }
}

@Suite struct AdmissionTests {
    let club = Club()
    let inviter = identity(2)
    let newcomer = identity(3)

    private var invite: Invite {
        Invite(
            inviter: inviter.nodeID, network: club.founder.nodeID, url: "http://127.0.0.1:1",
            expires: present + .seconds(60))
    }
    private var table: [News] {
        [
            .status(club.status(inviter)), .card(club.card(inviter, by: club.founder)),
            .card(club.card(club.founder, by: nil)),
        ]
    }

    private func answer(_ request: JoinRequest, table: [News]? = nil, certificates: [Certificate] = []) throws
        -> JoinAnswer
    {
        try Admission.answer(
            request, by: inviter, network: club.founder.nodeID, networkKey: club.networkKey, table: table ?? self.table,
            certificates: certificates, seenAs: IPAddress("203.0.113.9"), at: present
        ).value
    }

    @Test func aNewcomerWithAnInviteGetsAllItNeeds() throws {
        let invite = invite
        let body = JoinRequest(by: newcomer, invite: invite).wireBytes
        let request = try Admission.check(body, signedBy: newcomer.nodeID, own: inviter.nodeID, isOpen: false)
        #expect(request.proof?.invite == invite.id)
        let answer = try JoinAnswer(wireBytes: answer(request).wireBytes)
        let joined = try Joined(answer, for: newcomer, inviter: inviter.nodeID, network: club.founder.nodeID)
        #expect(joined.networkKey == club.networkKey)
        #expect(joined.founder == club.founder.nodeID)
        #expect(joined.issuer == inviter.nodeID)
        #expect(joined.table.map(\.value) == table)
        #expect(joined.seenAs == IPAddress("203.0.113.9"))
        let directory = club.directory(knowing: [club.card(inviter, by: club.founder)])
        directory.learn([joined.certificate])
        #expect(directory.isAdmitted(newcomer.nodeID))
    }

    @Test func issuersWhoAreGoneAreProvenByTheirCertificates() throws {
        let gone = identity(7)
        let request = JoinRequest(by: newcomer, invite: nil)
        let byGone = club.card(inviter, by: gone)
        let answer = try answer(
            request, table: [.card(byGone)],
            certificates: [club.certificate(for: gone, by: club.founder), club.certificate(for: inviter, by: gone)])
        #expect(answer.certificates.map(\.subject) == [gone.nodeID])
        let joined = try Joined(answer, for: newcomer, inviter: nil, network: nil)
        #expect(joined.table.map(\.value) == [.card(byGone)])
        #expect(joined.certificates.map(\.value.subject) == [gone.nodeID])
    }

    @Test func aRequestIsRefusedForWhatIsWrongWithIt() throws {
        let own = inviter.nodeID
        func refusal(_ body: [UInt8], by signer: Identity, isOpen: Bool = false) -> AdmissionRefusal? {
            do throws(AdmissionRefusal) {
                _ = try Admission.check(body, signedBy: signer.nodeID, own: own, isOpen: isOpen)
                return nil
            } catch {
                return error
            }
        }
        let plain = JoinRequest(by: newcomer, invite: nil).wireBytes
        #expect(refusal(plain, by: newcomer) == .inviteNeeded)
        #expect(refusal(plain, by: newcomer, isOpen: true) == nil)
        #expect(refusal(plain, by: identity(8), isOpen: true) == .anotherSigner)
        #expect(refusal(JoinRequest(by: inviter, invite: nil).wireBytes, by: inviter, isOpen: true) == .itself)
        #expect(refusal([], by: newcomer) == .malformed(.truncated))
        #expect(refusal([9] + plain.dropFirst(), by: newcomer) == .malformed(.unknownVersion(9)))
        let invited = JoinRequest(by: newcomer, invite: invite).wireBytes
        for altered in tampered(invited) { #expect(refusal(altered, by: newcomer) != nil) }
        let forAnother = Invite(inviter: identity(9).nodeID, network: own, url: "http://127.0.0.1:1", expires: present)
        #expect(refusal(JoinRequest(by: newcomer, invite: forAnother).wireBytes, by: newcomer) == .badProof)
    }

    @Test(arguments: ["192.168.1.5:8080", "127.0.0.1:8080", "169.254.1.1:8080", "[fd00::1]:8080", "[::1]:8080"])
    func anAddressOfTheNewcomersOwnHouseIsRefusedWhereItIsNoUse(text: String) throws {
        let address = try #require(Endpoint(text))
        let good = try #require(Endpoint("9.9.9.9:8080"))
        let body = JoinRequest(by: newcomer, invite: invite, reachedAt: [good, address]).wireBytes
        func check(refusesPrivate: Bool, seenAs: String) throws(AdmissionRefusal) -> JoinRequest {
            try Admission.check(
                body, signedBy: newcomer.nodeID, own: inviter.nodeID, isOpen: true, refusesPrivate: refusesPrivate,
                seenAs: IPAddress(seenAs))
        }
        #expect(try check(refusesPrivate: false, seenAs: "9.9.9.9").reachedAt == [good, address])
        let refusal = AdmissionRefusal.privateAddress(address, seenAs: good.address)
        #expect(throws: refusal) { try check(refusesPrivate: true, seenAs: "9.9.9.9") }
        #expect(throws: AdmissionRefusal.privateAddress(address, seenAs: nil)) {
            try check(refusesPrivate: true, seenAs: "192.168.1.1")
        }
        #expect(refusal.status == 403)
        #expect(
            refusal.description
                == "Members cannot use \(address.address), the private address where the newcomer says that it is reached; start "
                + "it with --url and one that they can use, such as http://9.9.9.9:8080.")
    }

    @Test func moreAddressesThanACardHasAreNotRead() throws {
        let many = try Array(repeating: #require(Endpoint("9.9.9.9:8080")), count: JoinRequest.addressLimit + 1)
        let body = JoinRequest(by: newcomer, invite: nil, reachedAt: many).wireBytes
        #expect(throws: AdmissionRefusal.self) {
            try Admission.check(body, signedBy: newcomer.nodeID, own: inviter.nodeID, isOpen: true)
        }
        #expect(throws: Never.self) {
            try JoinRequest(wireBytes: JoinRequest(by: newcomer, invite: nil, reachedAt: many.dropLast()).wireBytes)
        }
    }

    @Test func everyByteOfAnAnswerCounts() throws {
        let bytes = try answer(JoinRequest(by: newcomer, invite: nil)).wireBytes
        for altered in tampered(bytes) {
            guard let answer = try? JoinAnswer(wireBytes: altered) else { continue }
            #expect(throws: JoinFailure.self) {
                try Joined(answer, for: newcomer, inviter: inviter.nodeID, network: club.founder.nodeID)
            }
        }
    }

    @Test func anAnswerOfAnotherNodeIsNotTrusted() throws {
        let answer = try answer(JoinRequest(by: newcomer, invite: nil))
        #expect(throws: JoinFailure.self) {
            try Joined(answer, for: newcomer, inviter: identity(9).nodeID, network: club.founder.nodeID)
        }
        #expect(throws: JoinFailure.self) {
            try Joined(answer, for: newcomer, inviter: inviter.nodeID, network: identity(9).nodeID)
        }
        #expect(throws: JoinFailure.self) { try Joined(answer, for: identity(9), inviter: nil, network: nil) }
        // Whoever issued it must lead to the founder.
        let baseless = try self.answer(JoinRequest(by: newcomer, invite: nil), table: [])
        #expect(throws: JoinFailure.untrusted("its certificate does not lead to the network's founder")) {
            try Joined(baseless, for: newcomer, inviter: nil, network: nil)
        }
    }

    @Test func anAgreementKeyWithoutSecretsIsRefused() throws {
        var writer = WireWriter()
        writer.write(2 as UInt8)
        writer.write(newcomer.nodeID)
        writer.write(Bytes32.zero)
        writer.write(false)
        writer.write(list: [Endpoint]())
        let request = try Admission.check(writer.bytes, signedBy: newcomer.nodeID, own: inviter.nodeID, isOpen: true)
        #expect(throws: AdmissionRefusal.badAgreementKey) { try answer(request) }
    }

    @Test func theAddressInAnAnswerHasOneSpelling() throws {
        let answer = try Admission.answer(
            JoinRequest(by: identity(2), invite: nil), by: club.founder, network: club.founder.nodeID,
            networkKey: club.networkKey, table: [], certificates: [], seenAs: IPAddress("2001:db8::1"), at: present
        ).value
        let text = Array("2001:db8::1".utf8)
        let bytes = answer.wireBytes
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: text) })
        for spelling in ["2001:DB8::1", "2001:db8:0::1", "::ffff:1.2.3.4"] {
            let other =
                bytes[..<(start - 1)] + [UInt8(spelling.utf8.count)] + spelling.utf8 + bytes[(start + text.count)...]
            #expect(throws: WireError.malformed("an address that is not one")) { try JoinAnswer(wireBytes: other) }
        }
        #expect(try JoinAnswer(wireBytes: bytes) == answer)
    }
}
