import Allowance
import Foundation
import Glibc
import Primitives
import Testing

@testable import Edge

extension NetworkTests {
    @Suite("Ending") struct Ending {
        private static let plan = [NodePlan(name: "alone", country: "ZA")]
        private static let readers = 12

        /// Clients that have asked for a file and read nothing, so that every buffer between is full.
        private static func stalled(at node: TestNode, _ link: String) async throws -> [RawSocket] {
            let target = link.replacing(node.url, with: "")
            let clients = try (0..<readers).map { _ in try RawSocket(port: node.port) }
            for client in clients { client.say("GET \(target) HTTP/1.1\r\nHost: node\r\n\r\n") }
            try await Task.sleep(for: .seconds(1))
            return clients
        }

        /// All that clients get from now on, whoever sends it.
        private static func drained(_ clients: [RawSocket]) async -> Int64 {
            await withTaskGroup { group in
                for client in clients { group.addTask { client.drain() } }
            }
            return clients.reduce(0) { $0 + $1.received }
        }

        private static func serving(after node: TestNode) async throws -> Int64 {
            try node.start()
            try await node.isUp()
            return try await node.account().spent(on: "serving")
        }

        /// The most that a crash wastes: what every response had paid for the slice it was at and the kernel had not
        /// taken, what was set aside for bytes that were sent without trouble, and a lease that a review has found
        /// small enough.
        private static func mostWasted(_ sent: Int64) -> Int64 {
            let cost = WireCost.usual
            let paid = cost.ahead(longestHead) + cost.ahead(Payment.slice)
            return Int64(readers) * paid + cost.ahead(sent) - sent + 2 * Ledger.smallestLease.bytes
        }

        /// What the account says beyond what clients got, when all is settled: packets' headers, of which loopback's
        /// long packets need few. A window that is not full is filled by the kernel's next probe of it, so nothing may
        /// leave between the last look at a stuck connection and its reset.
        private static func headers(_ sent: Int64) -> Int64 { WireCost.usual.of(sent) - sent }

        private static let longestHead: Int64 = 1024

        @Test("by kill -9 with full buffers: what the kernel goes on sending is on the books")
        func killed() async throws {
            try await TestNetwork.with(Self.plan) { network in
                let node = network.founder
                let link = try await node.post(try network.makeFile("film.bin", .mebibytes(32)), replicas: 0)
                let clients = try await Self.stalled(at: node, link)
                // It halves each second.
                try await eventually("the lease is no more than is needed now", within: .seconds(20)) {
                    try await node.account().leased(ahead: "serving") <= 2 * Ledger.smallestLease.bytes
                }
                await node.kill()
                let sent = await Self.drained(clients)
                let account = try await Self.serving(after: node)
                figure("sent before and after the kill:", ByteCount(sent))
                figure("  the account says more by", ByteCount(account - sent))
                #expect(sent > 1_000_000)
                #expect(account >= sent)
                figure("  of at most", ByteCount(Self.mostWasted(sent)))
                #expect(account - sent <= Self.mostWasted(sent))
            }
        }

        @Test("by SIGTERM with clients that do not read: within the grace, and settled")
        func stopped() async throws {
            try await TestNetwork.with(Self.plan) { network in
                let node = network.founder
                let link = try await node.post(try network.makeFile("film.bin", .mebibytes(32)), replicas: 0)
                let clients = try await Self.stalled(at: node, link)
                // Nor does one who posts get any further.
                let poster = try RawSocket(
                    path: node.directory.appending(path: "node.sock").path(percentEncoded: false))
                poster.say("POST /v1/posts?name=half.bin HTTP/1.1\r\nHost: node\r\nContent-Length: 9000000\r\n\r\n")
                poster.say([UInt8](repeating: 1, count: 50_000))
                let clock = ContinuousClock()
                let began = clock.now
                #expect(await node.stop() == 0)
                figure("SIGTERM, a grace of 10 s, stuck clients: ended after", clock.now - began)
                #expect(clock.now - began < .seconds(15))
                let sent = await Self.drained(clients)
                let account = try await Self.serving(after: node)
                figure("sent:", ByteCount(sent))
                figure("  the account says more by", ByteCount(account - sent))
                figure("  of at most", ByteCount(Self.headers(sent)))
                #expect(account >= sent)
                #expect(account - sent <= Self.headers(sent))
                let incoming = node.directory.appending(path: "files/incoming").path(percentEncoded: false)
                #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
            }
        }

        @Test("by a second SIGTERM: at once, and nothing is forgotten")
        func stoppedTwice() async throws {
            try await TestNetwork.with(Self.plan) { network in
                let node = network.founder
                let link = try await node.post(try network.makeFile("film.bin", .mebibytes(32)), replicas: 0)
                let clients = try await Self.stalled(at: node, link)
                node.signal(SIGTERM)
                try await Task.sleep(for: .milliseconds(500))
                #expect(throws: NeverHappened.self) { try RawSocket(port: node.port) }
                let clock = ContinuousClock()
                let began = clock.now
                #expect(await node.stop() == 128 + SIGTERM)
                #expect(clock.now - began < .seconds(2))
                let sent = await Self.drained(clients)
                #expect(try await Self.serving(after: node) >= sent)
            }
        }

        @Test("by SIGTERM while it joins somebody who never answers")
        func stoppedWhileJoining() async throws {
            let silent = try RawSocket(port: 0)
            try await TestNetwork.with(Self.plan) { network in
                let guest = try network.guest("guest")
                try guest.start(["join", "127.0.0.1:\(silent.port)"] + guest.settings)
                try await guest.isUp()
                let clock = ContinuousClock()
                let began = clock.now
                #expect(await guest.stop() == 0)
                figure("SIGTERM while joining: ended after", clock.now - began)
                #expect(clock.now - began < .seconds(5))
            }
        }

        @Test("by SIGTERM at any moment of a start")
        func stoppedWhileStarting() async throws {
            try await TestNetwork.with(Self.plan) { network in
                let node = network.founder
                #expect(await node.stop() == 0)
                for delay in 0..<12 {
                    try node.start()
                    try await Task.sleep(for: .milliseconds(delay * 25))
                    let clock = ContinuousClock()
                    let began = clock.now
                    // Before it has said what is to happen then, the system ends it.
                    let status = await node.stop()
                    #expect(status == 0 || status == -SIGTERM)
                    #expect(clock.now - began < .seconds(5))
                }
                try node.start()
                try await node.isUp()
            }
        }
    }
}
