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
