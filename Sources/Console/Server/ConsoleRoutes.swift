import Foundation
import Hummingbird
import Logging
import Primitives

/// What the daemon answers to whom: each route reads its question, asks the operator's side, and shapes a view.
struct ConsoleRoutes: Sendable {
    let node: any Operator
    let logger: Logger

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.middlewares.add(SentenceMiddleware(logger: logger))
        router.get(RouterPath(API.Path.status)) { _, _ in
            try await answer(reading().status())
        }
        router.get(RouterPath(API.Path.peers)) { _, _ in
            try await answer(reading().peers())
        }
        router.get(RouterPath(API.Path.allowance)) { _, _ in
            try await answer(reading().allowance())
        }
        router.get(RouterPath(API.Path.files)) { _, _ in
            try await answer(reading().files())
        }
        router.get(RouterPath(API.Path.files + "/:file")) { _, context in
            try await answer(show(context.parameters.get("file") ?? ""))
        }
        router.get(RouterPath(API.Path.estimate)) { request, _ in
            try await answer(estimate(QueryParameters(request)))
        }
        router.get(RouterPath(API.Path.why)) { request, _ in
            try await answer(why(QueryParameters(request)))
        }
        router.post(RouterPath(API.Path.posts)) { request, _ in
            try await answer(post(request))
        }
        router.post(RouterPath(API.Path.invites)) { request, _ in
            try await answer(invite(question(request)))
        }
        router.post(RouterPath(API.Path.network)) { request, _ in
            try await answer(join(question(request)))
        }
        router.post(RouterPath(API.Path.withdrawals)) { request, _ in
            try await answer(withdraw(question(request)))
        }
        router.get(RouterPath(API.Path.denials)) { _, _ in
            try await answer(reading().denials())
        }
        router.post(RouterPath(API.Path.denials)) { request, _ in
            try await answer(deny(question(request)))
        }
        router.get(RouterPath(API.Path.leave)) { _, _ in
            try await answer(reading().leaving())
        }
        router.post(RouterPath(API.Path.leave)) { request, _ in
            try await answer(leave(question(request)))
        }
        return router
    }

    /// The node's facts, machine and account, taken together.
    private func reading() async -> Reading {
        Reading(facts: await node.about(), overlay: await node.snapshot(), usage: node.usage())
    }

    private func show(_ text: String) async throws -> FileDetailView {
        let file = try fileID(text)
        return try await reading().known(file)
    }

    private func estimate(_ query: QueryParameters) async throws -> EstimateView {
        let length = try query.integer("length", in: 0...Int.max)
        let replicas = try query.optionalInteger("replicas", in: 0...PostRequest.replicasLimit)
        let reading = await reading()
        let audience = try reading.audience(named: query.optionalText("to"))
        return reading.estimate(length: ByteCount(length), replicas: replicas, for: audience)
    }

    private func why(_ query: QueryParameters) async throws -> DecisionView {
        let file = try fileID(query.text("file"))
        let text = try query.text("from")
        guard let address = IPAddress(text) else {
            throw OperatorError(
                .unusable,
                "“\(FileName.printable(text))” is no address; give one such as 192.0.2.7 or 2001:db8::7 with --from.")
        }
        let decision = try await node.why(file, from: address)
        let place = await node.place(of: address)
        return await reading().decision(decision, file: file, from: address, place: place)
    }

    private func post(_ request: Request) async throws -> PostedView {
        let query = try QueryParameters(request)
        guard let length = request.headers[values: .contentLength].first.flatMap({ Int64($0) }), length >= 0 else {
            throw OperatorError(.unusable, "A post says beforehand how long it is (Content-Length).")
        }
        let name = try query.text("name")
        try FileName.check(name)
        let mediaType = query.optionalText("type") ?? MediaType.of(name: name)
        guard MediaType.isWellFormed(mediaType) else {
            throw OperatorError(
                .unusable,
                "“\(FileName.printable(mediaType))” is no media type; give one such as video/mp4 with --type.")
        }
        let reading = await reading()
        let facts = reading.facts
        let expires = try query.optionalInteger("expires", in: 0...PostRequest.latestExpiry)
            .map { WallTime(milliseconds: Int64($0)) }
        let question = PostRequest(
            name: name, mediaType: mediaType, length: ByteCount(length),
            replicas: try query.optionalInteger("replicas", in: 0...PostRequest.replicasLimit),
            audience: try reading.audience(named: query.optionalText("to")), expires: expires)
        if let expires, expires <= facts.wallClock {
            throw OperatorError(.unusable, "“\(name)” would have expired already; give a time to come with --expires.")
        }
        guard question.length <= facts.freeDisk else {
            throw OperatorError(
                .noRoom,
                "“\(name)” takes \(question.length), and only \(facts.freeDisk) may still be stored here; "
                    + "make room on the disk first.")
        }
        let manifest = try await node.post(question, body: PostBody(request.body, length: length))
        return Reading.posted(manifest.value, facts: facts)
    }

    private func invite(_ question: InviteQuestion) async throws -> InviteView {
        guard (1...InviteQuestion.mostUses).contains(question.uses) else {
            throw OperatorError(
                .unusable, "An invite can be used 1 to \(InviteQuestion.mostUses) times; say how often with --uses.")
        }
        guard (1...InviteQuestion.longestLifetimeSeconds).contains(question.lifetimeSeconds) else {
            throw OperatorError(.unusable, "An invite lives at most 31 days; give a shorter time with --expires.")
        }
        let lifetime = Duration.seconds(question.lifetimeSeconds)
        let invite = try await node.invite(uses: question.uses, lifetime: lifetime)
        return InviteView(invite: invite, uses: question.uses, expires: await node.about().wallClock + lifetime)
    }

    private func join(_ question: JoinQuestion) async throws -> JoinView {
        let result = try await node.join(question.peer)
        return JoinView(
            network: result.network, peer: result.peer, peerName: result.peerName, memberCount: result.memberCount,
            wasMember: result.wasMember, advice: result.advice)
    }

    private func withdraw(_ question: FileQuestion) async throws -> WithdrawnView {
        let view = try await reading().withdrawal(of: fileID(question.file))
        try await node.withdraw(view.id)
        return view
    }

    private func deny(_ question: DenialQuestion) async throws -> DenialView {
        let reading = await reading()
        let denial = try question.isUndone ? reading.denial(undoing: question.what) : reading.denial(of: question.what)
        let view = reading.view(denial)
        try await node.deny(denial, isUndone: question.isUndone)
        return view
    }

    private func leave(_ question: LeaveQuestion) async throws -> LeavingView {
        guard (0...LeaveQuestion.longestSeconds).contains(question.withinSeconds) else {
            throw OperatorError(.unusable, "Leaving takes at most a day; give a shorter time with --within.")
        }
        try await reading().checkCompany()
        return LeavingView(try await node.leave(within: .seconds(question.withinSeconds)))
    }

    private func fileID(_ text: String) throws(OperatorError) -> FileID {
        guard let file = Link.file(in: text) else {
            throw OperatorError(
                .unusable, "“\(FileName.printable(text))” names no file; give a link, or the 52 characters of one.")
        }
        return file
    }

    private func question<Question: Decodable>(_ request: Request) async throws -> Question {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: API.questionLimit)
        } catch {
            throw OperatorError(.tooLarge, "The question is longer than \(API.questionLimit) bytes.")
        }
        do {
            return try JSONDecoder().decode(Question.self, from: Data(body.readableBytesView))
        } catch {
            throw OperatorError(.unusable, "The question is not the JSON that this node expects.")
        }
    }

    private func answer<Value: Codable & Sendable>(_ value: Value) throws -> Response {
        try Response(status: .ok, json: Answer(value))
    }
}
