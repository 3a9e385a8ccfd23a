import Catalogue
import Console
import Foundation
import Logging
import Membership
import Overlay
@_spi(Verification) import Primitives
import Storage
import Testing
import Transport

@testable import Runtime

/// Leaving a network, and being killed while at it.
@Suite struct LeavingTests {
    /// A node that does not run, and was the founder of a network with one other member.
    private struct Founder {
        let data: DataDirectory
        let identity: Identity
        let membership: NetworkMembership

        var database: Storage.Database { get throws { try Storage.Database(at: data.databasePath) } }
        var folder: PieceFolder { get throws { try PieceFolder(at: data.filesPath) } }
        var names: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: data.path).filter { $0.hasPrefix("identity") }
                    .sorted()
            }
        }
        var oldName: String { "identity.key.old-\(identity.nodeID.short)" }
        /// Who it is now, as a start finds out.
        var found: Identity { get throws { try Node.identity(in: data, database) } }

        func hold(_ content: [UInt8], isOwn: Bool, expires: WallTime? = nil) throws -> FileID {
            let geometry = PieceGeometry(length: ByteCount(content.count))
            let pieces = [Bytes32(UInt64(content[0]), 1, 2, 3)]
            let posting = try #require(
                Posting(
                    file: FileID(geometry: geometry, pieces: pieces),
                    publisher: isOwn ? identity.nodeID : NodeID(.zero),
                    length: geometry.length, name: "a", mediaType: "a/b", sha256: .zero, audience: .network,
                    replicas: 1, postedAt: WallTime(milliseconds: 1), expires: expires, sequence: 1))
            let holding = Holding(
                manifest: Verified(checked: Manifest(posting: posting, pieces: pieces)),
                pieces: Bitfield(count: 1, full: true), sha256: .zero, isOwn: isOwn)
            try database.write([.holding(.holding(holding))])
            try folder.prepare(posting.file, length: geometry.length)
            return posting.file
        }
    }

    private func withFounder(_ body: (Founder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "leaving-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let data = try DataDirectory(creating: path)
        let identity = Identity.generate()
        try data.create(
            IdentityKeys(signingSeed: identity.signingSecret, agreementSecret: identity.agreementSecret))
        let database = try Storage.Database(at: data.databasePath)
        let membership = try Node.membership(of: identity, in: database)
        let founder = Founder(data: data, identity: identity, membership: membership)
        let member = Identity.generate()
        let endpoint = try #require(Endpoint("192.0.2.1:8080"))
        let certificate = identity.sign(
            Certificate(
                subject: member.nodeID, issuer: identity.nodeID, network: identity.nodeID,
                issuedAt: WallTime(milliseconds: 1)))
        let card = Card(
            nodeID: member.nodeID, agreementKey: member.agreementKey, network: identity.nodeID, version: 1, name: "m",
            endpoints: [endpoint], url: "http://192.0.2.1:8080", place: nil, share: .gigabytes(8),
            certificate: certificate.value)
        try database.write([.member(.news(member.sign(card).part { .card($0) }))])
        try body(founder)
    }

    @Test func aFounderTakesANewIdentityAndKeepsTheOldOneAside() throws {
        try withFounder { founder in
            _ = try founder.hold([1], isOwn: false)
            #expect(try Node.isFounder(in: founder.data.path))
            try Node.leave(founder.data.path)
            let identity = try founder.found
            #expect(identity.nodeID != founder.identity.nodeID)
            let membership = try #require(try founder.database.membership())
            #expect(membership.founder == identity.nodeID && membership.certificate == nil)
            #expect(membership.networkKey != founder.membership.networkKey)
            #expect(try founder.names == ["identity.key", founder.oldName])
            #expect(try founder.folder.files() == [] && founder.database.load().holdings == [])
            #expect(try !Node.isFounder(in: founder.data.path) && Node.isAlone(in: founder.data.path))
            let again = try #require(throws: OperatorError.self) { try Node.leave(founder.data.path) }
            #expect(again.sentence.contains("alone in a network of its own"))
        }
    }

    /// Their certificates would let them into what it founds next.
    @Test func aFounderWhoseMembersAreForgottenTakesANewIdentityAllTheSame() throws {
        try withFounder { founder in
            let database = try founder.database
            for news in try database.load().news {
                if case .card(let card) = news.value { try database.write([.member(.forget(card.nodeID))]) }
            }
            #expect(try database.load().news.isEmpty)
            #expect(try Node.isFounder(in: founder.data.path) && !Node.isAlone(in: founder.data.path))
            try Node.leave(founder.data.path)
            #expect(try founder.found.nodeID != founder.identity.nodeID)
            #expect(try Node.isAlone(in: founder.data.path))
        }
    }

    @Test func aNodeThatIsStoppedWhileItLeavesKnowsUntilWhenAndForgetsThatOnceItHasLeft() throws {
        try withFounder { founder in
            let deadline = WallTime(milliseconds: 1_790_000_000_123)
            try founder.database.set(Leaving.text(deadline), for: Leaving.key)
            #expect(try Leaving.deadline(founder.database.setting(Leaving.key)) == deadline)
            try Node.leave(founder.data.path)
            #expect(try Leaving.deadline(founder.database.setting(Leaving.key)) == nil)
        }
        for text in [nil, "", "soon", "99999999999999999999"] { #expect(Leaving.deadline(text) == nil) }
    }

    @Test func aFounderThatHasPostedIsToldToTakeThatBackFirst() throws {
        try withFounder { founder in
            let file = try founder.hold([1], isOwn: true)
            let error = try #require(throws: OperatorError.self) { try Node.leave(founder.data.path) }
            #expect(error.sentence.contains("has posted a file;") && error.sentence.contains("node unpost"))
            #expect(try founder.found.nodeID == founder.identity.nodeID)
            #expect(try founder.database.membership() == founder.membership)
            #expect(try founder.names == ["identity.key"] && founder.folder.files() == [file])
        }
    }

    @Test func whatHasExpiredKeepsNoFounder() throws {
        try withFounder { founder in
            _ = try founder.hold([1], isOwn: true, expires: WallTime(milliseconds: 2))
            try Node.leave(founder.data.path)
            #expect(try founder.found.nodeID != founder.identity.nodeID && founder.folder.files() == [])
        }
    }

    @Test(arguments: 0..<4)
    func killedAtAnyStepItIsWhollyTheOldNodeOrTheNew(step: Int) throws {
        try withFounder { founder in
            let next = Identity.generate()
            let file = try founder.hold([1], isOwn: false)
            try founder.data.prepare(
                successor: IdentityKeys(signingSeed: next.signingSecret, agreementSecret: next.agreementSecret))
            if step > 0 {
                _ = try founder.database.leaveNetwork(
                    founding: Node.foundation(by: next, cardVersion: 1), keepsPosted: false)
            }
            if step > 1 {
                try FileManager.default.linkItem(
                    atPath: founder.data.identityPath, toPath: founder.data.path + "/" + founder.oldName)
            }
            if step > 2 { try founder.data.succeed(keepingOldAs: founder.identity.nodeID.short.description) }

            let expected = step == 0 ? founder.identity : next
            for _ in 0..<2 {
                #expect(try founder.found.nodeID == expected.nodeID)
                #expect(try founder.names == (step == 0 ? ["identity.key"] : ["identity.key", founder.oldName]))
            }
            let membership = try Node.membership(of: founder.found, in: founder.database)
            #expect(membership.founder == expected.nodeID)

            // What it held for others is removed, and not set aside for somebody to wonder about.
            let reconciliation = Reconciliation(
                folder: try founder.folder, database: try founder.database, logger: Logger(label: "test"))
            var holdings = try founder.database.load().holdings
            try reconciliation.reconcile(&holdings)
            #expect(try founder.folder.files() == (step == 0 ? [file] : []))
            #expect(try !FileManager.default.fileExists(atPath: founder.folder.orphansPath))
            #expect(try founder.database.leftovers() == [])
        }
    }

    @Test func theKeysOfOneNodeAndTheDatabaseOfAnotherAreRefused() throws {
        try withFounder { founder in
            let other = Identity.generate()
            let error = try #require(throws: SettingsError.self) {
                _ = try Node.membership(of: other, in: founder.database)
            }
            #expect(error.description.contains(founder.identity.nodeID.short.description))
            #expect(error.description.contains(other.nodeID.short.description))
        }
    }

    // MARK: While it goes on

    @Test func nothingIsPostedOrJoinedWhileTheNodeLeaves() throws {
        let leaving = Leaving()
        try leaving.enter()
        let busy = try #require(throws: OperatorError.self) { try leaving.close() }
        #expect(busy.sentence.contains("is being posted"))
        try leaving.enter()
        leaving.exit()
        leaving.exit()
        try leaving.close()
        try leaving.close()
        let refused = try #require(throws: OperatorError.self) { try leaving.enter() }
        #expect(refused.kind == .conflict && refused.sentence.hasPrefix("This node is leaving its network"))
        leaving.open()
        try leaving.enter()
    }

    @Test func oneNetworkIsJoinedAtATime() throws {
        let leaving = Leaving()
        try leaving.enterJoining()
        let second = try #require(throws: OperatorError.self) { try leaving.enterJoining() }
        #expect(second.kind == .conflict && second.sentence.hasPrefix("This node is joining a network already; wait"))
        // Who was refused is not counted as inside, and does not end what the first one began.
        #expect(throws: OperatorError.self) { try leaving.enterJoining() }
        #expect(throws: OperatorError.self) { try leaving.close() }
        leaving.exitJoining()
        try leaving.enterJoining()
        leaving.exitJoining()
        try leaving.close()
        #expect(throws: OperatorError.self) { try leaving.enterJoining() }
    }

    @Test func aGoodByeThatTakesTooLongGoesOn() async throws {
        let leaving = Leaving()
        try leaving.close()
        let late = try await #require(throws: OperatorError.self) {
            try await leaving.wait(atMost: .zero, grace: .milliseconds(10)) {}
        }
        #expect(late.sentence.contains("stops when it has") && late.sentence.contains("node leave --now"))
        #expect(throws: OperatorError.self) { try leaving.enter() }
        // Asked again, it waits for the same end.
        try leaving.close()
        try await leaving.wait(atMost: .seconds(10)) { leaving.finish() }
        #expect(leaving.isOver)
    }
}
