internal import Allowance
public import Membership
public import NIOCore
@_spi(Verification) public import Primitives
internal import Synchronization

/// The sockets on which this node and its neighbours pulse each other: every datagram sealed for its receiver, paid for
/// out of the overlay's class, and dropped with a counted reason when anything is not as it should be.
public final class SealedDatagrams: Sendable {
    private let directory: Directory
    private let account: Account
    private let refusesPrivate: Bool
    private let sealer: DatagramSealer
    private let counter: Mutex<DatagramCounts>
    private let sockets: Mutex<[DatagramSocket]>

    private init(
        identity: Identity, directory: Directory, networkKey: Bytes32, account: Account, refusesPrivate: Bool
    ) {
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
            refusesPrivate: refusesPrivate)
        // Beside a socket for IPv4, one for IPv6 must leave that family alone; by itself, a wildcard serves both.
        let separate = addresses.contains { !$0.address.isIPv6 }
        do {
            for address in addresses {
                let socket = try await DatagramSocket.bind(to: address, onlyIPv6: separate, on: group) {
                    bytes, isIPv6 in
                    datagrams.receive(bytes, isIPv6: isIPv6, received)
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
    }

    public func close() async {
        let closing = sockets.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
        for socket in closing { try? await socket.channel.close() }
    }

    /// Sends if it can: the receiver has a card here, an address within reach, and the account can pay. Never blocks.
    public func send(_ envelope: Envelope, to receiver: NodeID) {
        guard let card = directory.card(of: receiver), let (socket, address) = route(to: card.endpoints) else {
            return drop(.unroutable)
        }
        let datagram: [UInt8]
        switch sealer.seal(envelope.wireBytes, for: card) {
        case .success(let sealed): datagram = sealed
        case .failure(let refusal): return drop(refusal.reason)
        }
        // Nothing queues here: what the socket cannot take now is worth nothing a second later.
        guard socket.channel.isWritable else { return drop(.unsendable) }
        let cost = Self.cost(of: datagram.count, isIPv6: address.isIPv6)
        let era = account.era
        guard account.spend(cost, for: .overlay) else { return drop(.unaffordable) }
        socket.write(datagram, to: address).whenComplete { [self] result in
            switch result {
            case .success:
                counter.withLock {
                    $0.sent &+= 1
                    $0.bytesSent += cost
                }
            case .failure:
                account.credit(cost, to: .overlay, debitedIn: era)
                counter.withLock { $0.drop(.unsendable) }
            }
        }
    }

    /// With the headers of IP (20 or 40 bytes) and UDP (8).
    private static func cost(of count: Int, isIPv6: Bool) -> ByteCount {
        ByteCount(count + (isIPv6 ? 40 : 20) + 8)
    }

    /// The first of a card's endpoints that one of the sockets can reach.
    private func route(to endpoints: [Endpoint]) -> (DatagramSocket, DatagramAddress)? {
        sockets.withLock { sockets in
            for endpoint in endpoints where !(refusesPrivate && endpoint.address.isPrivate) {
                for socket in sockets {
                    if let address = socket.address(of: endpoint) { return (socket, address) }
                }
            }
            return nil
        }
    }

    private func receive(
        _ bytes: [UInt8], isIPv6: Bool, _ received: (Verified<Envelope>, NodeID) -> Void
    ) {
        counter.withLock {
            $0.received &+= 1
            $0.bytesReceived += Self.cost(of: bytes.count, isIPv6: isIPv6)
        }
        switch sealer.open(bytes) {
        case .failure(let refusal):
            drop(refusal.reason)
        case .success(let (payload, sender)):
            guard var envelope = try? Envelope(wireBytes: payload) else { return drop(.malformed) }
            // News of somebody unknown here must not cost the pulse that carries it.
            envelope.news = directory.verifying(envelope.news).map(\.value)
            received(Verified(checked: envelope), sender)
        }
    }

    private func drop(_ reason: DropReason) {
        counter.withLock { $0.drop(reason) }
    }
}
