import Crypto
import Foundation
import Membership
import Primitives
import RawStructuredFieldValues
import Testing

@testable import Transport

/// RFC 9421, appendix B.2.6: a request signed with Ed25519, and the key it was signed with.
@Suite struct WorkedExampleTests {
    private let head = RequestHead(
        method: "POST", target: "/foo?param=Value&Pet=dog",
        fields: [
            HeaderField(name: "Host", value: "example.com"),
            HeaderField(name: "Date", value: "Tue, 20 Apr 2021 02:07:55 GMT"),
            HeaderField(name: "Content-Type", value: "application/json"),
            HeaderField(name: "Content-Length", value: "18"),
        ])
    private let input =
        #"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")"#
        + #";created=1618884473;keyid="test-key-ed25519""#

    private func base() throws -> SignatureBase {
        var parser = StructuredFieldValueParser(Array(input.utf8))
        guard case .innerList(let list)? = try parser.parseDictionaryFieldValue()["sig-b26"] else {
            throw VerificationError.directoryFull
        }
        return try #require(SignatureBase(head, covering: list))
    }

    @Test func theSignatureBaseIsThatOfTheRFC() throws {
        let expected = """
            "date": Tue, 20 Apr 2021 02:07:55 GMT
            "@method": POST
            "@path": /foo
            "@authority": example.com
            "content-type": application/json
            "content-length": 18
            "@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
            ;created=1618884473;keyid="test-key-ed25519"
            """
        #expect(String(decoding: try base().bytes, as: UTF8.self) == expected)
    }

    @Test func theSignatureIsThatOfTheRFC() throws {
        let secret = try #require(Data(base64Encoded: "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU="))
        let published = try #require(Data(base64Encoded: "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="))
        let signature = try #require(
            Data(
                base64Encoded:
                    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: secret)
        #expect(key.publicKey.rawRepresentation == published)
        let signer = Identity(signingSecret: try #require(Bytes32(secret)), agreementSecret: Bytes32(1, 2, 3, 4))
        #expect(Data(signer.sign(bytes: try base().bytes).array) == signature)
        #expect(try #require(Signature(signature)).isValid(for: try base().bytes, by: signer.nodeID))
    }
}

@Suite struct RequestVerifierTests {
    let club = Club()
    let asker = identity(2)
    let receiver = identity(3)
    let target = "/peer/v1/look-up?x=1"
    let body: [UInt8] = Array("what do you know?".utf8)

    private func verifier() -> RequestVerifier {
        let directory = club.directory(knowing: [club.card(asker, by: club.founder)])
        return RequestVerifier(own: receiver.nodeID, directory: directory)
    }

    private func head(
        of signer: Identity, body: [UInt8]? = nil, to receiver: NodeID? = nil, anyone: Bool = false,
        at time: WallTime = present
    ) -> RequestHead {
        let receiver = anyone ? nil : receiver ?? self.receiver.nodeID
        let fields = RequestSigner(identity: signer).fields(
            method: "POST", target: target, body: body, receiver: receiver, at: time)
        return RequestHead(method: "POST", target: target, fields: fields)
    }

    @Test func aMembersRequestIsTakenOnce() throws {
        let verifier = verifier()
        let head = head(of: asker, body: body)
        let signed = try verifier.verify(head, from: .members, at: present)
        #expect(signed.signer == asker.nodeID)
        #expect(signed.covers(body))
        #expect(!signed.covers(body + [0]))
        #expect(!signed.covers([]))
        #expect(throws: RequestRefusal.replayed) { try verifier.verify(head, from: .members, at: present) }
    }

    /// A recording of the run before, and of a signer whose clock is ahead, are refused for as long as they could
    /// count.
    @Test(arguments: [-60, -1, 0, 1, 30, 60]) func whatWasSignedForAnEarlierRunIsRefused(ahead: Int) throws {
        let directory = club.directory(knowing: [club.card(asker, by: club.founder)])
        func verifier(from start: WallTime) -> RequestVerifier {
            RequestVerifier(own: receiver.nodeID, directory: directory, run: RequestRun(startedAt: start))
        }
        func head(run: String?) -> RequestHead {
            let fields = RequestSigner(identity: asker).fields(
                method: "POST", target: target, body: body, receiver: receiver.nodeID, run: run,
                at: present + .seconds(ahead))
            return RequestHead(method: "POST", target: target, fields: fields)
        }
        let before = verifier(from: present + .seconds(-1_000))
        let earlier = try #require(before.run).name
        let recorded = [head(run: nil), head(run: earlier)]
        for head in recorded {
            #expect(try before.verify(head, from: .members, at: present).signer == asker.nodeID)
        }
        let after = verifier(from: present)
        let own = try #require(after.run).name
        #expect(own != earlier && RequestRun.isName(own) && RequestRefusal.anotherRun.status == 401)
        for second in 0...300 {
            for head in recorded {
                #expect(throws: RequestRefusal.self) {
                    try after.verify(head, from: .members, at: present + .seconds(second))
                }
            }
        }
        // Signed anew it counts at once, and once.
        let anew = head(run: own)
        #expect(try after.verify(anew, from: .members, at: present).signer == asker.nodeID)
        #expect(throws: RequestRefusal.replayed) { try after.verify(anew, from: .members, at: present) }
    }

    @Test func theRunHasToBeNamedForTwoMinutesAndAfterTheClockWasSetBack() throws {
        let directory = club.directory(knowing: [club.card(asker, by: club.founder)])
        let run = RequestRun(startedAt: present)
        let verifier = RequestVerifier(own: receiver.nodeID, directory: directory, run: run)
        for (seconds, holds) in [(-3_600, false), (-1, false), (0, false), (120, false), (121, true), (9_999, true)] {
            let now = present + .seconds(seconds)
            let nameless = head(of: asker, at: now)
            #expect(((try? verifier.verify(nameless, from: .members, at: now)) != nil) == holds, "\(seconds)")
        }
        var renamed = head(of: asker)
        renamed.fields.append(HeaderField(name: "potluck-run", value: run.name))
        #expect(throws: RequestRefusal.malformed) { try verifier.verify(renamed, from: .members, at: present) }
    }

    @Test func aNameOfARunIsNothingElse() {
        for text in ["", "x", String(repeating: "a", count: 27), "abc\r\nX: y", String(repeating: "=", count: 26)] {
            #expect(!RequestRun.isName(text))
        }
        #expect(RequestRun.isName(RequestRun(startedAt: present).name))
    }

    @Test func oneMembersFloodLeavesRoomForTheOthers() throws {
        var memory = NonceMemory(limit: 40, limitPerSigner: 10)
        var taken = 0
        for number in 0..<1_000 as Range<UInt16> {
            let nonce = [UInt8(number >> 8), UInt8(number & 255)]
            let minute = present + .seconds(Int(number % 3) * 60 - 60)
            if (try? memory.accept(nonce, of: asker.nodeID, created: minute, at: present)) != nil { taken += 1 }
        }
        #expect(taken == 30)
        #expect(throws: Never.self) { try memory.accept([1], of: receiver.nodeID, created: present, at: present) }
        let members = NonceMemory.members
        #expect(members.limit >= 4 * members.limitPerSigner)
    }

    @Test func withoutADigestThereIsNoBody() throws {
        let signed = try verifier().verify(head(of: asker), from: .members, at: present)
        #expect(signed.covers([]))
        #expect(!signed.covers([1]))
    }

    @Test func everyByteOfARequestCounts() throws {
        let verifier = verifier()
        let head = head(of: asker, body: body)
        func refused(_ change: (inout RequestHead) -> Void) -> Bool {
            var altered = head
            change(&altered)
            return (try? verifier.verify(altered, from: .members, at: present)) == nil
        }
        func alterations(of text: String) -> [String] {
            tampered(Array(text.utf8)).compactMap { String(validating: $0, as: UTF8.self) }
        }
        for method in alterations(of: head.method) { #expect(refused { $0.method = method }) }
        for target in alterations(of: head.target) { #expect(refused { $0.target = target }) }
        for (index, field) in head.fields.enumerated() {
            for value in alterations(of: field.value) {
                #expect(refused { $0.fields[index].value = value }, "\(value)")
            }
            #expect(refused { $0.fields.remove(at: index) })
            #expect(refused { $0.fields.append(field) })
        }
        #expect(try verifier.verify(head, from: .members, at: present).signer == asker.nodeID)
    }

    @Test func aRequestForAnotherNodeIsRefused() {
        #expect(throws: RequestRefusal.anotherReceiver) {
            try verifier().verify(head(of: asker, to: club.founder.nodeID), from: .members, at: present)
        }
        #expect(throws: RequestRefusal.anotherReceiver) {
            try verifier().verify(head(of: asker, anyone: true), from: .members, at: present)
        }
    }

    @Test(arguments: [(-61, false), (-60, true), (0, true), (60, true), (61, false)])
    func aRequestHoldsForAMinuteEitherWay(seconds: Int, holds: Bool) {
        let made = present + .seconds(seconds)
        #expect(((try? verifier().verify(head(of: asker, at: made), from: .members, at: present)) != nil) == holds)
    }

    @Test func strangersMayOnlyAskToJoin() throws {
        let stranger = identity(50)
        #expect(throws: RequestRefusal.stranger) {
            try verifier().verify(head(of: stranger), from: .members, at: present)
        }
        let door = verifier()
        let knock = head(of: stranger, body: body, anyone: true)
        #expect(try door.verify(knock, from: .anyone, at: present).signer == stranger.nodeID)
        #expect(throws: RequestRefusal.replayed) { try door.verify(knock, from: .anyone, at: present) }
    }

    @Test func oneStrangerCannotUseUpTheMemory() throws {
        let verifier = verifier()
        let stranger = identity(50)
        for _ in 0..<NonceMemory.strangers.limitPerSigner {
            _ = try verifier.verify(head(of: stranger), from: .anyone, at: present)
        }
        #expect(throws: RequestRefusal.tooMany(pause: .seconds(40))) {
            try verifier.verify(head(of: stranger), from: .anyone, at: present)
        }
        #expect(throws: Never.self) { try verifier.verify(head(of: asker), from: .members, at: present) }
        let later = present + .seconds(180)
        #expect(throws: Never.self) { try verifier.verify(head(of: stranger, at: later), from: .anyone, at: later) }
    }

    @Test(arguments: [
        "", "potluck", "potluck=1", "potluck=()", "potluck=(\"@method\")", "other=(\"@method\")", "potluck=(",
        "potluck=(\"@method\" \"@method\");created=1", String(repeating: "(", count: 5_000),
        #"potluck=("@method" "@path" "@query" "potluck-receiver");created=-1;nonce="";keyid="";alg="ed25519""#,
        #"potluck=("@method" "@path" "@query" "potluck-receiver");created=9999999999999;nonce="";keyid="";alg="x""#,
    ])
    func aSignatureInAnotherFormIsRefused(input: String) {
        var head = head(of: asker)
        head.fields.removeAll { $0.name == "signature-input" }
        head.fields.append(HeaderField(name: "Signature-Input", value: input))
        #expect(throws: RequestRefusal.malformed) { try verifier().verify(head, from: .members, at: present) }
        head.fields.removeAll { $0.name == "Signature-Input" }
        #expect(throws: RequestRefusal.unsigned) { try verifier().verify(head, from: .members, at: present) }
    }

    @Test func signaturesThatDoNotHoldAreCheckedOnlySoOftenForOnePrefix() throws {
        let verifier = verifier()
        let (bad, good) = (try #require(AddressRange("192.0.2.0/24")), try #require(AddressRange("198.51.100.0/24")))
        var forged = head(of: asker)
        forged.target += "&y=2"
        for _ in 0..<FailedChecks.limit {
            #expect(throws: RequestRefusal.badSignature) {
                try verifier.verify(forged, from: .members, in: bad, at: present)
            }
        }
        for signers in [RequestVerifier.Signers.members, .anyone] {
            #expect(throws: RequestRefusal.tooManyBad(pause: .seconds(40))) {
                try verifier.verify(forged, from: signers, in: bad, at: present)
            }
        }
        // Nobody knows without looking: what is right has to wait, too.
        let right = head(of: asker)
        #expect(throws: RequestRefusal.tooManyBad(pause: .seconds(40))) {
            try verifier.verify(right, from: .members, in: bad, at: present)
        }
        #expect(try verifier.verify(right, from: .members, in: good, at: present).signer == asker.nodeID)
        let later = present + .seconds(60)
        let anew = head(of: asker, at: later)
        #expect(try verifier.verify(anew, from: .members, in: bad, at: later).signer == asker.nodeID)
    }

    @Test func whatWasMadeBeforeCostsNoCheckAndNobodysBudget() throws {
        let verifier = verifier()
        let prefix = try #require(AddressRange("192.0.2.0/24"))
        let once = head(of: asker)
        _ = try verifier.verify(once, from: .members, in: prefix, at: present)
        for _ in 0..<2 * Int(FailedChecks.limit) {
            #expect(throws: RequestRefusal.replayed) {
                try verifier.verify(once, from: .members, in: prefix, at: present)
            }
        }
        #expect(throws: Never.self) { try verifier.verify(head(of: asker), from: .members, in: prefix, at: present) }
    }

    @Test func aFloodOfPrefixesKeepsFewOthersWaiting() throws {
        var checks = FailedChecks()
        func prefix(_ number: UInt32) throws -> AddressRange {
            try #require(AddressRange(.v4(number << 8), prefixLength: 24))
        }
        for number in 0..<1000 as Range<UInt32> {
            for _ in 0..<FailedChecks.limit { checks.note(try prefix(number), at: present) }
        }
        var refused = 0
        for number in 1000..<11_000 as Range<UInt32> {
            let prefix = try prefix(number)
            if (try? checks.check(prefix, at: present)) == nil { refused += 1 }
        }
        // (1 - (1 - 1/4096)^1000)^4 = 0.2 %.
        #expect(refused < 100)
    }

    @Test func whoIsToWaitIsToldUntilTheNextMinute() throws {
        let start = present + .seconds(40)
        for (milliseconds, pause) in [(0, 60_000), (1, 59_999), (59_999, 1), (60_000, 60_000)] as [(Int64, Int64)] {
            let now = start + .milliseconds(milliseconds)
            var checks = FailedChecks()
            let prefix = try #require(AddressRange("192.0.2.0/24"))
            for _ in 0..<FailedChecks.limit { checks.note(prefix, at: now) }
            #expect(throws: RequestRefusal.tooManyBad(pause: .milliseconds(pause))) {
                try checks.check(prefix, at: now)
            }
            #expect(throws: Never.self) { try checks.check(prefix, at: now + .milliseconds(pause)) }
            // The signer's own clock tells when its next minute begins.
            var memory = NonceMemory(limit: 1, limitPerSigner: 1)
            try memory.accept([1], of: asker.nodeID, created: now, at: present)
            let refusal = RequestRefusal.tooMany(pause: .milliseconds(pause))
            #expect(throws: refusal) { try memory.check([2], of: asker.nodeID, created: now) }
            #expect(throws: refusal) { try memory.accept([2], of: asker.nodeID, created: now, at: present) }
            #expect(refusal.status == 429 && refusal.pause == .milliseconds(pause))
        }
        #expect(RequestRefusal.replayed.pause == nil)
    }

    @Test func noncesOfMinutesLongPastAreForgotten() throws {
        var memory = NonceMemory(limit: 2, limitPerSigner: 2)
        let signer = asker.nodeID
        try memory.accept([1], of: signer, created: present, at: present)
        try memory.accept([2], of: signer, created: present, at: present)
        #expect(throws: RequestRefusal.tooMany(pause: .seconds(40))) {
            try memory.accept([3], of: signer, created: present, at: present)
        }
        let later = present + .seconds(240)
        #expect(throws: Never.self) { try memory.accept([1], of: signer, created: later, at: later) }
        #expect(throws: RequestRefusal.replayed) { try memory.accept([1], of: signer, created: later, at: later) }
    }
}
