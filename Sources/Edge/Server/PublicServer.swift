public import NIOCore
import NIOPosix
public import Primitives
import Synchronization

/// How stopping went.
public struct ShutdownReport: Equatable, Sendable {
    /// Responses that had not ended, and were cut off.
    public var cut: Int
}

/// The public door: HTTP/1.1 on one port, for anyone.
public final class PublicServer: Sendable {
    /// Where it listens: the port that was given, if the one asked for was 0.
    public let endpoint: Endpoint
    let house: House
    private let group: any EventLoopGroup
    let channel: Mutex<any Channel>

    /// How long the door stays shut after its socket failed.
    private static let reopening: TimeAmount = .seconds(1)

    private init(endpoint: Endpoint, channel: any Channel, group: any EventLoopGroup, house: House) {
        self.endpoint = endpoint
        self.channel = Mutex(channel)
        self.group = group
        self.house = house
    }

    public var counts: EdgeCounts { house.counts }

    /// Listens. Connections are spread over the loops of `group`; throws what the system says when the port is taken.
    public static func start(
        on endpoint: Endpoint, group: any EventLoopGroup, services: EdgeServices,
        settings: EdgeSettings = EdgeSettings()
    ) async throws -> PublicServer {
        let house = House(services: services, settings: settings)
        let channel = try await listen(on: endpoint, group: group, house: house).get()
        let port = channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? endpoint.port
        let server = PublicServer(
            endpoint: Endpoint(address: endpoint.address, port: port), channel: channel, group: group, house: house)
        server.watch(channel)
        return server
    }

    private static func listen(
        on endpoint: Endpoint, group: any EventLoopGroup, house: House
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Doorkeeper(house: house))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try setOptions(of: channel)
                    try channel.pipeline.syncOperations.addHandler(Connection(house: house, channel: channel))
                }
            }
            .bind(host: endpoint.address.description, port: Int(endpoint.port))
    }

    /// At once: the bootstrap would set each through a future, which a flood of connections feels.
    private static func setOptions(of channel: any Channel) throws {
        guard let options = channel.syncOptions else { preconditionFailure("a socket's channel has options") }
        try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(.allowRemoteHalfClosure, value: true)
        try options.setOption(.writeBufferWaterMark, value: Connection.waterMarks)
        try options.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Connection.readSize))
    }

    /// A listening socket that the system gives up on (as accept(2) has it, for errors of the network that have nothing
    /// to do with it) is opened again.
    private func watch(_ channel: any Channel) {
        channel.closeFuture.whenComplete { [self] _ in
            guard !house.isStopping else { return }
            channel.eventLoop.scheduleTask(in: Self.reopening) { self.reopen() }
        }
    }

    private func reopen() {
        guard !house.isStopping else { return }
        Self.listen(on: endpoint, group: group, house: house).whenComplete { [self] result in
            switch result {
            case .success(let channel):
                self.channel.withLock { $0 = channel }
                watch(channel)
                if house.isStopping { channel.close(promise: nil) }
                house.services.shut(nil)
            case .failure(let error):
                house.services.shut(error)
                group.next().scheduleTask(in: Self.reopening) { self.reopen() }
            }
        }
    }

    /// Stops accepting, lets responses end for as long as `grace`, then closes what is left.
    public func shutDown(grace: Duration) async -> ShutdownReport {
        let channel = channel.withLock { $0 }
        let loop = channel.eventLoop
        let ended = house.stop(on: loop)
        try? await channel.close()
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
