import ArgumentParser
import Foundation
import Primitives
import Testing

@testable import Console
@testable import node

@Suite struct ArgumentTests {
    private let file = FileID(Bytes32(1, 2, 3, 4))

    @Test func `files are named by links or identifiers, downloads by links alone`() throws {
        let link = Link(node: "http://192.0.2.1:8080", file: file, name: "a")
        #expect(try FileArgument.file(in: "\(file)") == file)
        #expect(try FileArgument.file(in: link.description) == file)
        #expect(try FileArgument.link(in: link.description) == link)
        #expect(throws: Complaint.self) { try FileArgument.file(in: "holiday.mp4") }
        let error = #expect(throws: Complaint.self) { try FileArgument.link(in: "\(file)") }
        #expect(error?.description.contains("whole link") == true)
        #expect(throws: Complaint.self) { try FileArgument.link(in: "holiday.mp4") }
    }

    @Test func `an invite comes from the argument, the environment or standard input`() throws {
        let environment = ["NODE_INVITE": "potluck1env"]
        #expect(try Join.peer("potluck1arg", environment: environment) { nil } == "potluck1arg")
        #expect(try Join.peer(nil, environment: environment) { nil } == "potluck1env")
        #expect(try Join.peer("-", environment: environment) { "  potluck1in \n" } == "potluck1in")
        #expect(throws: Complaint.self) { try Join.peer(nil, environment: [:]) { nil } }
        #expect(throws: Complaint.self) { try Join.peer("-", environment: environment) { nil } }
        #expect(throws: Complaint.self) {
            try Join.peer(String(repeating: "x", count: 5000), environment: [:]) { nil }
        }
    }

    @Test(arguments: [
        ("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("0s", nil), ("-1d", nil), ("d", nil), ("", nil),
        ("1w", nil), ("1.5h", nil), ("99999999999999999d", nil),
    ])
    func `lifetimes are a number and a unit`(text: String, seconds: Int?) {
        #expect(Invite.seconds(in: text) == seconds)
    }

    @Test(arguments: [
        ["post", "a", "--replicas", "256"], ["post", "a", "b", "--name", "x"], ["post", "a", "--type", "video"],
        ["post"], ["why", "x"], ["frobnicate"], ["status", "--jason"], ["unpost"], ["deny"],
        ["deny", "--list", "--undo"], ["deny", "--list", "cellar"], ["simulate"], ["simulate", "x", "--days", "0"],
        ["simulate", "x", "--days", "367"], ["simulate", "x", "--seed", "-1"], ["simulate", "--swarm"],
        ["simulate", "x", "--swarm", "--seeds", "1"],
        ["simulate", "x", "--seeds", "1"], ["simulate", "--swarm", "--seeds", "1-2", "--log"],
    ])
    func `mistakes in arguments are refused before anything is done`(arguments: [String]) {
        #expect(throws: (any Error).self) { try NodeCommand.parseAsRoot(arguments) }
    }

    @Test(arguments: [
        "init", "run", "join", "invite", "leave", "post", "unpost", "list", "show", "get", "deny", "status", "peers",
        "allowance", "why", "simulate",
    ])
    func `every command explains itself`(name: String) {
        #expect(NodeCommand.helpMessage(columns: 100).contains("  \(name) "))
    }

    @Test func `settings on the command line become overrides by the keys of node.yaml`() throws {
        let command = try NodeCommand.parseAsRoot([
            "run", "--name", "attic", "--private", "--trusted-proxies", "10.0.0.0/8", "127.0.0.1/32", "--allowance",
            "10GB/month",
        ])
        let run = try #require(command as? Run)
        #expect(
            run.options.overrides == [
                "name": "attic", "private": "true", "trustedProxies": "10.0.0.0/8,127.0.0.1/32",
                "allowance": "10GB/month",
            ])
    }
}

@Suite struct ExpiryTests {
    private let now = WallTime(milliseconds: 1_777_636_800_000)

    @Test func `a posting ends after a time, or on a day`() throws {
        #expect(Expiry.time(in: "12h", after: now) == now + .seconds(43_200))
        #expect(Expiry.time(in: "30d", after: now) == now + .seconds(30 * 86_400))
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        #expect(Expiry.time(in: "2027-01-31", after: now, zone: zone)?.milliseconds == 1_801_350_000_000)
    }

    @Test(arguments: [
        "", "soon", "0d", "-1d", "2027-02-30", "2027-1-31", "31.1.2027", "9999999d", "99999999999999999d",
    ])
    func `what is neither is nothing`(text: String) {
        #expect(Expiry.time(in: text, after: now) == nil)
    }
}

@Suite struct EndingOutputTests {
    private let file = FileID(Bytes32(1, 2, 3, 4))

    @Test func `taking back, denying and leaving are said in a sentence`() {
        #expect(
            Unpost.sentence(WithdrawnView(id: file, name: "a.mp4", holders: 0))
                == "“a.mp4” is withdrawn; nobody else had a copy.")
        #expect(
            Unpost.sentence(WithdrawnView(id: file, name: "a.mp4", holders: 3))
                == "“a.mp4” is withdrawn; 3 other nodes drop their copies.")
        #expect(
            Deny.sentence(DenialView(kind: .publisher, id: "x", name: "cellar"), isUndone: false)
                == "What “cellar” posts is neither held nor served here from now on.")
        #expect(
            Leave.sentence(LeavingView(left: 0, of: 0)) == "This node has left and stopped; it held nothing for others."
        )
        #expect(
            Leave.sentence(LeavingView(left: 0, of: 2))
                == "This node has left and stopped; 2 files it held are in other hands.")
        #expect(
            Leave.sentence(LeavingView(left: 1, of: 3))
                == "This node has left and stopped; 2 of 3 files it held are in other hands.")
    }
}

@Suite struct OutputTests {
    @Test func `who was caught is told in a sentence, with what can be done`() throws {
        let misdeeds = MisdeedsView(
            wrongPieces: 3, falseDigests: 1, falseLengths: 0, lastAt: WallTime(milliseconds: 1_777_636_800_000))
        #expect(Words.misdeeds(misdeeds) == "3 wrong pieces, 1 false digest")
        func peer(_ name: String, _ misdeeds: MisdeedsView?) -> PeerView {
            PeerView(
                id: NodeID(Bytes32(1, 2, 3, 4)), name: name, url: "http://192.0.2.1:8080", place: nil,
                condition: .alive, isThisNode: false, isFounder: false, share: .gigabytes(8), remaining: nil,
                freeDisk: nil, load: nil,
                roundTripMilliseconds: nil, misdeeds: misdeeds)
        }
        let remarks = Peers.remarks([peer("attic", nil), peer("cellar", misdeeds)])
        #expect(remarks.count == 1)
        #expect(remarks.first?.contains("was caught at 3 wrong pieces, 1 false digest, last at ") == true)
        #expect(remarks.first?.hasSuffix("\" keeps the files it posts away from here.") == true)
    }

    @Test func `a post says beforehand what it costs`() {
        let estimate = EstimateView(
            length: .megabytes(256), replicas: 3, otherMembers: 4, copies: .megabytes(768), share: .gigabytes(8),
            remainingForReplication: .gigabytes(4), periodEnds: WallTime(milliseconds: 0), freeDisk: .gigabytes(40))
        #expect(
            Post.lines(estimate, of: "“a.mp4”") == [
                "“a.mp4”: 256 MB of the 40.0 GB that may still be stored here.",
                "3 copies on other nodes (768 MB in all): about 256 MB sent from here, 3.2 % of this period's 8.00 GB.",
            ])
    }

    @Test func `a post says when copies will have to wait, and when there is nobody to hold them`() {
        let estimate = EstimateView(
            length: .megabytes(256), replicas: 3, otherMembers: 1, copies: .megabytes(768), share: .gigabytes(8),
            remainingForReplication: .megabytes(100), periodEnds: WallTime(milliseconds: 0), freeDisk: .gigabytes(40))
        let lines = Post.lines(estimate, of: "“a.mp4”")
        #expect(lines.count == 4)
        #expect(lines[2].hasPrefix("Only 100 MB are left for copies until "))
        #expect(lines[3].hasPrefix("1 other member is alive now"))
    }

    @Test func `copies on their way move the bar before the first is complete`() {
        let length = ByteCount.megabytes(100)
        #expect(Replication.done(copies: 0, wanted: 3, sent: .zero, length: length) == .zero)
        #expect(Replication.done(copies: 0, wanted: 3, sent: .megabytes(50), length: length) == ByteCount(148_500_000))
        #expect(Replication.done(copies: 0, wanted: 3, sent: .megabytes(500), length: length) == .megabytes(297))
        #expect(Replication.done(copies: 3, wanted: 3, sent: .zero, length: length) == .megabytes(300))
        #expect(Replication.done(copies: 0, wanted: 3, sent: .zero, length: .zero) == .zero)
    }

    @Test func `a decision reads as a story`() {
        let attic = NodeName(id: NodeID(Bytes32(1, 0, 0, 0)), name: "attic")
        let decision = DecisionView(
            file: FileID(.zero), name: "a.mp4", from: "192.0.2.7", place: Place("52.52,13.40"), choice: .redirect,
            redirect: attic, location: "http://192.0.2.1:8080/f/x/a.mp4", shortage: nil,
            candidates: [
                CandidateView(
                    node: attic, isThisNode: false, score: 0.61234, roundTripMilliseconds: 12.34,
                    distanceKilometres: 433.2, spent: 0.125, load: 2, remaining: .gigabytes(3))
            ],
            exclusions: [ExclusionView(node: NodeName(id: NodeID(.zero), name: "cellar"), reason: "does not answer")])
        #expect(
            Why.lines(decision) == [
                "A downloader from 192.0.2.7 (at 52.52,13.40) is sent to attic, http://192.0.2.1:8080/f/x/a.mp4.",
                "", "Could serve, best first:",
                "NODE   SCORE  ROUND TRIP  DISTANCE     LEFT  SPENT  LOAD",
                "attic  0.612       12 ms    433 km  3.00 GB   13 %     2",
                "", "Could not:", "NODE    REASON", "cellar  does not answer",
            ])
    }
}
