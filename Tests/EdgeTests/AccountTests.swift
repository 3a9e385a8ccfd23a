import Allowance
import CLinux
import Primitives
import Testing
import Transport

@testable import Edge

@Suite("The account of the public door")
struct AccountTests {
    @Test("many downloads at once over leases of any size cost exactly what the clients got")
    func manyDownloads() async throws {
        let world = try await EdgeWorld.make(length: 2_200_000, leases: .small(.kibibytes(256)))
        let sent = try await withThrowingTaskGroup(of: Int64.self) { group in
            for index in 0..<12 {
                group.addTask {
                    let client = try world.client()
                    var sum: Int64 = 0
                    for _ in 0..<3 {
                        let response = try await client.exchange(world.get(nil, "Range: bytes=\(index * 1000)-"))
                        #expect(response.body == Array(world.content[(index * 1000)...]))
                        sum += response.byteCount
                    }
                    return sum
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(try await world.settled { $0.account.usage.reserved == .zero && $0.log.count == 36 })
        #expect(world.account.usage.spent == ClassTotals(serving: ByteCount(sent)))
        #expect(world.log.reduce(0) { $0 + $1.sent.bytes } == sent)
        #expect(world.log.allSatisfy { $0.isComplete && $0.status == 206 })
        await world.stop()
    }

    @Test("what clients that hang up did not take is given back, but for what was handed over", arguments: [0, 1])
    func aborted(_ seed: UInt64) async throws {
        let world = try await EdgeWorld.make(length: 40_000_000)
        var generator = Generator(seed: seed)
        var received: Int64 = 0
        for _ in 0..<6 {
            let client = try world.client(receiveBuffer: 65_536)
            try await client.send(world.get())
            received += Int64(try await client.skip(atLeast: Int.random(in: 0..<3_000_000, using: &generator)))
            client.abort()
        }
        #expect(try await world.settled { $0.account.usage.reserved == .zero && $0.log.count == 6 })
        let usage = world.account.usage
        let recorded = world.log.reduce(0) { $0 + $1.sent.bytes }
        #expect(usage.spent == ClassTotals(serving: ByteCount(recorded)))
        #expect(usage.spent.serving.bytes >= received)
        #expect(usage.spent.serving < ByteCount(6 * 40_000_000))
        #expect(world.log.allSatisfy { !$0.isComplete })
        await world.stop()
    }

    @Test("with the headers of packets, what was set aside too much is given back at the end, whole or cut off")
    func frames() async throws {
        var settings = EdgeSettings()
        settings.countsFrames = true
        let world = try await EdgeWorld.make(length: 8_000_000, settings: settings)
        var client: RawClient? = try world.client()
        let response = try #require(try await client?.exchange(world.get()))
        let ahead = WireCost.usual.ahead(8_000_000)
        #expect(world.account.usage.spent.serving.bytes > response.byteCount)
        client = nil
        #expect(try await world.settled { $0.server.counts.connections == 0 })
        let whole = world.account.usage.spent.serving.bytes
        #expect(whole > response.byteCount && whole < ahead - 400_000)

        client = try world.client(receiveBuffer: 8192)
        try await client?.send(world.get())
        #expect(try await world.settled { $0.account.usage.spent.serving.bytes > whole + Payment.slice })
        let received = Int64(try #require(try await client?.skip(atLeast: 20_000)))
        client = nil
        #expect(try await world.settled { $0.server.counts.connections == 0 })
        let cut = world.account.usage.spent.serving.bytes - whole
        #expect(cut >= received && cut < Int64(world.log[1].sent.bytes))
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }

    @Test("clients that hang up while the socket takes more cost no more than was sent, however often", arguments: [40])
    func hangUps(rounds: Int) async throws {
        var settings = EdgeSettings()
        settings.countsFrames = true
        let world = try await EdgeWorld.make(length: 8_000_000, settings: settings)
        for round in 0..<rounds {
            let before = world.account.usage.spent.serving.bytes
            var client: RawClient? = try world.client(receiveBuffer: 8192)
            try await client?.send(world.get())
            #expect(try await world.settled { $0.account.usage.spent.serving.bytes > before + Payment.slice })
            let received = Int64(try #require(try await client?.skip(atLeast: 20_000 + 500 * round)))
            client = nil
            #expect(try await world.settled { $0.server.counts.connections == 0 && $0.log.count == round + 1 })
            let cut = world.account.usage.spent.serving.bytes - before
            #expect(cut >= received && cut < Int64(world.log[round].sent.bytes), "round \(round)")
        }
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }

    @Test(
        "what went over the wire counts, also where nothing is left and nothing was answered", arguments: [true, false])
    func unpaid(isAsking: Bool) async throws {
        var settings = EdgeSettings()
        settings.countsFrames = true
        let world = try await EdgeWorld.make(length: 10, share: .zero, settings: settings)
        var client: RawClient? = try world.client()
        if isAsking {
            for byte in world.get().utf8 { try await client?.send([byte]) }
            #expect(try await client?.rest() == [])
        }
        let packets = try #require(client?.packets)
        #expect(packets > 0)
        client = nil
        #expect(try await world.settled { $0.account.usage.spent.sum > .zero && $0.server.counts.connections == 0 })
        let spent = world.account.usage.spent
        #expect(spent == ClassTotals(answers: spent.sum))
        #expect(spent.sum.bytes >= packets * WireCost.usual.frame)
        #expect(spent.sum.bytes <= (packets + WireAccount.framesAround) * WireCost.usual.frame)
        #expect(world.account.usage.remaining == .zero)
        await world.stop()
    }

    @Test("connections that never say anything end without a word, and cost the packets around them")
    func idle() async throws {
        var settings = EdgeSettings()
        (settings.countsFrames, settings.idleLimit) = (true, .milliseconds(150))
        let world = try await EdgeWorld.make(length: 10, settings: settings)
        var clients = try (0..<20).map { _ in try world.client() }
        for client in clients { #expect(try await client.rest() == []) }
        #expect(try await world.settled { $0.server.counts.connections == 0 })
        let packets = clients.reduce(0) { $0 + $1.packets }
        let spent = world.account.usage.spent
        #expect(spent == ClassTotals(answers: spent.sum))
        #expect(spent.sum.bytes >= packets * WireCost.usual.frame)
        #expect(spent.sum.bytes <= Int64(clients.count) * WireAccount.framesAround * WireCost.usual.frame)
        #expect(world.server.counts.responses == 0)
        clients = []
        await world.stop()
    }

    @Test("a response that is cut off costs at least what its client got, packets and all")
    func cutOff() async throws {
        var settings = EdgeSettings()
        settings.countsFrames = true
        let world = try await EdgeWorld.make(length: 30_000_000, settings: settings)
        let client = try world.client(receiveBuffer: 65_536)
        try await client.send(world.get())
        var received = Int64(try await client.skip(atLeast: 5_000_000))
        #expect(await world.server.shutDown(grace: .zero) == ShutdownReport(cut: 1))
        received += Int64(try await client.rest().count)
        let usage = world.account.usage
        #expect(usage.spent.sum.bytes >= received + client.packets * WireCost.usual.frame)
        #expect(usage.spent.sum < ByteCount(30_000_000))
        #expect(usage.reserved == .zero)
        await world.stop()
    }

    @Test("a reset costs what was under way, and a packet for each that may yet be acknowledged")
    func resets() {
        var facts = clinux_tcp_info()
        (facts.state, facts.snd_mss, facts.segs_out, facts.bytes_sent) = (1, 1448, 100, 140_000)
        (facts.unacked, facts.retrans, facts.snd_cwnd, facts.snd_wnd) = (10, 2, 20, 20_000)
        let (cost, frame) = (WireCost.usual, WireCost.usual.frame)
        let sent = 140_000 + 100 * frame
        let quiet = WireToll(facts, cost: cost, isReset: true)
        #expect(quiet.certain == sent + 12 * frame && quiet.likely == 0)
        #expect(WireToll(facts, cost: cost, isReset: false).certain == sent)
        facts.notsent_bytes = 1_000_000
        // Its window takes 5,520 bytes more, in four packets.
        let busy = WireToll(facts, cost: cost, isReset: true)
        #expect(busy.certain == sent + 5520 + 4 * frame + 16 * frame && busy.likely == 0)
        facts.state = WireToll.deadState
        let dead = WireToll(facts, cost: cost, isReset: true)
        #expect(dead.certain == sent && dead.likely == 0)
    }

    @Test("a slow reader holds its reservation and no more, and gets all of it")
    func slowReader() async throws {
        let world = try await EdgeWorld.make(length: 30_000_000)
        let client = try world.client(receiveBuffer: 32_768)
        try await client.send(world.get())
        _ = try await world.settled { $0.account.usage.spent.serving > .zero }
        try await Task.sleep(for: .milliseconds(200))
        let early = world.account.usage
        #expect(early.spent.serving < .megabytes(20))
        #expect(early.spent.serving + early.reserved.serving >= .megabytes(30))
        let response = try await client.response()
        #expect(response.body == world.content)
        #expect(world.account.usage.spent.serving == ByteCount(response.byteCount))
        await world.stop()
    }

    @Test("two hundred clients never get more than the allowance, and all others are told when to come back")
    func crowd() async throws {
        var settings = EdgeSettings()
        settings.limitsPortions = false
        let world = try await EdgeWorld.make(length: 1_000_000, share: .megabytes(10), settings: settings)
        let outcomes = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let response = try await world.client().exchange(world.get())
                    return (response.status, response.byteCount)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let sent = outcomes.reduce(0) { $0 + $1.1 }
        let ceiling = Terms(share: .megabytes(10)).ceiling(.serving)
        #expect(outcomes.count { $0.0 == 200 } == Int(ceiling.bytes / 1_000_700))
        #expect(outcomes.allSatisfy { $0.0 == 200 || $0.0 == 503 })
        #expect(world.account.usage.spent.sum == ByteCount(sent))
        #expect(try await world.settled { $0.account.usage.reserved == .zero })
        await world.stop()
    }

    @Test("without an allowance for answers, connections end without a word")
    func silent() async throws {
        let world = try await EdgeWorld.make(length: 10, share: .zero)
        let client = try world.client()
        try await client.send(world.get() + world.get("/"))
        #expect(try await client.rest() == [])
        #expect(world.account.usage.spent == .zero)
        await world.stop()
    }

    @Test("nothing is sent that no lease on disk covers")
    func withoutLease() async throws {
        let world = try await EdgeWorld.make(length: 3_000_000, leases: .upTo(ByteCount(1_100_000)))
        let client = try world.client()
        try await client.send(world.get())
        #expect(try await client.skip(atLeast: 1_048_576) >= 1_048_576)
        try await Task.sleep(for: .milliseconds(200))
        #expect(world.account.usage.spent.serving < ByteCount(1_100_000))
        #expect(world.account.usage.reserved.serving > .zero)
        client.abort()
        world.account.extend(to: ClassTotals(serving: .gigabytes(1)))
        #expect(try await world.settled { $0.account.usage.reserved == .zero })
        await world.stop()
    }

    @Test("an answer waits for its lease and is sent then")
    func heldAnswer() async throws {
        let world = try await EdgeWorld.make(length: 10, leases: .upTo(ByteCount(10)))
        let client = try world.client()
        try await client.send(world.get("/nothing"))
        #expect(try await world.settled { $0.account.usage.reserved.answers > .zero })
        world.account.extend(to: ClassTotals(answers: .kibibytes(100)))
        let response = try await client.response()
        #expect(response.status == 404)
        #expect(world.account.usage.spent == ClassTotals(answers: ByteCount(response.byteCount)))
        #expect(world.account.usage.reserved == .zero)
        await world.stop()
    }
}
