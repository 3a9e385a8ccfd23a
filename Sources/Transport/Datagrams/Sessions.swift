internal import Crypto
internal import Membership
internal import Primitives

/// With whom this node exchanges datagrams, decided without sockets: data go only to an endpoint that has echoed a
/// nonce of ours, and are taken only with a token of ours.
///
/// Whoever wants to send and has no token challenges; the response gives it one, and where the responder lacks one too,
/// it asks for it on the same occasion: challenge, response, response, and both can send. After a restart the first
/// challenge, or the first data with a token now unknown, sets that going. Nothing here is sent unasked but challenges,
/// which are few; each of them brings at most one response, and that at most one more.
struct Sessions {
    /// An endpoint counts as proven until so long after it was last heard from.
    static let silenceLimit = Duration.seconds(1_800)
    /// Challenges to one member.
    static let challenges = Rate(burst: 4, every: .seconds(15))
    /// Challenges to one member because its data are stale: apart, so that old recordings do not use up the others.
    static let notices = Rate(burst: 2, every: .seconds(15))
    /// Responses to one member: more than it may challenge, since copies of old challenges cost some.
    static let responses = Rate(burst: 8, every: .seconds(5))
    /// Envelopes that wait for one member's response: the newest.
    static let waitingLimit = 4
    /// Envelopes that wait in all: the newest.
    static let waitingLimitInAll = 256
    /// How long they wait. A pulse that is older tells a wrong round trip, and was repeated.
    static let patience = Duration.seconds(5)
    /// How long a response may take; then another nonce is drawn.
    static let nonceLifetime = Duration.seconds(30)

    /// Something to do, in this order.
    enum Step: Hashable {
        case send(Parcel, to: Endpoint)
        case deliver([UInt8])
        case drop(DropReason)
        /// A probe's nonce has come back from the member that it was for.
        case probed(UInt64)
    }

    /// Where an authentic datagram comes from.
    struct Arrival {
        let sender: NodeID
        let epoch: UInt64
        let counter: UInt32
        let source: Endpoint
        /// Where a response goes: to the source, if this node may send there.
        let reply: Endpoint
        /// Where this node would send to the sender, after its card.
        let endpoint: Endpoint?
    }

    private struct Peer {
        var proven: Proven?
        var asked: Asked?
        var challenges = Budget()
        var notices = Budget()
        var responses = Budget()
        var greetings = ReplayMemory()
        var issued: IssuedTokens

        func proven(at endpoint: Endpoint, at now: Instant) -> Proven? {
            proven.flatMap { $0.endpoint == endpoint && now < $0.until ? $0 : nil }
        }

        mutating func judge(_ token: UInt64, _ arrival: Arrival, at now: Instant) -> IssuedTokens.Verdict {
            let verdict = issued.judge(token: token, epoch: arrival.epoch, counter: arrival.counter)
            if verdict == .new, proven?.endpoint == arrival.source { proven?.until = now + Sessions.silenceLimit }
            return verdict
        }

        /// The same one again as long as a response to it may be on its way.
        mutating func nonce(for endpoint: Endpoint, at now: Instant) -> UInt64 {
            if let asked, asked.endpoint == endpoint, now < asked.until { return asked.nonce }
            let nonce = UInt64.random(in: 1 ... .max)
            asked = Asked(nonce: nonce, endpoint: endpoint, until: now + Sessions.nonceLifetime)
            return nonce
        }
    }

    private struct Proven {
        let endpoint: Endpoint
        let token: UInt64
        /// The peer's, when it gave the token.
        let epoch: UInt64
        var until: Instant
    }

    private struct Asked {
        let nonce: UInt64
        let endpoint: Endpoint
        let until: Instant
    }

    private struct Waiting {
        let payload: [UInt8]
        let peer: NodeID
        let until: Instant
    }

    private let secret = SymmetricKey(size: .bits256)
    /// Only members whose cards were here, so as many as the directory admits.
    private var peers: [NodeID: Peer] = [:]
    private var targets = TargetBudgets()
    var probes = EndpointProbes()
    /// In the order they came.
    private var waiting: [Waiting] = []

    // MARK: Sending

    mutating func send(_ payload: [UInt8], to id: NodeID, at endpoint: Endpoint, now: Instant) -> [Step] {
        if let proven = peers[id]?.proven(at: endpoint, at: now) {
            return [.send(.data(payload, token: proven.token), to: endpoint)]
        }
        var peer = peer(id)
        defer { peers[id] = peer }
        return wait(payload, for: id, now) + challenge(&peer, at: endpoint, now)
    }

    private mutating func wait(_ payload: [UInt8], for id: NodeID, _ now: Instant) -> [Step] {
        let before = waiting.count
        waiting.removeAll { $0.until <= now }
        if waiting.count(where: { $0.peer == id }) >= Self.waitingLimit,
            let oldest = waiting.firstIndex(where: { $0.peer == id })
        {
            waiting.remove(at: oldest)
        }
        if waiting.count >= Self.waitingLimitInAll { waiting.removeFirst() }
        let dropped = before - waiting.count
        waiting.append(Waiting(payload: payload, peer: id, until: now + Self.patience))
        return Array(repeating: .drop(.unproven), count: dropped)
    }

    private mutating func challenge(_ peer: inout Peer, at endpoint: Endpoint, _ now: Instant) -> [Step] {
        guard peer.challenges.spend(Self.challenges, at: now), targets.spend(on: endpoint.address, at: now) else {
            return []
        }
        return [.send(.challenge(nonce: peer.nonce(for: endpoint, at: now), isStale: false), to: endpoint)]
    }

    /// Probes count as challenges to the address, whoever has asked for them.
    mutating func mayProbe(_ endpoint: Endpoint, at now: Instant) -> Bool {
        targets.spend(on: endpoint.address, at: now)
    }

    // MARK: Receiving

    mutating func receive(_ parcel: Parcel, _ arrival: Arrival, now: Instant) -> [Step] {
        let id = arrival.sender
        switch parcel {
        case .data(let payload, let token):
            // In place: data come often.
            if peers[id] == nil { peers[id] = peer(id) }
            switch peers[id]?.judge(token, arrival, at: now) {
            case .new: return [.deliver(payload)]
            case .replayed: return [.drop(.replayed)]
            case .stale, nil: return [.drop(.stale)] + notify(arrival, now)
            }
        case .challenge(let nonce, let isStale):
            return greeted(by: arrival) { sessions, peer in
                sessions.respond(to: nonce, &peer, arrival, isStale: isStale, now)
            }
        case .response(let nonce, let token, let challenge):
            return greeted(by: arrival) { sessions, peer in
                let data = sessions.prove(by: nonce, token, &peer, arrival, now)
                // First the token: what is asked in the data can then be answered at once.
                return (challenge.map { sessions.respond(to: $0, &peer, arrival, isStale: false, now) } ?? []) + data
            }
        }
    }

    private func peer(_ id: NodeID) -> Peer {
        peers[id] ?? Peer(issued: IssuedTokens(for: id, secret: secret))
    }

    private mutating func greeted(
        by arrival: Arrival, _ answer: (inout Sessions, inout Peer) -> [Step]
    ) -> [Step] {
        var peer = peer(arrival.sender)
        defer { peers[arrival.sender] = peer }
        guard peer.greetings.accept(epoch: arrival.epoch, counter: arrival.counter) else { return [.drop(.replayed)] }
        return answer(&self, &peer)
    }

    private mutating func notify(_ arrival: Arrival, _ now: Instant) -> [Step] {
        var peer = peer(arrival.sender)
        defer { peers[arrival.sender] = peer }
        guard let endpoint = arrival.endpoint, peer.notices.spend(Self.notices, at: now),
            targets.spend(on: endpoint.address, at: now)
        else { return [] }
        return [.send(.challenge(nonce: peer.nonce(for: endpoint, at: now), isStale: true), to: endpoint)]
    }

    /// The token in use stays until another comes: what set this going may be a recording.
    private mutating func respond(
        to nonce: UInt64, _ peer: inout Peer, _ arrival: Arrival, isStale: Bool, _ now: Instant
    ) -> [Step] {
        guard peer.responses.spend(Self.responses, at: now) else { return [.drop(.excessive)] }
        let token = peer.issued.token(for: arrival.epoch)
        guard let endpoint = arrival.endpoint,
            isStale || peer.proven(at: endpoint, at: now)?.epoch != arrival.epoch
        else { return [.send(.response(nonce: nonce, token: token, challenge: nil), to: arrival.reply)] }
        guard arrival.reply == endpoint else {
            return [.send(.response(nonce: nonce, token: token, challenge: nil), to: arrival.reply)]
                + challenge(&peer, at: endpoint, now)
        }
        // A challenge that travels with a response costs nobody anything.
        let own = peer.nonce(for: endpoint, at: now)
        return [.send(.response(nonce: nonce, token: token, challenge: own), to: endpoint)]
    }

    /// The nonce went to one endpoint only: whoever has it is there, by whatever address it answers.
    private mutating func prove(
        by nonce: UInt64, _ token: UInt64, _ peer: inout Peer, _ arrival: Arrival, _ now: Instant
    ) -> [Step] {
        if probes.take(nonce, from: arrival.sender) { return [.probed(nonce)] }
        guard let asked = peer.asked, asked.nonce == nonce, now < asked.until else { return [.drop(.unasked)] }
        peer.asked = nil
        peer.proven = Proven(
            endpoint: asked.endpoint, token: token, epoch: arrival.epoch, until: now + Self.silenceLimit)
        let due = waiting.filter { $0.peer == arrival.sender }
        waiting.removeAll { $0.peer == arrival.sender }
        return due.map {
            now < $0.until ? .send(.data($0.payload, token: token), to: asked.endpoint) : .drop(.unproven)
        }
    }
}
