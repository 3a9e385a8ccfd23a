import Primitives
import Synchronization
import Testing
import Transport

@testable import Edge

@Suite("Large answers to nodes")
struct BacklogTests {
    private static let answer = [UInt8](repeating: 7, count: 16_000_000)

    /// Idle and lingering connections end soon, and whoever takes next to nothing for so long.
    private func world(stallLimit: Duration = .seconds(60)) async throws -> EdgeWorld {
        var settings = EdgeSettings()
        settings.idleLimit = .milliseconds(200)
        settings.lingerLimit = .milliseconds(200)
        settings.stallLimit = stallLimit
        let world = try await EdgeWorld.make(length: 10, settings: settings)
        world.door.joinAnswer.withLock { $0 = (200, Self.answer) }
        return world
    }

    private func ask(_ world: EdgeWorld, _ fields: String...) async throws -> RawClient {
        let client = try world.client(receiveBuffer: 65_536)
        let (path, body) = (PeerProtocol.prefix + PeerProtocol.joinName, Array("let me in".utf8))
        let line = fields.first ?? "X: y"
        try await client.send(Array(world.signed("POST", path, line, body: body).utf8) + body)
        return client
    }

    /// Far longer than anyone may be idle.
    private func read(_ client: RawClient) async throws -> Int {
        var count = 0
        while count < Self.answer.count {
            count += try await client.skip(atLeast: min(200_000, Self.answer.count - count))
            try await Task.sleep(for: .milliseconds(40))
        }
        return count
    }

    @Test("who reads one slowly gets all of it", arguments: ["keep-alive", "close"])
    func slowly(connection: String) async throws {
        let world = try await world()
        let client = try await ask(world, "Connection: \(connection)")
        let count = try await read(client)
        #expect(try await count + client.rest().count > Self.answer.count)
        #expect(world.server.counts[.slow] == 0)
        await world.stop()
    }

    @Test("who does not read is let go")
    func never() async throws {
        let world = try await world(stallLimit: .seconds(1))
        let client = try await ask(world)
        #expect(try await world.settled { $0.server.counts[.slow] == 1 && $0.server.counts.connections == 0 })
        #expect(try await client.rest().count < Self.answer.count)
        await world.stop()
    }

    @Test("a node that stops lets it end, and cuts it off when there is no more time", arguments: [true, false])
    func stopping(inTime: Bool) async throws {
        let world = try await world()
        let client = try await ask(world)
        var count = try await client.skip(atLeast: 200_000)
        async let report = world.server.shutDown(grace: inTime ? .seconds(30) : .milliseconds(100))
        if inTime {
            while let more = try? await client.skip(atLeast: 1) { count += more }
            #expect(count > Self.answer.count)
        }
        #expect(await report == ShutdownReport(cut: inTime ? 0 : 1))
        await world.stop()
    }
}
