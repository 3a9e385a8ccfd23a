internal import NIOCore
internal import NIOPosix
internal import Primitives

/// One bound UDP socket.
struct DatagramSocket: Sendable {
    let channel: any Channel
    let endpoint: Endpoint
    /// Bound to the IPv6 wildcard without a socket for IPv4 beside it: reaches IPv4 through mapped addresses.
    private let isDual: Bool
    let onlyIPv6: Bool

    static func bind(
        to endpoint: Endpoint, onlyIPv6: Bool, on group: any EventLoopGroup,
        receive: @escaping @Sendable ([UInt8], _ source: Endpoint) -> Void
    ) async throws -> DatagramSocket {
        var bootstrap = DatagramBootstrap(group: group)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramReceiver(receive: receive))
                }
            }
        if endpoint.address.isIPv6 {
            let option = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            bootstrap = bootstrap.channelOption(option, value: onlyIPv6 ? 1 : 0)
        }
        let channel = try await bootstrap.bind(host: endpoint.address.description, port: Int(endpoint.port)).get()
        let port = channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? endpoint.port
        return DatagramSocket(
            channel: channel, endpoint: Endpoint(address: endpoint.address, port: port),
            isDual: endpoint.address == .v6(high: 0, low: 0) && !onlyIPv6, onlyIPv6: onlyIPv6)
    }

    /// The endpoint as this socket reaches it; nothing when it is of another family.
    func address(of target: Endpoint) -> SocketAddress? {
        let text: String
        switch (target.address.isIPv6, endpoint.address.isIPv6) {
        case (false, true):
            guard isDual else { return nil }
            text = "::ffff:\(target.address)"
        case (true, false):
            return nil
        case (true, true), (false, false):
            text = target.address.description
        }
        return try? SocketAddress(ipAddress: text, port: Int(target.port))
    }

    func write(_ datagram: [UInt8], to address: SocketAddress) -> EventLoopFuture<Void> {
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: datagram)))
    }
}

/// Hands on what a socket receives.
private final class DatagramReceiver: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let receive: @Sendable ([UInt8], _ source: Endpoint) -> Void

    init(receive: @escaping @Sendable ([UInt8], _ source: Endpoint) -> Void) {
        self.receive = receive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let datagram = unwrapInboundIn(data)
        guard let source = Endpoint(datagram.remoteAddress) else { return }
        receive(Array(datagram.data.readableBytesView), source)
    }

    /// Errors of a UDP socket (a port unreachable somewhere, say) concern one datagram: the socket stays.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension Endpoint {
    /// Nothing for what is not an internet address.
    fileprivate init?(_ address: SocketAddress) {
        guard let host = address.ipAddress.flatMap({ IPAddress($0) }),
            let port = address.port.flatMap({ UInt16(exactly: $0) })
        else { return nil }
        self.init(address: host, port: port)
    }
}

extension IPAddress {
    var isIPv6: Bool {
        switch self {
        case .v4: false
        case .v6: true
        }
    }
}
