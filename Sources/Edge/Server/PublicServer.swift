public import NIOCore
import NIOPosix
public import Primitives

/// What the public door has seen.
public struct EdgeCounts: Equatable, Sendable {
    /// Open now.
    public var connections = 0
    /// Closed at once, because there were too many.
    public var refusedConnections = 0
    public var responses = 0
}

/// How stopping went.
public struct ShutdownReport: Equatable, Sendable {
    /// Responses that had not ended, and were cut off.
    public var cut: Int
}

/// There is no place for one more connection.
private struct Full: Error {}

/// The public door: HTTP/1.1 on one port, for anyone.
public final class PublicServer: Sendable {
    /// Where it listens: the port that was given, if the one asked for was 0.
    public let endpoint: Endpoint
    private let channel: any Channel
    private let house: House

    private init(endpoint: Endpoint, channel: any Channel, house: House) {
        self.endpoint = endpoint
        self.channel = channel
        self.house = house
    }

    public var counts: EdgeCounts { house.counts }

    /// Listens. Connections are spread over the loops of `group`; throws what the system says when the port is taken.
    public static func start(
        on endpoint: Endpoint, group: any EventLoopGroup, services: EdgeServices,
        settings: EdgeSettings = EdgeSettings()
    ) async throws -> PublicServer {
        let house = House(services: services, settings: settings)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Connection.readSize)
            )
            .childChannelInitializer { channel in
                guard house.enter(channel) else {
                    return channel.eventLoop.makeFailedFuture(Full())
                }
                channel.closeFuture.whenComplete { _ in house.leave(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(house: house, channel: channel))
                }
            }
            .bind(host: endpoint.address.description, port: Int(endpoint.port)).get()
        let port = channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? endpoint.port
        return PublicServer(
            endpoint: Endpoint(address: endpoint.address, port: port), channel: channel, house: house)
    }

    /// Stops accepting, lets responses end for as long as `grace`, then closes what is left.
    public func shutDown(grace: Duration) async -> ShutdownReport {
        try? await channel.close()
        let loop = channel.eventLoop
        let ended = house.stop(on: loop)
        let inTime = loop.makePromise(of: Bool.self)
        let clock = loop.scheduleTask(in: .nanoseconds(grace.wholeNanoseconds)) { inTime.succeed(false) }
        ended.whenComplete { _ in inTime.succeed(true) }
        guard (try? await inTime.futureResult.get()) != true else {
            clock.cancel()
            return ShutdownReport(cut: 0)
        }
        house.cut()
        try? await ended.get()
        return ShutdownReport(cut: house.responsesCut)
    }
}
