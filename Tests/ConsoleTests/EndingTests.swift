import Catalogue
import Foundation
import Logging
import Overlay
@_spi(Verification) import Primitives
import Testing

@testable import Console

@Suite struct EndingTests {
    private let unknown = String(repeating: "a", count: 52)

    private func reading() throws -> Reading {
        Reading(facts: Sample.facts, overlay: try Sample.overlay(), usage: Sample.usage)
    }

    private func sentence<Value>(_ body: () throws(OperatorError) -> Value) throws -> String {
        try #require(throws: OperatorError.self) { _ = try body() }.sentence
    }

    @Test func `what was posted here can be withdrawn, and nothing else`() throws {
        let reading = try reading()
        let file = try Sample.manifest().value.file
        #expect(try reading.withdrawal(of: file) == WithdrawnView(id: file, name: "夏祭り.mp4", holders: 0))
        let absent = try #require(FileID(unknown))
        #expect(
            try sentence { () throws(OperatorError) in try reading.withdrawal(of: absent) }.contains("knows no file"))
    }

    @Test func `a file is denied by its link, a node by its ID or its name`() throws {
        let reading = try reading()
        let link = Link(node: "http://192.0.2.1:8080", file: FileID(Bytes32(7, 7, 7, 7)), name: "a")
        #expect(try reading.denial(of: link.description) == .file(link.file))
        for text in ["cellar", Sample.other.description] {
            #expect(try reading.denial(of: text) == .publisher(Sample.other))
        }
        #expect(reading.view(.publisher(Sample.other)).name == "cellar")
        #expect(reading.view(.file(link.file)) == DenialView(kind: .file, id: link.file.description, name: nil))
    }

    @Test func `what was posted here and ended is listed with why`() throws {
        let manifest = try Sample.manifest().value
        let withdrawal = Withdrawal(of: manifest.posting, at: Sample.noon)
        let overlay = try Sample.overlay(withdrawals: [withdrawal])
        let gone = Reading(facts: Sample.facts, overlay: overlay, usage: Sample.usage)
        let withdrawn = gone.files()
        #expect(withdrawn.map(\.id) == [manifest.file] && withdrawn.map(\.standing) == [.withdrawn])
        #expect(withdrawn.map(\.isOwn) == [true] && withdrawn.map(\.copy) == [.none])
        #expect(withdrawn.map(\.postedAt) == [Sample.noon])
        let sentences = [
            try sentence { () throws(OperatorError) in try gone.known(manifest.file) },
            try sentence { () throws(OperatorError) in try gone.withdrawal(of: manifest.file) },
        ]
        #expect(
            sentences == [
                "This file was withdrawn by who posted it; nobody is known here who offers it still.",
                "This file is withdrawn already; nobody offers it any more.",
            ])

        let expiring = try Sample.manifest(expires: Sample.noon + .seconds(-1))
        let late = Reading(facts: Sample.facts, overlay: try Sample.overlay(expiring), usage: Sample.usage).files()
        #expect(late.map(\.name) == ["夏祭り.mp4"] && late.map(\.standing) == [.expired])
        #expect(late.map(\.copy) == [.none] && late.map(\.replicas) == [0])

        let foreign = try Sample.manifest(publisher: Sample.other)
        let refusing = try Sample.overlay(foreign, denials: [.file(foreign.value.file)])
        let denied = Reading(facts: Sample.facts, overlay: refusing, usage: Sample.usage).files()
        #expect(denied.map(\.standing) == [.denied] && denied.map(\.publisherName) == ["cellar"])
        #expect(try reading().files().map(\.standing) == [.offered])
    }

    @Test func `what cannot be denied is refused with the reason`() throws {
        let reading = try reading()
        let own = try Sample.manifest().value.file
        for (text, reason) in [
            ("attic", "node unpost"), (Sample.own.description, "node unpost"),
            ("http://192.0.2.1:8080/f/\(own)/a", "node unpost"), (unknown, "neither a node nor a file"),
            (Sample.other.short.description, "3 nodes are called"), ("nobody", "neither a link nor a node"),
            ("", "neither a link nor a node"),
        ] {
            #expect(try sentence { () throws(OperatorError) in try reading.denial(of: text) }.contains(reason))
        }
        #expect(
            try sentence { () throws(OperatorError) in try reading.denial(undoing: "cellar") }.contains("is not denied")
        )
    }

    @Test func `files are for everybody, or for a list of node yaml`() throws {
        let reading = try reading()
        #expect(try reading.audience(named: nil) == .network)
        #expect(try reading.audience(named: "friends") == .named([Sample.other]))
        #expect(
            try sentence { () throws(OperatorError) in try reading.audience(named: "frends") }
                == "There is no list “frends” in node.yaml; there are all, friends.")
        var facts = Sample.facts
        facts.lists = [:]
        let without = Reading(facts: facts, overlay: try Sample.overlay(), usage: Sample.usage)
        #expect(
            try sentence { () throws(OperatorError) in try without.audience(named: "x") }.contains("under “lists:”"))
    }

    @Test func `no more copies are wanted than a list has other nodes`() throws {
        let reading = try reading()
        let friends = try reading.audience(named: "friends")
        let estimate = reading.estimate(length: .megabytes(1), replicas: nil, for: friends)
        #expect(estimate.replicas == 1 && estimate.otherMembers == 1)
        let all = try reading.audience(named: "all")
        #expect(reading.estimate(length: .megabytes(1), replicas: 5, for: all).replicas == 2)
    }

    @Test func `a node in company may leave, one alone in its own network may not`() throws {
        try reading().checkCompany()
        #expect(try reading().leaving() == LeavingView(left: 0, of: 0))
    }
}
