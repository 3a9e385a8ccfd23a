import Allowance
import Catalogue
import Membership
import Overlay
import Primitives
import Testing

@testable import Transport

/// What other nodes hear of this one is paid for, acknowledgements included.
@Suite(.timeLimit(.minutes(1))) struct TollTests {
    let club = Club()
    let asker = identity(2)
    let holder = identity(3)
    let file = FileID(Bytes32(1, 2, 3, 4))
    /// An orderly end has yet to come, or something comes instead.
    let after = 4 * PacketHeaders.tcp(isIPv6: false)

    private func client(_ payer: Account, _ courier: Courier) -> PeerClient {
        let directory = club.directory(knowing: [
            club.card(holder, by: club.founder), club.card(asker, by: club.founder),
        ])
        return PeerClient(courier: courier, identity: asker, directory: directory, account: payer, now: { present })
    }

    private func card(of server: TinyServer) -> Card { club.card(holder, by: club.founder, url: server.url) }

    private func fetch(
        _ count: Int64, _ client: PeerClient, from server: TinyServer
    ) async -> Result<Void, FetchFailure> {
        await client.fetch(
            file, name: "x", bytes: 0..<count, of: ByteCount(count), from: card(of: server)
        ) { _ in true }
    }

    private func head(_ count: Int64) -> String { "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n" }

    @Test func acknowledgementsOfAFetchAreItsHoldersClass() async throws {
        let content = [UInt8](repeating: 1, count: 8 << 20)
        let server = TinyServer { _ in .binary(head(Int64(content.count)), content) }
        defer { server.close() }
        let (payer, courier) = (account(), try Courier())
        try await fetch(Int64(content.count), client(payer, courier), from: server).get()
        let (spent, heard) = (payer.usage.spent, server.heard)
        #expect(spent == ClassTotals(replication: spent.sum))
        #expect(heard > 1_000 && spent.sum.bytes >= heard)
        #expect(spent.sum.bytes <= server.heardAtMost + after)
        courier.stop()
        try await until { server.heard > heard }
        #expect(payer.usage.spent.sum.bytes >= server.heard)
        #expect(payer.usage.reserved == .zero)
    }

    /// A holder that sends every byte by itself costs more than it gives: as far as this node can pay, and no further.
    @Test(arguments: [false, true]) func aHolderOfTinyPacketsIsPaidForAsFarAsThatGoes(isPoor: Bool) async throws {
        let count: Int64 = isPoor ? 4 << 20 : 20_000
        let server = TinyServer { _ in
            isPoor ? .endless(head(count), piece: "x") : .drip(head(count), String(repeating: "x", count: Int(count)))
        }
        defer { server.close() }
        // Where every byte is acknowledged by itself, 20,000 of them cost 1.3 MB.
        let (payer, courier) = (account(share: .megabytes(isPoor ? 1 : 4)), try Courier())
        let room = payer.usage.remaining(for: .replication)
        if isPoor { #expect(payer.spend(room - ByteCount(60_000), for: .replication)) }
        let before = payer.usage.spent.sum.bytes
        let result = await fetch(count, client(payer, courier), from: server)
        if isPoor { #expect(throws: FetchFailure.unaffordable) { try result.get() } } else { try result.get() }
        let (spent, heard) = (payer.usage.spent.sum.bytes - before, server.heard)
        #expect(heard > 1_000 && spent >= heard)
        if !isPoor { #expect(spent <= server.heardAtMost + after) }
        #expect(payer.usage.reserved == .zero)
    }

    @Test func aConnectionThatAnotherExchangeTakesIsPaidForByBoth() async throws {
        let content = [UInt8](repeating: 1, count: 1 << 20)
        let answer = PeerAnswer.table([]).wireBytes
        let server = TinyServer { request in
            request.line.hasPrefix("GET")
                ? .binary(head(Int64(content.count)), content) : .binary(head(Int64(answer.count)), answer)
        }
        defer { server.close() }
        let (payer, courier) = (account(), try Courier())
        let client = client(payer, courier)
        for round in 1...3 {
            try await fetch(Int64(content.count), client, from: server).get()
            let replication = payer.usage.spent[.replication]
            #expect(try await client.call(.introduce([]), to: card(of: server)).get().value == .table([]))
            // An acknowledgement that was late is the fetch's.
            #expect(payer.usage.spent[.replication].bytes <= replication.bytes + after)
            let (spent, heard) = (payer.usage.spent, server.heard)
            #expect(spent.sum.bytes >= heard && spent.sum.bytes <= server.heardAtMost + after, "round \(round)")
            #expect(spent[.overlay].bytes > 300 * Int64(round))
        }
        #expect(Set(server.requests.map(\.connection)) == [1])
    }

    @Test func whatFailsCostsWhatItSent() async throws {
        let silent = TinyServer { _ in .thenClose("") }
        defer { silent.close() }
        let (payer, courier) = (account(), try Courier())
        let client = client(payer, courier)
        #expect(await client.call(.introduce([]), to: card(of: silent)) == .failure(.unreachable))
        let (spent, heard) = (payer.usage.spent.sum.bytes, silent.heard)
        #expect(spent >= heard && spent <= heard + 20 * PacketHeaders.tcp(isIPv6: false))
        let absent = club.card(holder, by: club.founder, url: "http://127.0.0.1:1")
        #expect(await client.call(.introduce([]), to: absent) == .failure(.unreachable))
        let refused = payer.usage.spent.sum.bytes - spent
        #expect(refused > 0 && refused <= after)
        let unresolved = club.card(holder, by: club.founder, url: "http://a.invalid")
        #expect(await client.call(.introduce([]), to: unresolved) == .failure(.unreachable))
        #expect(payer.usage.spent.sum.bytes == spent + refused)
    }

    @Test func aFetchThatIsGivenUpPaysForWhatWasOnItsWay() async throws {
        let server = TinyServer { _ in .endless(head(1 << 30), piece: String(repeating: "x", count: 100_000)) }
        defer { server.close() }
        let (payer, courier) = (account(), try Courier())
        let client = client(payer, courier)
        let task = Task { await fetch(1 << 30, client, from: server) }
        try await until { server.heard > 3_000 }
        task.cancel()
        let result = await task.value
        #expect(throws: FetchFailure.failed(.cancelled)) { try result.get() }
        #expect(payer.usage.spent.sum.bytes >= server.heard)
        #expect(payer.usage.reserved == .zero)
    }

    @Test func whatWasPaidInAnotherPeriodIsNotGivenBackInThis() async throws {
        let payer = account()
        let toll = try #require(
            await Toll.paying(for: ByteCount(100_000), answer: .megabytes(1), from: .replication, of: payer))
        #expect(payer.usage.spent[.replication] > ByteCount(100_000))
        #expect(toll.count(60_000))
        payer.begin(terms: Terms(share: .gigabytes(8)), durable: .zero)
        #expect(toll.count(30_000))
        #expect(payer.usage.spent[.replication] >= ByteCount(30_000))
        toll.settle()
        #expect(payer.usage.spent == ClassTotals(replication: ByteCount(30_000)))
        #expect(toll.count(66))
        #expect(payer.usage.spent == ClassTotals(replication: ByteCount(30_066)))
    }

    @Test func whatIsSentCountsThoughNothingIsLeft() async throws {
        let payer = account(share: .megabytes(1))
        let toll = try #require(
            await Toll.paying(for: ByteCount(1_000), answer: .megabytes(1), from: .replication, of: payer))
        #expect(payer.spend(payer.usage.remaining(for: .replication), for: .replication))
        let before = payer.usage.spent.sum
        #expect(toll.count(15_000), "paid ahead")
        #expect(payer.usage.spent.sum == before)
        #expect(!toll.count(50_000))
        #expect(payer.usage.spent.sum > before + ByteCount(40_000))
    }

    private func until(_ condition: () -> Bool) async throws {
        for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
        #expect(condition())
    }
}
