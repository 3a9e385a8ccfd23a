import Glibc
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing
import Transport

@testable import Edge

@Suite("The socket that listens", .timeLimit(.minutes(1)))
struct DoorTests {
    @Test("runs short of descriptors or memory: told each time with what it was, and once when it is over")
    func shortage() async throws {
        let world = try await EdgeWorld.make(length: 10)
        let house = world.server.house
        let socket = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Doorkeeper(house: house, quiet: .milliseconds(200)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        func meet(_ numbers: CInt...) {
            for number in numbers {
                socket.pipeline.fireErrorCaught(IOError(errnoCode: number, reason: "accept"))
            }
        }
        meet(EMFILE, EMFILE, ENOBUFS)
        #expect(try await world.settled { $0.records.shortages.withLock { $0.last == .some(nil) } })
        meet(ENFILE)
        #expect(try await world.settled { $0.records.shortages.withLock { $0.count } == 6 })
        #expect(world.records.shortages.withLock { $0 } == [EMFILE, EMFILE, ENOBUFS, nil, ENFILE, nil])
        #expect(world.server.counts[.descriptors] == 4)
        // What ended long ago is not told again.
        try await Task.sleep(for: .milliseconds(300))
        #expect(world.records.shortages.withLock { $0.count } == 6)
        try await socket.close()
        await world.stop()
    }

    @Test("fails and cannot be opened again: told each time, and when it is open")
    func shut() async throws {
        let world = try await EdgeWorld.make(length: 10)
        let endpoint = world.server.endpoint
        var thief: (any Channel)?
        while thief == nil {
            try? await world.server.channel.withLock { $0 }.close()
            // On a busy machine the door may be open again before somebody else has the port.
            thief = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: endpoint.address.description, port: Int(endpoint.port)).get()
        }
        #expect(try await world.settled { $0.records.shut.withLock { $0.last == .some(EADDRINUSE) } })
        try await thief?.close()
        #expect(try await world.settled { $0.records.shut.withLock { $0.last == .some(nil) } })
        #expect(world.records.shut.withLock { $0 }.allSatisfy { [EADDRINUSE, nil].contains($0) })
        #expect(try await world.client().exchange(world.get()).status == 200)
        await world.stop()
    }
}
