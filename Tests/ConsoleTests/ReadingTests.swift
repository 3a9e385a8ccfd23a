import Allowance
import Catalogue
import Foundation
import Overlay
import Primitives
import Routing
import Testing

@testable import Console

@Suite struct ReadingTests {
    private func reading() throws -> Reading {
        Reading(facts: Sample.facts, overlay: try Sample.overlay(), usage: Sample.usage)
    }

    @Test func `status counts members, files and bytes`() throws {
        let status = try reading().status()
        #expect(status.members == MemberCounts(alive: 2))
        #expect(status.files == FileCounts(own: 1))
        #expect(status.stored == .kibibytes(100))
        #expect(status.used == .megabytes(1250))
        #expect(status.remaining == Sample.usage.remaining)
        #expect(!status.isFounder)
        #expect(status.periodEnds == Sample.period.ends)
        #expect(status.troubles == Sample.facts.troubles)
    }

    @Test func `peers are this node, then the others by name`() throws {
        let peers = try reading().peers()
        #expect(peers.map(\.name) == ["attic", "cellar", "kitchen"])
        #expect(peers.map(\.isThisNode) == [true, false, false])
        #expect(peers.map(\.isFounder) == [false, false, true])
        #expect(peers[0].remaining == Sample.usage.remaining)
        #expect(peers[1].remaining == nil)
        #expect(peers[2].condition == .alive)
    }

    @Test func `the account lists every class and adds up`() throws {
        let account = try reading().allowance()
        #expect(account.classes.map(\.name) == ["serving", "replication", "overlay", "answers"])
        #expect(account.classes.reduce(.zero) { $0 + $1.spent } == account.spent)
        #expect(account.classes.reduce(.zero) { $0 + $1.reserved } == account.reserved)
        #expect(account.classes[0].leased == .megabytes(1001))
        #expect(account.share == .gigabytes(8))
        #expect(account.allowance == .gigabytes(10))
    }

    @Test func `a file here is listed with its link, its copy and its replicas`() throws {
        let manifest = try Sample.manifest().value
        let files = try reading().files()
        #expect(files.count == 1)
        let file = try #require(files.first)
        #expect(file.id == manifest.file)
        #expect(file.link == "http://192.0.2.1:8080/f/\(manifest.file)/%E5%A4%8F%E7%A5%AD%E3%82%8A.mp4")
        #expect(file.isOwn)
        #expect(file.copy == .complete)
        #expect(file.replicas == 0)
        #expect(file.replicasWanted == 3)
        #expect(file.publisherName == "attic")
    }

    @Test func `one file is shown with its holders, and an unknown one not at all`() throws {
        let manifest = try Sample.manifest().value
        let detail = try #require(try reading().file(manifest.file))
        #expect(detail.pieceCount == 1)
        #expect(detail.sha256 == manifest.posting.sha256.hexadecimal)
        #expect(detail.holders.map(\.node.name) == ["attic"])
        #expect(detail.holders.map(\.isPublisher) == [true])
        #expect(try reading().file(FileID(.zero)) == nil)
    }

    @Test func `an estimate tells what copies cost, and when they do not fit`() throws {
        let estimate = try reading().estimate(length: .megabytes(256), replicas: nil)
        #expect(estimate.replicas == 3)
        #expect(estimate.copies == .megabytes(768))
        #expect(estimate.sentFromHere == .megabytes(256))
        #expect(estimate.otherMembers == 2)
        #expect(estimate.fitsDisk && estimate.fitsPeriod)
        let large = try reading().estimate(length: .max, replicas: 255)
        #expect(large.copies == .max)
        #expect(!large.fitsDisk && !large.fitsPeriod)
        #expect(try reading().estimate(length: .gigabytes(9), replicas: 0).fitsPeriod)
    }

    @Test func `a decision is told with names, links and reasons`() throws {
        let manifest = try Sample.manifest().value
        let node = RoutingNode(
            id: Sample.other, url: "http://192.0.2.3:8080", place: nil, remaining: .gigabytes(1), share: .gigabytes(8),
            load: 2, isAlive: true, families: .v4, statusVersion: 1)
        let decision = Decision(
            choice: .redirect(node), candidates: [],
            exclusions: [
                Exclusion(node: Sample.founder, reason: .cannotAfford(remaining: .megabytes(3))),
                Exclusion(node: NodeID(.zero), reason: .notMember),
            ])
        let view = try reading().decision(
            decision, file: manifest.file, from: .v4(0x0102_0304), place: Sample.berlin)
        #expect(view.choice == .redirect)
        #expect(view.redirect == NodeName(id: Sample.other, name: "cellar"))
        #expect(view.location?.hasPrefix("http://192.0.2.3:8080/f/\(manifest.file)/") == true)
        #expect(view.from == "1.2.3.4")
        #expect(view.exclusions.map(\.node.name) == ["kitchen", nil])
        #expect(
            view.exclusions.map(\.reason) == [
                "has only 3.00 MB left to send in this period", "is no member that this node knows",
            ])
    }

    @Test(arguments: [Shortage.exhausted, .filling, .unproven, .unreachable])
    func `when nobody serves, the reason is told`(shortage: Shortage) throws {
        let decision = Decision(choice: .nobody(shortage), candidates: [], exclusions: [])
        let view = try reading().decision(decision, file: FileID(.zero), from: .v4(1), place: nil)
        #expect(view.choice == .nobody)
        #expect(view.shortage == shortage.sentence)
        #expect(view.name == nil)
    }
}

@Suite struct CodingTests {
    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test func `words of the house are numbers and texts in JSON`() throws {
        #expect(try json(ByteCount.gigabytes(8)) == "8000000000")
        #expect(try json(Sample.berlin) == #""52.52,13.40""#)
        #expect(try json(Sample.noon) == #""2026-05-01T12:00:00.000Z""#)
        #expect(try json(Sample.own) == "\"\(Sample.own)\"")
        #expect(try json(CopyView.filling(pieces: 3, of: 9)) == #"{"pieceCount":9,"pieces":3,"state":"filling"}"#)
        #expect(try json(CopyView.complete) == #"{"state":"complete"}"#)
    }

    @Test func `every view reads back as it was`() throws {
        let reading = Reading(facts: Sample.facts, overlay: try Sample.overlay(), usage: Sample.usage)
        try roundTrip(reading.status())
        try roundTrip(reading.peers())
        try roundTrip(reading.allowance())
        try roundTrip(reading.files())
        try roundTrip(reading.file(try Sample.manifest().value.file))
        try roundTrip(reading.estimate(length: .megabytes(1), replicas: 2))
        try roundTrip([CopyView.none, .complete, .filling(pieces: 0, of: 1)])
    }

    private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws {
        #expect(try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value)) == value)
    }

    @Test(arguments: [#""abc""#, "12", #""""#, "null"])
    func `a text that is no identifier is an error`(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(FileID.self, from: Data(text.utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(WallTime.self, from: Data(text.utf8)) }
    }
}
