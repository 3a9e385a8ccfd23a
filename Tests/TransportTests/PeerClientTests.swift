import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct PeerClientTests {
    let club = Club()
    let asker = identity(2)
    let holder = identity(3)
    let file = FileID(Bytes32(1, 2, 3, 4))

    private func client(_ payer: Account? = nil, as own: Identity? = nil) throws -> (PeerClient, Directory) {
        let directory = club.directory(knowing: [
            club.card(holder, by: club.founder), club.card(asker, by: club.founder),
        ])
        let client = PeerClient(
            courier: try Courier(), identity: own ?? asker, directory: directory, account: payer ?? account(),
            now: { present })
        return (client, directory)
    }

    private func card(of server: TinyServer) -> Card { club.card(holder, by: club.founder, url: server.url) }

    private static func ok(_ body: [UInt8], _ status: String = "200 OK", _ fields: String = "") -> TinyServer.Reply {
        .binary("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(fields)\r\n", body)
    }

    @Test func aQuestionArrivesSignedAndItsAnswerIsVerified() async throws {
        let stranger = News.status(club.status(identity(99)))
        let known = News.status(club.status(holder))
        let server = TinyServer { _ in Self.ok(PeerAnswer.table([stranger, known]).wireBytes) }
        defer { server.close() }
        let payer = account()
        let (client, directory) = try client(payer)
        let question = PeerRequest.introduce([known])
        let answer = await client.call(question, to: card(of: server))
        #expect(try answer.get().value == .table([known]))
        let seen = try #require(server.requests.first)
        #expect(seen.line == "POST /peer/v1/introduce HTTP/1.1")
        let verifier = RequestVerifier(own: holder.nodeID, directory: directory)
        let signed = try verifier.verify(seen.head, from: .members, at: present)
        #expect(signed.signer == asker.nodeID)
        #expect(signed.covers(seen.body))
        #expect(try PeerProtocol.request(seen.body, name: "introduce") == question)
        #expect(throws: WireError.self) { try PeerProtocol.request(seen.body, name: "announce") }
        #expect(payer.usage.spent[.overlay] >= ByteCount(seen.body.count))
    }

    /// A holder that begins another run is asked anew with its name, once for each question; later ones know it.
    @Test func whatIsNotOfThePresentRunIsSignedAnew() async throws {
        let runs = Mutex([RequestRun(startedAt: present)])
        let content: [UInt8] = [1, 2, 3]
        let (directory, holder) = (club.directory(knowing: [club.card(asker, by: club.founder)]), holder)
        let server = TinyServer { request in
            let run = runs.withLock { $0[$0.count - 1] }
            let verifier = RequestVerifier(own: holder.nodeID, directory: directory, run: run)
            do throws(RequestRefusal) {
                _ = try verifier.verify(request.head, from: .members, at: present)
            } catch {
                return Self.ok([], "\(error.status) Unauthorized", "Potluck-Run: \(run.name)\r\n")
            }
            return Self.ok(request.line.hasPrefix("GET") ? content : PeerAnswer.table([]).wireBytes)
        }
        defer { server.close() }
        let (client, _) = try client()
        let card = card(of: server)
        func fetched() async -> [UInt8] {
            let taken = Mutex<[UInt8]>([])
            _ = await client.fetch(file, name: "x", bytes: 0..<3, of: ByteCount(3 as Int64), from: card) { bytes in
                taken.withLock { $0 += bytes }
                return true
            }
            return taken.withLock { $0 }
        }
        #expect(try await client.call(.introduce([]), to: card).get().value == .table([]))
        #expect(server.requests.count == 2)
        #expect(await fetched() == content)
        #expect(server.requests.count == 3)
        runs.withLock { $0.append(RequestRun(startedAt: present)) }
        #expect(await fetched() == content)
        #expect(try await client.call(.introduce([]), to: card).get().value == .table([]))
        #expect(server.requests.count == 6)
    }

    @Test func whoNamesAnotherRunEachTimeIsAskedTwice() async throws {
        let names = ["x", RequestRun(startedAt: present).name, "a\tb"]
        for (name, count) in zip(names, [1, 2, 1]) {
            let server = TinyServer { _ in
                let other = name.count == 26 ? RequestRun(startedAt: present).name : name
                return Self.ok([], "401 Unauthorized", "Potluck-Run: \(other)\r\n")
            }
            defer { server.close() }
            #expect(
                await (try client().0).call(.introduce([]), to: card(of: server)) == .failure(.refused(status: 401)))
            #expect(server.requests.count == count)
        }
    }

    @Test func whatIsNotAnAnswerIsAFailure() async throws {
        let replies: [(TinyServer.Reply, CallFailure)] = [
            (Self.ok([], "503 Service Unavailable"), .refused(status: 503)),
            (Self.ok([], "302 Found", "Location: /\r\n"), .refused(status: 302)), (Self.ok([]), .malformed),
            (Self.ok([1, 2, 3]), .malformed), (.thenClose("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), .malformed),
            (.thenClose(""), .unreachable),
        ]
        for (reply, failure) in replies {
            let server = TinyServer { _ in reply }
            defer { server.close() }
            let (client, _) = try client()
            #expect(await client.call(.introduce([]), to: card(of: server)) == .failure(failure))
        }
        let poor = account(share: .zero)
        let server = TinyServer { _ in Self.ok([]) }
        defer { server.close() }
        #expect(await (try client(poor).0).call(.introduce([]), to: card(of: server)) == .failure(.untried))
        #expect(server.requests.isEmpty)
    }

    @Test func exactlyTheRangeAskedForIsTaken() async throws {
        let content = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        let partial = "206 Partial Content"
        let replies: [(TinyServer.Reply, Range<Int64>, FetchFailure?)] = [
            (Self.ok(Array(content[10..<20]), partial, "Content-Range: bytes 10-19/1000\r\n"), 10..<20, nil),
            (Self.ok(content), 0..<1_000, nil),
            (Self.ok(content), 10..<20, .malformed),
            (Self.ok(Array(content[10..<20]), partial, "Content-Range: bytes 11-20/1000\r\n"), 10..<20, .malformed),
            (Self.ok(Array(content[10..<20]), partial, "Content-Range: bytes 10-19/2000\r\n"), 10..<20, .malformed),
            (Self.ok(Array(content[10..<20]), partial), 10..<20, .malformed),
            (Self.ok([], "404 Not Found"), 10..<20, .unavailable(status: 404)),
            (Self.ok([], "302 Found", "Location: http://127.0.0.1:1/\r\n"), 10..<20, .unavailable(status: 302)),
            (Self.ok([], "503 Service Unavailable"), 10..<20, .unavailable(status: 503)),
            (
                .thenClose("HTTP/1.1 206 x\r\nContent-Length: 10\r\nContent-Range: bytes 10-19/1000\r\n\r\nxyz"),
                10..<20,
                .failed(.truncated)
            ),
        ]
        for (reply, range, failure) in replies {
            let server = TinyServer { _ in reply }
            defer { server.close() }
            let taken = Mutex<[UInt8]>([])
            let (client, directory) = try client()
            let result = await client.fetch(
                file, name: "für alle?.pdf", bytes: range, of: ByteCount(1_000 as Int64), from: card(of: server)
            ) { bytes in
                taken.withLock { $0 += bytes }
                return true
            }
            if let failure {
                #expect(throws: failure) { try result.get() }
            } else {
                #expect(throws: Never.self) { try result.get() }
                #expect(taken.withLock { $0 } == Array(content[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            let seen = try #require(server.requests.first)
            #expect(seen.line == "GET /f/\(file)/f%C3%BCr%20alle%3F.pdf HTTP/1.1")
            #expect(seen.fields.contains("Range: bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
            let verifier = RequestVerifier(own: holder.nodeID, directory: directory)
            #expect(try verifier.verify(seen.head, from: .members, at: present).signer == asker.nodeID)
        }
    }

    @Test func aSinkThatDeclinesEndsTheFetch() async throws {
        let server = TinyServer { _ in Self.ok([1, 2, 3]) }
        defer { server.close() }
        let result = await (try client().0).fetch(
            file, name: "x", bytes: 0..<3, of: ByteCount(3 as Int64), from: card(of: server)
        ) { _ in false }
        #expect(throws: FetchFailure.declined) { try result.get() }
    }

    @Test func aNewcomerJoinsByInviteAndIntoAnOpenNetwork() async throws {
        let newcomer = identity(40)
        let door = RequestVerifier(own: holder.nodeID, directory: Directory(founder: club.founder.nodeID))
        let (club, holder) = (club, holder)
        let server = TinyServer { request in
            do {
                let signed = try door.verify(request.head, from: .anyone, at: present)
                guard signed.covers(request.body) else { return Self.ok([], "401 Unauthorized") }
                let join = try Admission.check(request.body, signedBy: signed.signer, own: holder.nodeID, isOpen: true)
                let answer = try Admission.answer(
                    join, by: holder, network: club.founder.nodeID, networkKey: club.networkKey,
                    table: [.card(club.card(holder, by: club.founder))], certificates: [], seenAs: .v4(0x7F00_0001),
                    at: present)
                return Self.ok(answer.value.wireBytes)
            } catch {
                return Self.ok(Array("\(error)\n".utf8), "403 Forbidden", "Potluck-Refusal: 1\r\n")
            }
        }
        defer { server.close() }
        let (client, _) = try client(as: newcomer)
        let invite = Invite(
            inviter: holder.nodeID, network: club.founder.nodeID, url: server.url, expires: present + .seconds(10))
        for way in [PeerClient.Door.invite(invite), .open(url: server.url)] {
            let joined = try await client.join(way)
            #expect(joined.networkKey == club.networkKey)
            #expect(joined.founder == club.founder.nodeID)
            #expect(joined.certificate.subject == newcomer.nodeID)
        }
        let late = Invite(inviter: holder.nodeID, network: club.founder.nodeID, url: server.url, expires: present)
        await #expect(throws: JoinFailure.expired) { try await client.join(.invite(late)) }
        let wrong = Invite(
            inviter: identity(9).nodeID, network: club.founder.nodeID, url: server.url, expires: present + .seconds(10))
        await #expect(throws: JoinFailure.refused(status: 403, RequestRefusal.anotherReceiver.description)) {
            try await client.join(.invite(wrong))
        }
        let (own, _) = try self.client(as: holder)
        await #expect(throws: JoinFailure.refused(status: 403, RequestRefusal.itself.description)) {
            try await own.join(.open(url: server.url))
        }
    }

    @Test func onlyANodesRefusalIsQuoted() async throws {
        let sentence = Array("Come back later.\nOr never.\n".utf8)
        let mark = "Potluck-Refusal: 1\r\n"
        let replies: [(TinyServer.Reply, String?)] = [
            (Self.ok(sentence, "503 Service Unavailable", mark), "Come back later."),
            (Self.ok(sentence, "503 Service Unavailable"), nil),
            (Self.ok(Array("<html>".utf8), "405 Method Not Allowed"), nil),
            (Self.ok([], "403 Forbidden", mark), nil),
            (Self.ok([0xFF, 0xFE], "403 Forbidden", mark), nil),
            (Self.ok(Array("a\u{1B}[2J".utf8), "403 Forbidden", mark), nil),
            (Self.ok([UInt8](repeating: 97, count: 501), "403 Forbidden", mark), nil),
        ]
        for (reply, expected) in replies {
            let server = TinyServer { _ in reply }
            defer { server.close() }
            let (client, _) = try client(as: identity(40))
            do throws(JoinFailure) {
                _ = try await client.join(.open(url: server.url))
                Issue.record("it was let in")
            } catch {
                guard case .refused(_, let quoted) = error else { throw error }
                #expect(quoted == expected)
            }
        }
    }

    @Test func whyANodeWasNotLetInIsOneSentenceWithItsIntroduction() {
        #expect(
            "This node could not join: \(JoinFailure.refused(status: 403, AdmissionRefusal.inviteVoid.description))."
                == "This node could not join: the node that was asked says “The invite has expired, was used up, or was "
                + "not made here; ask for a new one”.")
        #expect(
            "This node could not join: \(JoinFailure.refused(status: 405, nil))."
                == "This node could not join: what answered is no Potluck node, or one of another version (status 405); "
                + "check the address.")
        let refusals: [any CustomStringConvertible] = [
            RequestRefusal.unsigned, RequestRefusal.malformed, RequestRefusal.anotherReceiver,
            RequestRefusal.outsideWindow, RequestRefusal.stranger, RequestRefusal.itself, RequestRefusal.badSignature,
            RequestRefusal.replayed, RequestRefusal.tooMany(pause: .zero),
            RequestRefusal.tooManyBad(pause: .zero),
            AdmissionRefusal.malformed(.truncated), AdmissionRefusal.anotherSigner, AdmissionRefusal.itself,
            AdmissionRefusal.badProof, AdmissionRefusal.inviteNeeded, AdmissionRefusal.inviteVoid,
            AdmissionRefusal.badAgreementKey,
        ]
        for refusal in refusals {
            let sentence = refusal.description
            #expect(sentence.first?.isUppercase == true && sentence.hasSuffix("."), "\(sentence)")
            #expect(sentence.contains("; ") && !sentence.dropLast().contains("."), "\(sentence)")
        }
    }

    @Test func aNameBecomesOneSegmentOfAPath() {
        #expect(PeerProtocol.percentEncoded("a/b?c#d%e f.txt") == "a%2Fb%3Fc%23d%25e%20f.txt")
        #expect(PeerProtocol.percentEncoded("日本") == "%E6%97%A5%E6%9C%AC")
        #expect(PeerProtocol.percentEncoded("Az09-._~") == "Az09-._~")
    }
}
