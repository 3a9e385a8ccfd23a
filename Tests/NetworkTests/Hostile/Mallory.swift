import Allowance
import Catalogue
import Foundation
import Glibc
import Membership
import Overlay
import Primitives
import Synchronization

@testable import Transport

/// A member with a valid certificate and a bad character. What it says of itself is polite enough to be kept as a
/// member: it answers pulses and probes, proves its address, and knows the network key.
final class Mallory: Sendable {
    let identity: Identity
    let port: UInt16
    let directory: Transport.Directory
    let client: PeerClient
    let joined: Joined
    let sealer: DatagramSealer
    let server: LiarServer
    let courier: Courier
    private let datagrams: Int32

    private struct State {
        var version: UInt64
        var status: Status?
        /// How often each probe was answered.
        var answers: [UInt32: Int] = [:]
        var isStopped = false
        /// Answers no datagram.
        var isMute = false
        /// What members want to see in its data.
        var tokens: [NodeID: UInt64] = [:]
        /// The versions of others' statuses, as they told them.
        var versions: [ShortID: UInt64] = [:]
    }

    private let state: Mutex<State>

    var url: String { "http://127.0.0.1:\(port)" }
    var endpoint: Endpoint { Endpoint(address: .v4(0x7F00_0001), port: port) }

    static var now: WallTime { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// Joins by the invite, as anybody would.
    init(invite: String) async throws {
        identity = Identity.generate()
        port = try FreePorts.take(1)[0]
        courier = try Courier()
        let account = Self.endlessAccount()
        let invite = try Invite(invite)
        directory = Transport.Directory(founder: invite.network)
        client = PeerClient(
            courier: courier, identity: identity, directory: directory, account: account, now: { Self.now })
        joined = try await client.join(.invite(invite))
        directory.learn(joined.certificates.map(\.value) + [joined.certificate])
        sealer = DatagramSealer(identity: identity, directory: directory, networkKey: joined.networkKey)
        state = Mutex(State(version: UInt64(Self.now.milliseconds)))
        datagrams = try RudeSocket.bindDatagrams(to: port)
        server = try LiarServer(port: port) { _ in .whole(status: 404, body: []) }
        directory.learn(identity.sign(card()))
        learn(joined.table)
        bePolite()
        Thread.detachNewThread { [self] in listen() }
    }

    /// Answers no datagram, or does again.
    func mute(_ isMute: Bool) { state.withLock { $0.isMute = isMute } }

    func stop() {
        state.withLock { $0.isStopped = true }
        server.stop()
        courier.stop()
    }

    private final class Holder: Sendable {
        let account = Mutex<Account?>(nil)
    }

    /// Leases are renewed at once.
    private static func endlessAccount() -> Account {
        let terms = Terms(share: .gigabytes(1_000_000))
        var all = ClassTotals.zero
        for kind in TrafficClass.allCases { all[kind] = terms.ceiling(kind) }
        let (holder, durable) = (Holder(), all)
        let account = Account(Leases(terms: terms, spent: .zero, durable: all)) { _ in
            holder.account.withLock(\.self)?.extend(to: durable)
        }
        holder.account.withLock { $0 = account }
        return account
    }

    // MARK: What it says of itself

    func nextVersion() -> UInt64 {
        state.withLock { state in
            state.version = max(state.version + 1, UInt64(Self.now.milliseconds))
            return state.version
        }
    }

    /// A draft: true, unless it is told otherwise.
    func card(name: String = "mallory", url: String? = nil, endpoints: [Endpoint]? = nil, version: UInt64? = nil)
        -> Card
    {
        Card(
            nodeID: identity.nodeID, agreementKey: identity.agreementKey, network: joined.founder,
            version: version ?? nextVersion(), name: name, endpoints: endpoints ?? [endpoint], url: url ?? self.url,
            place: nil, share: .gigabytes(1), certificate: joined.certificate)
    }

    /// A signed status; by default one that claims to have more than anybody.
    func status(remaining: ByteCount = .max, version: UInt64? = nil) -> Status {
        let draft = Status(
            node: identity.nodeID.short, version: version ?? nextVersion(), remaining: QuarterPower(remaining), load: 0,
            freeDisk: QuarterPower(remaining))
        let status = identity.sign(draft).value
        state.withLock { $0.status = status }
        return status
    }

    /// Tells members its card and status, as after a start.
    func introduce(to targets: [Target], _ card: Card? = nil, remaining: ByteCount = .max) async {
        let own = identity.sign(card ?? self.card())
        directory.learn(own)
        let status = status(remaining: remaining)
        for target in targets {
            let answer = await client.call(.introduce([.card(own.value), .status(status)]), to: target.card)
            if case .success(let answer) = answer, case .table(let news) = answer.value {
                learn(answer.parts { _ in news })
            }
        }
    }

    func learn(_ table: [Verified<News>]) {
        for news in table {
            switch news.value {
            case .card(let card): directory.learn(news.part { _ in card })
            case .status(let status):
                state.withLock { $0.versions[status.node] = max(status.version, $0.versions[status.node] ?? 0) }
            case .verdict, .departure: break
            }
        }
    }

    /// The version of a member's newest status that was heard here.
    func version(of member: NodeID) -> UInt64 { state.withLock { $0.versions[member.short] ?? 0 } }

    // MARK: Datagrams

    /// With the token that the target has given, if it ever has: it is asked for one where none is known.
    func seal(_ envelope: Envelope, for target: Target) throws -> [UInt8] {
        for attempt in 0..<100 where state.withLock({ $0.tokens[target.card.nodeID] }) == nil {
            if attempt % 25 == 0 {
                let challenge = Parcel.challenge(nonce: Self.nonce, isStale: false)
                send(try sealer.seal(challenge.wireBytes, for: target.card).get(), to: target)
            }
            usleep(20_000)
        }
        let token = state.withLock { $0.tokens[target.card.nodeID] } ?? 0
        return try sealer.seal(Parcel.data(envelope.wireBytes, token: token).wireBytes, for: target.card).get()
    }

    /// It does not care whether others are where they say, nor when what they say was recorded.
    private static let nonce: UInt64 = 0xBAD

    func send(_ datagram: [UInt8], to target: Target) {
        RudeSocket.sendDatagram(datagram, from: datagrams, to: target.node.port)
    }

    /// How often the probe of that number was answered.
    func answers(to number: UInt32) -> Int { state.withLock { $0.answers[number] ?? 0 } }

    /// All answers to probes from that number on.
    func answers(from number: UInt32) -> Int {
        state.withLock { $0.answers.reduce(0) { $0 + ($1.key >= number ? $1.value : 0) } }
    }

    private func listen() {
        defer { close(datagrams) }
        while !state.withLock(\.isStopped) {
            guard let datagram = RudeSocket.receiveDatagram(at: datagrams),
                case .success(let opened) = sealer.open(datagram), let card = directory.card(of: opened.sender),
                let parcel = try? Parcel(wireBytes: opened.payload), let reply = reply(to: parcel, from: card.nodeID),
                !state.withLock(\.isMute), case .success(let sealed) = sealer.seal(reply.wireBytes, for: card),
                let endpoint = card.endpoints.first
            else { continue }
            RudeSocket.sendDatagram(sealed, from: datagrams, to: endpoint.port)
        }
    }

    private func reply(to parcel: Parcel, from sender: NodeID) -> Parcel? {
        switch parcel {
        case .data(let payload, _):
            guard let envelope = try? Envelope(wireBytes: payload) else { return nil }
            learn(directory.verifying(envelope.news))
            guard let reply = reply(to: envelope.message) else { return nil }
            return .data(reply.wireBytes, token: state.withLock { $0.tokens[sender] } ?? 0)
        case .challenge(let nonce, _):
            return .response(nonce: nonce, token: 1, challenge: Self.nonce)
        case .response(_, let token, let challenge):
            state.withLock { $0.tokens[sender] = token }
            return challenge.map { .response(nonce: $0, token: 1, challenge: nil) }
        }
    }

    private func reply(to message: Message) -> Envelope? {
        switch message {
        case .pulse(let pulse):
            let reply = Pulse(
                number: pulse.number, interval: pulse.interval, carriage: Carriage(epoch: 1, after: 0, through: 0),
                acknowledgement: Cursor(epoch: pulse.carriage.epoch, position: pulse.carriage.through), hasMore: false,
                minute: pulse.minute, quietHash: pulse.quietHash)
            let status = state.withLock(\.status)
            return Envelope(.pulseReply(reply), news: status.map { [.status($0)] } ?? [])
        case .probe(let number): return Envelope(.probeReply(number: number))
        case .suspicion(let number, _): return Envelope(.probeReply(number: number), news: [.status(status())])
        case .probeReply(let number, _):
            state.withLock { $0.answers[number, default: 0] += 1 }
            return nil
        case .pulseReply, .indirectProbe, .indirectReply, .indirectFailure, .buckets, .rows, .tidings: return nil
        }
    }

    // MARK: Requests

    /// The server answers as an honest node would that holds nothing.
    func bePolite() {
        server.answer { [self] in politeReply(to: $0) }
    }

    func politeReply(to request: LiarServer.Request) -> LiarServer.Reply {
        guard request.target.hasPrefix(PeerProtocol.prefix),
            let question = try? PeerProtocol.request(
                request.body, name: String(request.target.dropFirst(PeerProtocol.prefix.count)))
        else { return .whole(status: 404, body: []) }
        let answer: PeerAnswer
        switch question {
        case .prove(let nonce, _):
            answer = .proof(identity.sign(AddressProof(node: identity.nodeID, nonce: nonce, url: url)).value)
        case .introduce: answer = .table(directory.card(of: identity.nodeID).map { [.card($0)] } ?? [])
        case .callBack: return .whole(status: 503, body: [])
        case .catalogue(.announce): answer = .catalogue(.noted)
        case .catalogue(.offer): answer = .catalogue(.declined(.busy))
        case .catalogue(.confirm): answer = .catalogue(.confirmed([], [], unknown: []))
        case .catalogue: answer = .catalogue(.unknown)
        }
        return .whole(status: 200, fields: ["Content-Type: \(PeerProtocol.mediaType)"], body: answer.wireBytes)
    }

    /// A signed request, as it goes over the wire.
    func signed(
        _ request: PeerRequest, for target: Target, by signer: Identity? = nil, receiver: NodeID? = nil,
        at time: WallTime = Mallory.now, isKept: Bool = false
    ) -> [UInt8] {
        let body = request.wireBytes
        let path = PeerProtocol.path(of: request)
        let fields = RequestSigner(identity: signer ?? identity).fields(
            method: "POST", target: path, body: body, receiver: receiver ?? target.card.nodeID,
            run: target.run.name, at: time)
        return HTTPText.request("POST", path, fields, length: body.count, isKept: isKept) + body
    }
}

/// Requests, byte by byte.
enum HTTPText {
    static func request(
        _ method: String, _ target: String, _ fields: [HeaderField], length: Int?, isKept: Bool = false
    ) -> [UInt8] {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1"]
        lines += fields.map { "\($0.name): \($0.value)" }
        if let length { lines.append("Content-Length: \(length)") }
        if !isKept { lines.append("Connection: close") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// The status that the answer begins with; 0 where there is none.
    static func status(of answer: [UInt8]) -> Int {
        let line = String(decoding: answer.prefix(15), as: UTF8.self).split(separator: " ")
        return line.count > 1 && line[0] == "HTTP/1.1" ? Int(line[1]) ?? 0 : 0
    }

    /// What comes after the head.
    static func body(of answer: [UInt8]) -> [UInt8] {
        answer.firstRange(of: Array("\r\n\r\n".utf8)).map { Array(answer[$0.upperBound...]) } ?? []
    }
}

/// An honest node, as Mallory sees it.
struct Target: Sendable {
    let node: TestNode
    let card: Card
    /// What it calls its present run.
    let run = Run()

    final class Run: Sendable {
        private let state = Mutex<String?>(nil)
        var name: String? { state.withLock(\.self) }
        fileprivate func become(_ name: String?) { state.withLock { $0 = name } }
    }

    /// Whoever asks without a signature is told.
    func learnRun() async throws {
        let question = HTTPText.request("POST", PeerProtocol.prefix + PeerRequest.proof, [], length: 0)
        let lines = String(decoding: try await answer(to: question), as: UTF8.self).split(separator: "\r\n")
        let prefix = "Potluck-Run: "
        run.become(lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    }

    /// Sends these bytes on a connection of their own. The status of the answer; 0 when there is none.
    func status(for bytes: [UInt8], patience seconds: Int = 10) async throws -> Int {
        HTTPText.status(of: try await answer(to: bytes, patience: seconds))
    }

    func answer(to bytes: [UInt8], patience seconds: Int = 10) async throws -> [UInt8] {
        let port = node.port
        return try await blocking {
            let descriptor = try RudeSocket.connect(to: port, patience: seconds)
            defer { close(descriptor) }
            RudeSocket.write(bytes, to: descriptor)
            return RudeSocket.read(from: descriptor)
        }
    }
}
