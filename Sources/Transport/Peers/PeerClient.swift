internal import Allowance
public import Membership
public import Overlay
public import Primitives
internal import Synchronization

/// Asks other nodes over HTTP: signed requests, verified answers, ranges of files. What it sends is paid for.
public struct PeerClient: Sendable {
    /// For a question and its answer; the machine asks somebody else then.
    private static let callLimit: Duration = .seconds(10)
    /// A client may be waiting for the proof of an address.
    private static let proofLimit: Duration = .seconds(5)
    /// A table of 10,000 members over a slow line takes longer.
    private static let joinLimit: Duration = .seconds(60)
    /// A holder that sends less is not worth waiting for: others have the same pieces.
    private static let slowestFetch = CourierRequest.Pace(bytesPerSecond: .kibibytes(4), over: .seconds(15))
    /// A signed head beside its path: 600 to 700 bytes as estimated, rounded up.
    private static let head = ByteCount.kibibytes(1)
    /// Of most answers; what a longer one costs is paid as it comes.
    private static let usualAnswer = ByteCount.kibibytes(64)

    private let courier: Courier
    private let identity: Identity
    private let directory: Directory
    private let account: Account
    private let refusesPrivate: Bool
    private let now: @Sendable () -> WallTime
    private let runs = KnownRuns()

    /// - Parameter refusesPrivate: whether members are not called at addresses of one's own house.
    public init(
        courier: Courier, identity: Identity, directory: Directory, account: Account, refusesPrivate: Bool = false,
        now: @escaping @Sendable () -> WallTime
    ) {
        self.courier = courier
        self.identity = identity
        self.directory = directory
        self.account = account
        self.refusesPrivate = refusesPrivate
        self.now = now
    }

    // MARK: Questions

    /// The other node's answer. Lists of statements are taken as far as they verify; anything else must verify as a
    /// whole.
    public func call(_ request: PeerRequest, to card: Card) async -> Result<Verified<PeerAnswer>, CallFailure> {
        await call(request, to: card, within: Self.callLimit)
    }

    private func call(
        _ request: PeerRequest, to card: Card, within limit: Duration
    ) async -> Result<Verified<PeerAnswer>, CallFailure> {
        let body = request.wireBytes
        guard account.takesQuestions else { return .failure(.untried) }
        let result = await post(body, to: PeerProtocol.path(of: request), at: card.url, receiver: card.nodeID) {
            $0.timeLimit = limit
            $0.refusesPrivate = refusesPrivate
        }
        switch result {
        case .failure(let error): return .failure(CallFailure(error))
        case .success(let answer):
            guard answer.status == 200 else { return .failure(.refused(status: answer.status)) }
            guard let answer = try? PeerAnswer(wireBytes: answer.body), let verified = verify(answer) else {
                return .failure(.malformed)
            }
            return .success(verified)
        }
    }

    /// Whether the member itself answers at the URL of its card: it signs a number drawn for this one question.
    public func prove(_ card: Card) async -> Reached.Outcome {
        guard let own = directory.card(of: identity.nodeID) else { return .untried }
        var random = SystemRandomNumberGenerator()
        let nonce = Bytes32(random.next(), random.next(), random.next(), random.next())
        switch await call(.prove(nonce: nonce, by: own), to: card, within: Self.proofLimit) {
        case .success(let answer):
            guard case .proof(let proof) = answer.value, proof.node == card.nodeID, proof.nonce == nonce,
                proof.url == card.url
            else { return .someoneElse }
            return .answered
        // Too many requests; come back later.
        case .failure(.refused(status: 429)), .failure(.refused(status: 503)): return .busy
        case .failure(.malformed), .failure(.refused): return .someoneElse
        case .failure(.untried): return .untried
        case .failure(.unreachable), .failure(.timedOut): return .silent
        }
    }

    private func verify(_ answer: PeerAnswer) -> Verified<PeerAnswer>? {
        switch answer {
        case .catalogue, .proof, .reached: try? directory.sifting(answer)
        // Only verified entries are left, so this cannot fail.
        case .table(let news): try? directory.verify(.table(directory.verifying(news).map(\.value)))
        }
    }

    private func post(
        _ body: [UInt8], to path: String, at url: String, receiver: NodeID?,
        adjust: (inout CourierRequest) -> Void
    ) async -> Result<CourierAnswer, CourierError> {
        let run = receiver.flatMap { runs[$0] }
        let first = await post(body, to: path, at: url, receiver: receiver, run: run, adjust: adjust)
        guard case .success(let answer) = first, let named = self.run(named: answer.head, by: receiver, insteadOf: run)
        else { return first }
        return await post(body, to: path, at: url, receiver: receiver, run: named, adjust: adjust)
    }

    private func post(
        _ body: [UInt8], to path: String, at url: String, receiver: NodeID?, run: String?,
        adjust: (inout CourierRequest) -> Void
    ) async -> Result<CourierAnswer, CourierError> {
        let toll = await Toll.paying(
            for: Self.head + ByteCount(body.count), answer: Self.usualAnswer, from: .overlay, of: account)
        guard let toll else { return .failure(.unaffordable) }
        defer { toll.settle() }
        let signer = RequestSigner(identity: identity)
        var request = CourierRequest(
            "POST", url + path,
            fields: [HeaderField(name: "Content-Type", value: PeerProtocol.mediaType)]
                + signer.fields(method: "POST", target: path, body: body, receiver: receiver, run: run, at: now()),
            body: body)
        request.toll = toll
        request.answerLimit = PeerProtocol.answerLimit
        adjust(&request)
        do throws(CourierError) {
            return .success(try await courier.send(request))
        } catch {
            return .failure(error)
        }
    }

    /// What to sign anew with, where the other node has begun another run than it was asked in.
    private func run(named head: AnswerHead, by node: NodeID?, insteadOf run: String?) -> String? {
        guard head.status == RequestRefusal.anotherRun.status,
            let named = head.fields.value(of: RequestSignature.runField), named != run, RequestRun.isName(named)
        else { return nil }
        if let node { runs.learn(named, of: node) }
        return named
    }

    // MARK: Bytes of files

    /// Hands exactly these bytes of a file of that length to `sink`, in order, or says why not; what the sink got
    /// before a failure is part of them. The holder must answer 206 with just that range, or 200 where it is the whole
    /// file.
    public func fetch(
        _ file: FileID, name: String, bytes: Range<Int64>, of length: ByteCount, from card: Card,
        into sink: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async -> Result<Void, FetchFailure> {
        guard !bytes.isEmpty else { return .success(()) }
        let path = PeerProtocol.path(of: file, name: name)
        let run = runs[card.nodeID]
        let expectation = RangeExpectation(bytes: bytes, length: length)
        var named: String?
        let first = await fetch(path, expectation, from: card, run: run, into: sink) { head in
            named = self.run(named: head, by: card.nodeID, insteadOf: run)
        }
        guard let named else { return first }
        return await fetch(path, expectation, from: card, run: named, into: sink) { _ in }
    }

    /// - Parameter refused: called with the head of an answer that is not as asked.
    private func fetch(
        _ path: String, _ expectation: RangeExpectation, from card: Card, run: String?,
        into sink: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool, refused: (AnswerHead) -> Void
    ) async -> Result<Void, FetchFailure> {
        let toll = await Toll.paying(
            for: Self.head + ByteCount(path.utf8.count), answer: ByteCount(expectation.bytes.count),
            from: .replication, of: account)
        guard let toll else { return .failure(.unaffordable) }
        defer { toll.settle() }
        let signer = RequestSigner(identity: identity)
        var request = CourierRequest(
            "GET", card.url + path,
            fields: signer.fields(method: "GET", target: path, body: nil, receiver: card.nodeID, run: run, at: now()))
        request.toll = toll
        request.range = expectation.bytes
        request.slowest = Self.slowestFetch
        request.refusesPrivate = refusesPrivate
        request.answerLimit = .kibibytes(16)
        let missing = Mutex(Int64(expectation.bytes.count))
        do throws(CourierError) {
            let answer = try await courier.download(request, accepting: expectation.isMet) { buffer in
                let fits = missing.withLock { missing in
                    missing -= Int64(buffer.count)
                    return missing >= 0
                }
                return fits && sink(buffer)
            }
            guard expectation.isMet(by: answer.head) else {
                refused(answer.head)
                return .failure(FetchFailure(status: answer.status))
            }
        } catch {
            let tooMany = missing.withLock { $0 < 0 }
            return .failure(tooMany ? .malformed : FetchFailure(error))
        }
        return missing.withLock { $0 } == 0 ? .success(()) : .failure(.malformed)
    }

    // MARK: Joining

    /// Where to knock.
    public enum Door: Hashable, Sendable {
        case invite(Invite)
        /// The URL of any member of an open network, `"http://host:port"`: who answers there is taken at its word.
        case open(url: String)
    }

    /// Asks to be let in. Nothing changes here but what the caller makes of the result.
    /// - Parameter reachedAt: the addresses that this node's card will name.
    public func join(_ door: Door, reachedAt: [Endpoint] = []) async throws(JoinFailure) -> Joined {
        let invite: Invite?
        let url: String
        switch door {
        case .invite(let given):
            guard given.expires > now() else { throw .expired }
            invite = given
            url = given.url
        case .open(let given):
            invite = nil
            url = given
        }
        let body = JoinRequest(by: identity, invite: invite, reachedAt: reachedAt).wireBytes
        let path = PeerProtocol.prefix + PeerProtocol.joinName
        let result = await post(body, to: path, at: url, receiver: invite?.inviter) { $0.timeLimit = Self.joinLimit }
        let answer: CourierAnswer
        switch result {
        case .failure(.unaffordable): throw .unaffordable
        case .failure(let error): throw .unreachable(url, error)
        case .success(let given): answer = given
        }
        guard answer.status == 200 else { throw .refused(status: answer.status, Self.sentence(of: answer)) }
        let joinAnswer: JoinAnswer
        do throws(WireError) {
            joinAnswer = try JoinAnswer(wireBytes: answer.body)
        } catch {
            throw .malformed(error)
        }
        return try Joined(joinAnswer, for: identity, inviter: invite?.inviter, network: invite?.network)
    }

    /// What a node's refusal says, where that is fit for a terminal; nothing for anybody else's answer.
    private static func sentence(of answer: CourierAnswer) -> String? {
        guard answer.head.fields.value(of: PeerProtocol.refusalField) != nil,
            answer.body.count <= PeerProtocol.refusalLimit,
            let text = String(validating: answer.body, as: UTF8.self)
        else { return nil }
        let line = text.prefix { !$0.isNewline }
        return !line.isEmpty && line.isPrintable ? String(line) : nil
    }
}

/// Which answers to a request for a range are as asked.
struct RangeExpectation: Sendable {
    let bytes: Range<Int64>
    let length: ByteCount

    func isMet(by head: AnswerHead) -> Bool {
        guard head.fields.value(of: "content-length") == String(bytes.count) else { return false }
        switch head.status {
        case 200: return bytes == 0..<length.bytes
        case 206:
            let range = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(length.bytes)"
            return head.fields.value(of: "content-range") == range
        default: return false
        }
    }
}

/// Why bytes of a file did not come, or not all of them.
public enum FetchFailure: Error, Hashable, Sendable {
    /// The holder says that it does not have them, or cannot afford them: 404, 410, 416, 429, 503, or a redirect.
    case unavailable(status: Int)
    /// The holder sent what was not asked for.
    case malformed
    /// The sink wanted no more.
    case declined
    /// This node's replication class has nothing left.
    case unaffordable
    case failed(CourierError)

    init(status: Int) {
        switch status {
        case 200, 206: self = .malformed
        case 300...599: self = .unavailable(status: status)
        default: self = .malformed
        }
    }

    init(_ error: CourierError) {
        switch error {
        case .declined: self = .declined
        case .unaffordable: self = .unaffordable
        case .badRequest, .unresolved, .unreachable, .timedOut, .stalled, .connectionLost, .truncated, .answerTooLarge,
            .tooManyRedirects, .notHTTP, .untrusted, .unreadable, .sourceTooShort, .cancelled, .busy, .stopped, .other:
            self = .failed(error)
        }
    }
}

extension CallFailure {
    init(_ error: CourierError) {
        switch error {
        case .timedOut, .stalled: self = .timedOut
        case .truncated, .answerTooLarge, .tooManyRedirects, .notHTTP, .declined: self = .malformed
        case .unaffordable, .cancelled, .busy, .stopped: self = .untried
        case .badRequest, .unresolved, .unreachable, .connectionLost, .untrusted, .unreadable, .sourceTooShort, .other:
            self = .unreachable
        }
    }
}
