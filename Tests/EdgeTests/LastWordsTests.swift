import Allowance
import Primitives
import Testing
import Transport

@testable import Edge

@Suite("While the disk takes no leases, the public door")
struct LastWordsTests {
    private static let unkept = "This node cannot keep its account now.\n"

    private func isRefusal(_ response: RawClient.Response) -> Bool {
        response.status == 503 && response["Retry-After"] == "30" && response.text == Self.unkept
    }

    @Test("refuses a download that has waited for a lease since before it said anything")
    func waiting() async throws {
        let world = try await EdgeWorld.make(length: 3_000_000, leases: .once(.kibibytes(300)))
        let client = try world.client()
        try await client.send(world.get() + world.get("/nothing"))
        #expect(try await world.settled { $0.account.usage.reserved.serving > .zero })
        #expect(world.account.usage.spent == .zero)
        world.account.setStuck(true)
        let refusal = try await client.response()
        #expect(isRefusal(refusal))
        let next = try await client.response()
        #expect(next.status == 404)
        let usage = world.account.usage
        #expect(usage.spent == ClassTotals(answers: ByteCount(refusal.byteCount + next.byteCount)))
        #expect(usage.reserved == .zero)
        await world.stop()
    }

    @Test("lets a download that has begun wait for the disk")
    func begun() async throws {
        let world = try await EdgeWorld.make(length: 3_000_000, leases: .once(ByteCount(1_100_000)))
        let client = try world.client()
        try await client.send(world.get())
        #expect(try await world.settled { $0.account.usage.spent.serving > .zero })
        world.account.setStuck(true)
        try await Task.sleep(for: .milliseconds(100))
        #expect(world.account.usage.reserved.serving > .zero)
        world.account.setStuck(false)
        world.account.extend(to: ClassTotals(serving: .gigabytes(1)))
        #expect(try await client.response().body == world.content)
        await world.stop()
    }

    @Test("serves what the lease covers, tells others to come back, and is silent when nothing is leased any more")
    func untilNothingIsLeft() async throws {
        let world = try await EdgeWorld.make(length: 40_000, leases: .once(ByteCount(100_000)))
        world.account.setStuck(true)
        var received: (serving: Int64, answers: Int64) = (0, 0)
        var statuses: [Int] = []
        while true {
            let client = try world.client()
            try await client.send(world.get(nil, "Connection: close"))
            let bytes = try await client.rest()
            guard !bytes.isEmpty else { break }
            let text = String(decoding: bytes.prefix(400), as: UTF8.self)
            statuses.append(text.hasPrefix("HTTP/1.1 200 ") ? 200 : text.hasPrefix("HTTP/1.1 503 ") ? 503 : 0)
            if statuses.last == 200 {
                received.serving += Int64(bytes.count)
                #expect(Array(bytes.suffix(world.content.count)) == world.content)
            } else {
                received.answers += Int64(bytes.count)
                #expect(text.contains("\r\nRetry-After: 30\r\n") && text.hasSuffix(Self.unkept))
            }
        }
        let usage = world.account.usage
        #expect(statuses.prefix(2) == [200, 200])
        #expect(statuses.count > 250 && statuses.dropFirst(2).allSatisfy { $0 == 503 })
        #expect(usage.spent.serving == ByteCount(received.serving))
        #expect(usage.spent.answers == ByteCount(received.answers))
        #expect(usage.spent.answers <= usage.durable.answers)
        #expect(usage.reserved == .zero)
        await world.stop()
    }

    @Test("has few words where many do not fit any more")
    func short() async throws {
        let world = try await EdgeWorld.make(length: 40_000, leases: .once(ByteCount(100_000)))
        let client = try world.client()
        let long = try await client.exchange(world.get("\(world.path)?why"))
        #expect(long.status == 200)
        world.account.setStuck(true)
        let left = ByteCount(long.byteCount - 1)
        let usage = world.account.usage
        #expect(world.account.spend(usage.durable.answers - usage.spent.answers - left, for: .answers))
        let before = world.account.usage.spent.answers
        let refusal = try await client.exchange(world.get("\(world.path)?why"))
        #expect(isRefusal(refusal) && refusal.byteCount < long.byteCount)
        #expect(world.account.usage.spent.answers == before + ByteCount(refusal.byteCount))
        await world.stop()
    }

    @Test("keeps its last words from others while the disk is only slow")
    func kept() async throws {
        let world = try await EdgeWorld.make(length: 10, leases: .once(ByteCount(20_000)))
        var count: Int64 = 0
        let client = try world.client()
        while world.account.usage.reserved == .zero, count < 200 {
            try await client.send(world.get("/nothing"))
            count += 1
            _ = try await world.settled { $0.log.count == count || $0.account.usage.reserved != .zero }
        }
        let usage = world.account.usage
        #expect(usage.spent.answers <= ByteCount(10_000))
        #expect(usage.reserved.answers > .zero, "the last of them waits")
        world.account.setStuck(true)
        #expect(try await world.settled { $0.account.usage.reserved == .zero && $0.log.count == count })
        #expect(world.account.usage.spent.answers > usage.spent.answers)
        await world.stop()
    }
}
