import Allowance
import Primitives
import Routing
import Testing
import Transport

@testable import Edge

@Suite("While clients get nothing, the public door")
struct SuspensionTests {
    private static let sentence = "This node gives no files now, for a reason that its operator is told.\n"

    private func isRefusal(_ response: RawClient.Response) -> Bool {
        response.status == 503 && response["Retry-After"] == "30" && response.text == Self.sentence
    }

    @Test("says so, to members too, and serves again afterwards")
    func refused() async throws {
        let world = try await EdgeWorld.make(length: 3_000)
        let client = try world.client()
        world.account.suspend(.twin, true)
        #expect(world.account.isSuspended && world.account.remaining == .zero)
        #expect(isRefusal(try await client.exchange(world.get())))
        #expect(isRefusal(try await client.exchange(world.get(nil, "Range: bytes=0-0"))))
        #expect(isRefusal(try await client.exchange(world.signed("GET", world.path))))
        let usage = world.account.usage
        #expect(usage.spent.serving == .zero && usage.spent.replication == .zero && usage.spent.answers > .zero)
        world.account.suspend(.twin, false)
        #expect(try await client.exchange(world.get()).body == world.content)
        await world.stop()
    }

    @Test("sends the client to another holder, if there is one")
    func redirected() async throws {
        let world = try await EdgeWorld.make(length: 3_000_000)
        let other = NodeID(Bytes32(9, 9, 9, 9))
        world.route(other, url: "http://other.example:81", remaining: .gigabytes(1))
        world.routing.apply(.file(world.facts(of: world.file, .complete, holders: [other])))
        world.account.suspend(.twin, true)
        let response = try await world.client().exchange(world.get())
        #expect(response.status == 302)
        #expect(response["Location"]?.hasPrefix("http://other.example:81\(world.path)?via=") == true)
        await world.stop()
    }

    @Test("lets no download get further that has begun")
    func begun() async throws {
        let world = try await EdgeWorld.make(length: 40_000_000)
        let client = try world.client(receiveBuffer: 65_536)
        try await client.send(world.get())
        _ = try await client.skip(atLeast: 100_000)
        world.account.suspend(.twin, true)
        _ = try? await client.rest()
        #expect(try await world.settled { $0.account.usage.reserved == .zero && $0.log.count == 1 })
        #expect(world.log.allSatisfy { !$0.isComplete && $0.sent < .megabytes(30) })
        await world.stop()
    }
}
