internal import Allowance
public import Membership
public import NIOCore
@_spi(Verification) public import Primitives
internal import Synchronization

/// The sockets on which this node and its neighbours pulse each other: every datagram sealed for its receiver, sent
/// only where the receiver has shown that it is, paid for out of the overlay's class, and dropped with a counted reason
/// when anything is not as it should be.
public final class SealedDatagrams: Sendable {
    private let directory: Directory
    private let account: Account
    private let refusesPrivate: Bool
    private let sealer: DatagramSealer
    let sessions = Mutex(Sessions())
    /// Who waits for the answers to probes, by nonce.
    let probing = Mutex<[UInt64: AsyncStream<Void>.Continuation]>([:])
    private let received: @Sendable (Verified<Envelope>, NodeID) -> Void
    private let start = ContinuousClock.now
    private let counter: Mutex<DatagramCounts>
    private let sockets: Mutex<[DatagramSocket]>

    private init(
        identity: Identity, directory: Directory, networkKey: Bytes32, account: Account, refusesPrivate: Bool,
        received: @escaping @Sendable (Verified<Envelope>, NodeID) -> Void
    ) {
        self.received = received
        self.directory = directory
        self.account = account
        self.refusesPrivate = refusesPrivate
        sealer = DatagramSealer(identity: identity, directory: directory, networkKey: networkKey)
        counter = Mutex(DatagramCounts())
        sockets = Mutex([])
    }

    /// Binds one socket at each address; port 0 asks the system for one. `received` is called on the sockets' event
    /// loops and must not block. Where `refusesPrivate`, nothing is sent to addresses of one's own house.
    public static func bind(
        to addresses: [Endpoint], on group: any EventLoopGroup, identity: Identity, directory: Directory,
        networkKey: Bytes32, account: Account, refusesPrivate: Bool = false,
        received: @escaping @Sendable (Verified<Envelope>, NodeID) -> Void
    ) async throws -> SealedDatagrams {
        let datagrams = SealedDatagrams(
            identity: identity, directory: directory, networkKey: networkKey, account: account,
            refusesPrivate: refusesPrivate, received: received)
        // Beside a socket for IPv4, one for IPv6 must leave that family alone; by itself, a wildcard serves both.
        let separate = addresses.contains { !$0.address.isIPv6 }
        do {
            for address in addresses {
                let socket = try await DatagramSocket.bind(to: address, onlyIPv6: separate, on: group) {
                    bytes, source in
                    datagrams.receive(bytes, from: source)
                }
                datagrams.sockets.withLock { $0.append(socket) }
            }
        } catch {
            await datagrams.close()
            throw error
        }
        return datagrams
    }

    /// Where the sockets are, with the ports they got.
    public var endpoints: [Endpoint] { sockets.withLock { $0.map(\.endpoint) } }

    public var counts: DatagramCounts { counter.withLock { $0 } }

    /// Seals under another network's key from now on.
    public func enter(networkKey: Bytes32) {
        sealer.enter(networkKey: networkKey)
        sessions.withLock { $0 = Sessions() }
    }

    public func close() async {
        let closing = sockets.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
        for socket in closing { try? await socket.channel.close() }
    }

    /// Sends if it can: the receiver has a card here, an address within reach, and the account can pay. Never blocks.
    /// What is for an endpoint that has yet to show that the receiver is there waits for that, a few seconds.
    public func send(_ envelope: Envelope, to receiver: NodeID) {
        guard let card = directory.card(of: receiver), let route = route(to: card.endpoints) else {
            return drop(.unroutable)
        }
        let steps = sessions.withLock {
            $0.send(envelope.wireBytes, to: receiver, at: route.endpoint, now: now)
        }
        for step in steps { take(step, with: card) }
    }

    var now: Instant { .zero + (.now - start) }

    /// Hands back what is to be delivered.
    @discardableResult
    private func take(_ step: Sessions.Step, with card: Card) -> [UInt8]? {
        switch step {
        case .send(let parcel, let endpoint):
            if let route = route(to: [endpoint]) { transmit(parcel, over: route, for: card) } else { drop(.unroutable) }
        case .drop(let reason): drop(reason)
        case .probed(let nonce): probing.withLock { $0[nonce] }?.yield()
        case .deliver(let payload): return payload
        }
        return nil
    }

    /// - Parameter ended: called once, with whether the system took the datagram.
    func transmit(
        _ parcel: Parcel, over route: Route, for card: Card, ended: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        func drop(_ reason: DropReason) {
            self.drop(reason)
            ended(false)
        }
        let datagram: [UInt8]
        switch sealer.seal(parcel.wireBytes, for: card) {
        case .success(let sealed): datagram = sealed
        case .failure(let refusal): return drop(refusal.reason)
        }
        // Nothing queues here: what the socket cannot take now is worth nothing a second later.
        guard route.socket.channel.isWritable else { return drop(.unsendable) }
        let cost = Self.cost(of: datagram.count, with: route.endpoint)
        let era = account.era
        guard account.spendOnDatagram(cost) else { return drop(.unaffordable) }
        route.socket.write(datagram, to: route.address).whenComplete { [self] result in
            switch result {
            case .success:
                counter.withLock {
                    $0.sent &+= 1
                    $0.bytesSent += cost
                }
                ended(true)
            case .failure:
                account.creditDatagram(cost, debitedIn: era)
                self.drop(.unsendable)
                ended(false)
            }
        }
    }

    private static func cost(of count: Int, with peer: Endpoint) -> ByteCount {
        ByteCount(Int64(count) + PacketHeaders.udp(isIPv6: peer.address.isIPv6))
    }

    struct Route {
        let socket: DatagramSocket
        let address: SocketAddress
        let endpoint: Endpoint
    }

    /// To the first of the endpoints that one of the sockets can reach.
    func route(to endpoints: [Endpoint]) -> Route? {
        sockets.withLock { sockets in
            for endpoint in endpoints where !(refusesPrivate && endpoint.address.isPrivate) {
                for socket in sockets {
                    guard let address = socket.address(of: endpoint) else { continue }
                    return Route(socket: socket, address: address, endpoint: endpoint)
                }
            }
            return nil
        }
    }

    func receive(_ bytes: [UInt8], from source: Endpoint) {
        counter.withLock {
            $0.received &+= 1
            $0.bytesReceived += Self.cost(of: bytes.count, with: source)
        }
        let opened: DatagramSealer.Opened
        switch sealer.open(bytes) {
        case .success(let content): opened = content
        case .failure(let refusal): return drop(refusal.reason)
        }
        guard let parcel = try? Parcel(wireBytes: opened.payload) else { return drop(.malformed) }
        guard let card = directory.card(of: opened.sender) else { return drop(.unknownSender) }
        let arrival = Sessions.Arrival(
            sender: opened.sender, epoch: opened.epoch, counter: opened.counter, source: source,
            // A neighbour behind the same router may come from an address that nothing may be sent to.
            reply: route(to: [source] + card.endpoints)?.endpoint ?? source,
            endpoint: route(to: card.endpoints)?.endpoint)
        for step in sessions.withLock({ $0.receive(parcel, arrival, now: now) }) {
            guard let payload = take(step, with: card) else { continue }
            guard var envelope = try? Envelope(wireBytes: payload) else { return drop(.malformed) }
            // News of somebody unknown here must not cost the pulse that carries it.
            envelope.news = directory.verifying(envelope.news).map(\.value)
            received(Verified(checked: envelope), opened.sender)
        }
    }

    private func drop(_ reason: DropReason) {
        counter.withLock { $0.drop(reason) }
    }
}
