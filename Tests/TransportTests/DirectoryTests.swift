import Catalogue
import Membership
import Primitives
import Testing

@testable import Transport

@Suite struct DirectoryTests {
    let club = Club()
    let members = (2...9).map { identity($0) }

    /// Each admitted by the one before, the first by the founder.
    var chain: [Card] {
        members.indices.map { club.card(members[$0], by: $0 == 0 ? club.founder : members[$0 - 1]) }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func aTableInAnyOrderVerifiesWhole(seed: UInt64) {
        var generator = Generator(seed: seed)
        let table =
            ([club.card(club.founder, by: nil)] + chain).map(News.card) + members.map { .status(club.status($0)) }
        let shuffled = table.shuffled(using: &generator)
        let directory = Directory(founder: club.founder.nodeID)
        #expect(directory.verifying(shuffled).map(\.value) == shuffled)
        #expect(directory.rejections == 0)
        #expect(directory.certificates.map(\.subject) == members.map(\.nodeID).sorted())
    }

    @Test func whatAStrangerSaysIsDroppedAndTheRestIsKept() throws {
        let stranger = identity(100)
        let directory = Directory(founder: club.founder.nodeID)
        let good = News.card(chain[0])
        #expect(directory.verifying([.status(club.status(stranger)), good]).map(\.value) == [good])
        #expect(directory.rejections == 1)
        #expect(throws: VerificationError.unknownSigner(.member(stranger.nodeID.short))) {
            try directory.verify(News.status(club.status(stranger)))
        }
    }

    /// By members, by strangers, and altered ones; whether each holds.
    private func announcements(_ generator: inout Generator, _ count: Int) -> [(Announcement, holds: Bool)] {
        let strangers = (100...103).map { identity($0) }
        return (0..<count).map { number in
            let isMember = Bool.random(using: &generator)
            let holder = (isMember ? members : strangers).randomElement(using: &generator) ?? members[0]
            let file = FileID(Bytes32(UInt64(number), 1, 2, 3))
            let draft = Announcement(file: file, holder: holder.nodeID, version: 1, state: .complete)
            let signed = holder.sign(draft).value
            guard Bool.random(using: &generator) else { return (signed, isMember) }
            // The signature is one on something else.
            let altered = Announcement(
                file: file, holder: holder.nodeID, version: 2, state: .gone, signature: signed.signature)
            return (altered, false)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func ofAListWhatHoldsIsSiftedOutInItsOrder(seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let directory = club.directory(knowing: chain)
        let told = announcements(&generator, 40)
        let sifted = try directory.sifting(CatalogueRequest.announce(told.map(\.0), [], []))
        #expect(sifted.value == .announce(told.filter(\.holds).map(\.0), [], []))
        #expect(directory.rejections == told.count { !$0.holds })
        // Nothing that holds is lost, and nothing is counted, where everything holds.
        let again = try directory.sifting(sifted.value)
        #expect(again.value == sifted.value)
        #expect(directory.rejections == told.count { !$0.holds })
    }

    @Test func ofSeveralListsEachLosesItsOwn() throws {
        var generator = Generator(seed: 1)
        let directory = club.directory(knowing: chain)
        let (good, stranger) = (members[0], identity(100))
        func posting(_ publisher: Identity, _ number: UInt64) throws -> Posting {
            let draft = Posting(
                file: FileID(Bytes32(number, 0, 0, 0)), publisher: publisher.nodeID, length: .kibibytes(1), name: "a",
                mediaType: "text/plain", sha256: .zero, audience: .network, replicas: 1,
                postedAt: WallTime(milliseconds: 1), expires: nil, sequence: 1)
            return publisher.sign(try #require(draft)).value
        }
        let postings = try [posting(stranger, 1), posting(good, 2), posting(stranger, 3), posting(good, 4)]
        let withdrawals = postings.map { posting in
            let draft = Withdrawal(of: posting, at: WallTime(milliseconds: 2))
            return (posting.publisher == good.nodeID ? good : stranger).sign(draft).value
        }
        let told = announcements(&generator, 10)
        let answer = CatalogueAnswer.found(postings, told.map(\.0), withdrawals)
        #expect(
            try directory.sifting(answer).value
                == .found(
                    [postings[1], postings[3]], told.filter(\.holds).map(\.0), [withdrawals[1], withdrawals[3]]))
        #expect(directory.rejections == 4 + told.count { !$0.holds })
    }

    @Test func whatCannotDoWithoutAStatementIsRefusedWhole() throws {
        let directory = club.directory(knowing: chain)
        let stranger = identity(100)
        let draft = Posting(
            file: FileID(.zero), publisher: stranger.nodeID, length: .kibibytes(1), name: "a", mediaType: "text/plain",
            sha256: .zero, audience: .network, replicas: 1, postedAt: WallTime(milliseconds: 1), expires: nil,
            sequence: 1)
        let posting = stranger.sign(try #require(draft)).value
        let offer = CatalogueRequest.offer(Offer(posting: posting, holders: [], group: []))
        #expect(throws: VerificationError.unknownSigner(.node(stranger.nodeID))) { try directory.sifting(offer) }
        #expect(directory.rejections == 1)
        // Nothing to verify is nothing to refuse.
        #expect(try directory.sifting(CatalogueRequest.lookUp(FileID(.zero))).value == .lookUp(FileID(.zero)))
    }

    @Test func aCardWithoutAChainToTheFounderIsRefused() {
        let directory = Directory(founder: club.founder.nodeID)
        let stranger = identity(100)
        let outsider = identity(101)
        let unsupported = club.card(outsider, by: stranger)
        #expect(throws: VerificationError.uncertified(outsider.nodeID)) {
            try directory.verify(News.card(unsupported))
        }
        var borrowed = chain[0]
        borrowed.nodeID = outsider.nodeID
        #expect(throws: VerificationError.uncertified(outsider.nodeID)) { try directory.verify(News.card(borrowed)) }
        var elsewhere = chain[0]
        elsewhere.network = stranger.nodeID
        #expect(throws: VerificationError.otherNetwork(stranger.nodeID)) { try directory.verify(News.card(elsewhere)) }
        #expect(directory.certificates.isEmpty)
    }

    @Test func everyByteOfACardCounts() {
        let bytes = chain[0].wireBytes
        let directory = club.directory(knowing: [])
        for altered in tampered(bytes) {
            guard let card = try? Card(wireBytes: altered) else { continue }
            #expect(throws: VerificationError.self) { try directory.verify(News.card(card)) }
        }
    }

    @Test func aStatementAlteredAfterItWasBelievedIsNotBelieved() throws {
        let directory = club.directory(knowing: [chain[0]])
        let status = club.status(members[0])
        for _ in 0..<2 { #expect(try directory.verify(News.status(status)).value == .status(status)) }
        var altered = status
        altered.load = 3
        #expect(throws: VerificationError.badSignature(.member(members[0].nodeID.short))) {
            try directory.verify(News.status(altered))
        }
    }

    @Test func aForgottenMembersWordsStillVerify() throws {
        let directory = club.directory(knowing: [chain[0]])
        let id = members[0].nodeID
        #expect(directory.card(of: id) == chain[0])
        directory.forget(id)
        #expect(directory.card(of: id) == nil)
        #expect(directory.isAdmitted(id))
        #expect(try directory.verify(News.card(chain[1])).value == .card(chain[1]))
    }

    @Test func enteringAnotherNetworkForgetsTheOld() {
        let directory = club.directory(knowing: chain)
        let other = identity(200)
        directory.enter(network: other.nodeID)
        #expect(directory.founder == other.nodeID)
        #expect(directory.certificates.isEmpty)
        #expect(!directory.isAdmitted(club.founder.nodeID))
        #expect(directory.card(of: members[0].nodeID) == nil)
        for verified in Directory(founder: club.founder.nodeID).verifying([.card(chain[0])]) {
            directory.learn(verified.part { _ in chain[0] })
        }
        #expect(directory.card(of: members[0].nodeID) == nil)
        #expect(!directory.isAdmitted(members[0].nodeID))
    }

    @Test func certificatesOfMembersGoneAreLearntInAnyOrder() throws {
        let directory = Directory(founder: club.founder.nodeID)
        directory.learn(chain.compactMap(\.certificate).reversed())
        #expect(members.allSatisfy { directory.isAdmitted($0.nodeID) })
        #expect(directory.nodeID(of: members[3].nodeID.short) == members[3].nodeID)
    }

    @Test func identitiesComeBackFromTheirSecrets() {
        let fresh = Identity.generate()
        let again = Identity(signingSecret: fresh.signingSecret, agreementSecret: fresh.agreementSecret)
        #expect(again.nodeID == fresh.nodeID)
        #expect(again.agreementKey == fresh.agreementKey)
        #expect(Identity.generate().nodeID != fresh.nodeID)
    }
}
