import Allowance
import Catalogue
import NIOCore
import Primitives
import Routing
import Transport

/// What a request asks of a file that this node knows.
struct FileRequest {
    var file: RoutingFile
    var range: RangeRequest
    var client: IPAddress
    /// The member that signed it: for a copy of its own, not for a reader.
    var signer: NodeID?
    /// As it was asked for.
    var name: [UInt8] = []
    /// The client has waited for the file to be looked for.
    var isResolved = true

    /// The bytes of the answer.
    var bytes: Range<Int64> {
        switch range {
        case .part(let part, _): part
        case .whole, .unsatisfiable: 0..<file.length.bytes
        }
    }

    /// Players ask for a film's rest, and rarely read it to its end.
    var isOpenEnded: Bool {
        if case .part(_, isOpenEnded: true) = range { true } else { false }
    }

    /// How many bytes are set aside before the first one.
    var horizon: Int64 { isOpenEnded ? min(Int64(bytes.count), Payment.window) : Int64(bytes.count) }
}

/// What `<name>` after a FileID stands for.
enum Facet: Equatable {
    case bytes, mirrorList, manifest

    /// A suffix counts only where the file is not named exactly so.
    init(name: [UInt8], of file: RoutingFile) {
        let mirrorList = ".mirrorlist".utf8
        let manifest = ".manifest".utf8
        self =
            if name.suffix(mirrorList.count).elementsEqual(mirrorList), !name.elementsEqual(file.name.utf8) {
                .mirrorList
            } else if name.suffix(manifest.count).elementsEqual(manifest), !name.elementsEqual(file.name.utf8) {
                .manifest
            } else {
                .bytes
            }
    }
}

// Requests for files: who asks, for what, and who should serve it.
extension Connection {
    /// How long to wait where a holder is filling, or the door is busy, and where nobody can be reached (guesses).
    static let moment: Int64 = 2
    static let unreachablePause: Int64 = 30

    /// Answers the request whose head has just been read.
    func answer() {
        guard isWelcome() else {
            head.keepsAlive = false
            return comeBack(after: Self.moment, "This node is serving as many clients as it can.")
        }
        do throws(Refusal) {
            guard head.method != .unserved else {
                return respond(.methodNotAllowed, text: "Files here are read with GET and HEAD.") {
                    $0.write(field: "Allow: ", "GET, HEAD")
                }
            }
            switch try head.target() {
            case .front:
                try requireReading()
                greet()
            case .file(let id, let name):
                if head.method == .options { return answerPreflight() }
                try requireReading()
                answerFile(id, name: name, outcome: nil)
            case .peer(let name):
                guard head.method == .post else {
                    return respond(.methodNotAllowed, text: "Nodes ask each other with POST.") {
                        $0.write(field: "Allow: ", "POST")
                    }
                }
                receive(name)
            case .nothing:
                head.keepsAlive = head.keepsAlive && head.contentLength == 0
                throw Refusal(.notFound, "There is nothing at this address.")
            }
        } catch {
            // A body that nobody reads must not be taken for the next request.
            head.keepsAlive = head.keepsAlive && head.contentLength == 0
            refuse(error)
        }
    }

    /// On the places that are kept for members, only what looks like a member's request is answered.
    private func isWelcome() -> Bool {
        guard let ticket else { return false }
        return head.only("signature-input") != nil || house.servesStranger(ticket)
    }

    private func requireReading() throws(Refusal) {
        guard head.method == .get || head.method == .head else {
            head.keepsAlive = head.keepsAlive && head.contentLength == 0
            throw Refusal(.methodNotAllowed, "Files here are read with GET and HEAD.")
        }
    }

    /// A browser asks whether a page of another site may fetch a file in parts.
    private func answerPreflight() {
        respond(bare: .noContent) {
            $0.write(field: "Access-Control-Allow-Origin: ", "*")
            $0.write(field: "Access-Control-Allow-Methods: ", "GET, HEAD")
            $0.write(field: "Access-Control-Allow-Headers: ", "Range, If-Range, If-Match, If-None-Match")
            $0.write(field: "Access-Control-Max-Age: ", "86400")
        }
    }

    /// - Parameter outcome: what came of looking for the file, once that was done for this request.
    func answerFile(_ id: FileID, name: [UInt8], outcome: LookUpOutcome?) {
        let signer: NodeID?
        do throws(Refusal) {
            signer = try self.signer()
        } catch {
            return refuse(error)
        }
        guard let file = services.routing.file(id) else {
            if let absence = services.routing.absence(of: id) { return refuse(Refusal(.gone, "\(absence)")) }
            guard signer == nil else { return refuse(Refusal(.notFound, "This node does not know this file.")) }
            switch outcome {
            case .settled: house.unfound.insert(id, at: services.now())
            case .postponed(let pause):
                let seconds = max(1, (pause + .milliseconds(999)).wholeMilliseconds / 1000)
                return comeBack(after: seconds, "This node has not found out yet whether this file is offered.")
            case nil: guard house.unfound.contains(id, at: services.now()) else { return resolve(id, name: name) }
            }
            return refuse(Refusal(.notFound, "No node here knows this file."))
        }
        let client = settings.trustedProxies.client(of: head, from: peer)
        // Peers name files as their manifests do, whichever posting is the leading one here.
        switch signer == nil ? Facet(name: name, of: file) : .bytes {
        case .mirrorList: return answerMirrorList(file, client: client)
        case .manifest: return answerManifest(file, client: client)
        case .bytes: break
        }
        if head.queryValue("why") != nil { return answerWhy(file, client: client) }
        switch head.precondition(for: id) {
        case .failed:
            return respond(.preconditionFailed, client: client, text: "The file is another one.") {
                $0.writeEntityTag(id)
            }
        case .notModified:
            return respond(bare: .notModified, client: client) {
                $0.writeEntityTag(id)
                Self.writeCaching(&$0)
                Self.writeSharing(&$0)
            }
        case .met: break
        }
        let request = FileRequest(
            file: file, range: head.rangeRequest(for: id, length: file.length.bytes), client: client, signer: signer,
            name: name, isResolved: outcome != nil)
        if request.range == .unsatisfiable {
            return respond(.rangeNotSatisfiable, client: client, text: "The file has no such bytes.") {
                $0.writeStaticString("Content-Range: bytes */")
                $0.write(decimal: file.length.bytes)
                $0.writeStaticString("\r\n")
                $0.writeEntityTag(id)
                Self.writeSharing(&$0)
            }
        }
        if signer != nil { serveMember(request) } else { serveClient(request) }
    }

    // MARK: Members

    /// Which member signed the request, if it is signed at all.
    private func signer() throws(Refusal) -> NodeID? {
        guard head.only("signature-input") != nil else { return nil }
        return try verifiedSigner(from: .members).signer
    }

    /// A member takes its copy from here or not at all: sent elsewhere, it could not tell who serves it.
    private func serveMember(_ request: FileRequest) {
        guard !services.account.isSuspended else { return refuseSuspended(client: request.client) }
        guard request.file.own.holds(request.bytes) else {
            return refuse(Refusal(.notFound, "This node does not have these bytes yet."))
        }
        switch send(request, traffic: .replication) {
        case .begun: break
        case .unaffordable where services.account.isStuck:
            refuseUnkept(client: request.client)
        case .unaffordable:
            comeBack(after: Self.moment, "This node has no allowance left for copies.", client: request.client)
        case .unreadable:
            comeBack(after: Self.unreachablePause, "This node cannot read the file now.", client: request.client)
        }
    }

    // MARK: Clients

    private func serveClient(_ request: FileRequest) {
        let now = services.now()
        var query = query(for: request)
        let decision =
            head.method == .head
            ? services.routing.explain(query, at: now) : services.routing.decide(query, at: now)
        guard case .here = decision.choice else { return follow(decision.choice, request, query) }
        let outcome = send(request, traffic: .serving)
        guard outcome != .begun else { return }
        // Others took the last of the allowance between the decision and now, or the disk fails: without this node
        // then.
        query.ownRemaining = .zero
        let choice = services.routing.decide(query, at: now).choice
        if outcome == .unreadable, !choice.isRedirect {
            return comeBack(after: Self.unreachablePause, "This node cannot read the file now.", client: request.client)
        }
        follow(choice, request, query)
    }

    func query(for request: FileRequest) -> Query {
        let tried = head.queryValue("via").map { token in
            services.via().tried(in: head.text(token), for: request.file.id, at: services.wallTime())
        }
        return Query(
            file: request.file.id, bytes: request.bytes, client: place(of: request.client),
            family: AddressFamilies(request.client), tried: tried ?? [],
            ownRemaining: services.account.remaining)
    }

    private func place(of client: IPAddress) -> Place? {
        guard client == peer else { return services.place(client) }
        if let peerPlace { return peerPlace }
        let place = services.place(client)
        peerPlace = .some(place)
        return place
    }

    private func follow(_ choice: Choice, _ request: FileRequest, _ query: Query) {
        switch choice {
        case .redirect(let node):
            redirect(request, to: node, tried: query.tried + [node.id.short])
        case .unknown:
            refuse(Refusal(.notFound, "No node here knows this file."))
        case .gone(let absence):
            refuse(Refusal(.gone, "\(absence)"))
        case .here where services.account.isStuck, .nobody(.exhausted) where services.account.isStuck:
            refuseUnkept(client: request.client)
        case .here where services.account.isSuspended, .nobody(.exhausted) where services.account.isSuspended:
            refuseSuspended(client: request.client)
        case .here, .nobody(.exhausted):
            let seconds = max(1, services.untilPeriodEnds().wholeMilliseconds / 1000)
            comeBack(
                after: seconds, "Every node that has this file has spent its allowance.", client: request.client)
        case .nobody(.filling):
            comeBack(after: Self.moment, "The nodes are still copying this file.", client: request.client)
        case .nobody(.unproven) where !request.isResolved:
            resolve(request.file.id, name: request.name)
        case .nobody(.unproven):
            comeBack(after: Self.moment, "The nodes that have this file are being looked for.", client: request.client)
        case .nobody(.unreachable):
            comeBack(
                after: Self.unreachablePause, "No node that has this file can be reached now.",
                client: request.client)
        }
    }

    func comeBack(after seconds: Int64, _ text: String, client: IPAddress? = nil) {
        respond(.unavailable, client: client, text: text) {
            $0.write(field: "Retry-After: ", decimal: seconds)
            $0.write(field: "Cache-Control: ", "no-store")
            $0.write(field: "Access-Control-Allow-Origin: ", "*")
        }
    }

    private func redirect(_ request: FileRequest, to node: RoutingNode, tried: [ShortID]) {
        let token = services.via().token(for: request.file.id, tried: tried, at: services.wallTime())
        respond(bare: .found, client: request.client, contentLength: 0) { buffer in
            buffer.writeStaticString("Location: ")
            buffer.write(url: node.url.utf8)
            buffer.write(url: head.bytes[head.path])
            buffer.writeStaticString("?via=")
            buffer.write(url: token.utf8)
            buffer.writeStaticString("\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n")
            buffer.writeEntityTag(request.file.id)
        }
    }

    /// Asks the trackers, and answers then.
    private func resolve(_ id: FileID, name: [UInt8]) {
        let client = settings.trustedProxies.client(of: head, from: peer)
        let prefix = neighbourhood(of: client)
        switch house.lookUps.take(for: prefix) {
        case .taken: break
        case .partyFull:
            house.count(.lookUps)
            return tooMany(
                after: Self.moment, "Your network is asking for too many unknown files at once.", client: client)
        case .full:
            house.count(.lookUps)
            return comeBack(
                after: Self.moment, "This node is looking for too many files at once.", client: client)
        }
        let lookUps = house.lookUps
        loop.scheduleTask(in: .nanoseconds(settings.lookUpPause.wholeNanoseconds)) { lookUps.giveBack(for: prefix) }
        let door = services.door
        ask {
            await door.resolve(id)
        } then: { connection, outcome in
            connection.answerFile(id, name: name, outcome: outcome)
        }
    }

    /// Does what awaits, outside the event loop; nothing is read meanwhile.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable () async -> Answer,
        then answer: @escaping @Sendable (Connection, Answer) -> Void
    ) {
        phase = .asking
        expect(within: settings.answerLimit)
        flush()
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        Task {
            let result = await question()
            loop.execute {
                let connection = bound.value
                guard case .asking = connection.phase else { return }
                connection.phase = .idle
                answer(connection, result)
                connection.advance()
            }
        }
    }
}

extension RoutingFile.OwnCopy {
    /// Every one of these bytes is here and verified.
    func holds(_ bytes: Range<Int64>) -> Bool {
        switch self {
        case .none: false
        case .complete: true
        case .filling(_, let has):
            bytes.isEmpty || has.contains { $0.lowerBound <= bytes.lowerBound && bytes.upperBound <= $0.upperBound }
        }
    }
}

extension Choice {
    fileprivate var isRedirect: Bool {
        if case .redirect = self { true } else { false }
    }
}
