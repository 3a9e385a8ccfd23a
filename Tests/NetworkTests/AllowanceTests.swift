import Foundation
import Primitives
import Testing

extension NetworkTests {
    @Suite("A small allowance") struct SmallAllowance {
        /// Of 50 MB, 40 are for the network.
        private static let allowance = "50MB/month"
        private static let share: Int64 = 40_000_000
        private static let length = ByteCount.megabytes(10)
        private static let clients = 60

        private static func crowd(_ link: String) throws -> [Readers.Question] {
            try CountryAddresses().neighbourhoods(in: "JP", count: clients)
                .map { Readers.Question(link: link, address: $0) }
        }

        /// Body bytes that clients got from a node, whole downloads or not.
        private static func received(_ answers: [Readers.Answer], from node: TestNode) -> Int64 {
            answers.filter { $0.status == 200 && $0.url.hasPrefix(node.url + "/") }.reduce(0) { $0 + $1.bytes }
        }

        @Test("is not overspent by a crowd; with nobody else to serve, the rest come back later")
        func alone() async throws {
            try await TestNetwork.with([NodePlan(name: "poor", country: "JP", allowance: Self.allowance)]) { network in
                let file = try network.makeFile("popular.bin", Self.length)
                let link = try await network.founder.post(file, replicas: 0)
                let readers = try Readers()
                defer { readers.leave() }
                let answers = try await readers.ask(Self.crowd(link))
                let sent = Self.received(answers, from: network.founder)
                figure("sent by the node alone, of a share of 40 MB:", ByteCount(sent))
                #expect((30_000_000...Self.share).contains(sent))
                let served = answers.filter { $0.status == 200 }
                #expect(served.count == 3 && served.allSatisfy { $0.isRight(file) })
                let refused = answers.filter { $0.status != 200 }
                #expect(refused.count == Self.clients - 3)
                #expect(refused.allSatisfy { $0.status == 503 && (Int($0.retryAfter) ?? 0) > 0 })
                #expect(try await network.founder.account().spent <= Self.share)

                // It remembers, even when it is killed.
                await network.founder.kill()
                try network.founder.start()
                try await network.founder.isUp()
                let later = try await readers.ask(Self.crowd(link))
                #expect(Self.received(later, from: network.founder) + sent <= Self.share)
                #expect(later.allSatisfy { $0.status == 503 })
            }
        }

        @Test("is not overspent by a crowd, which others serve")
        func withOthers() async throws {
            let plans = [
                NodePlan(name: "rich", country: "ZA"),
                NodePlan(name: "poor", country: "JP", allowance: Self.allowance),
            ]
            try await TestNetwork.with(plans) { network in
                let poor = network.nodes[1]
                let file = try network.makeFile("popular.bin", Self.length)
                let link = try await network.founder.post(file, replicas: 1)
                let readers = try Readers()
                defer { readers.leave() }
                let there = link.replacing(network.founder.url, with: poor.url)
                let answers = try await readers.ask(Self.crowd(there))
                #expect(answers.allSatisfy { $0.isRight(file) && $0.redirects <= 2 })
                let sent = Self.received(answers, from: poor)
                figure("sent by the poor node:", ByteCount(sent))
                #expect((10_000_000...Self.share).contains(sent))
                #expect(try await poor.account().spent <= Self.share)
                #expect(Self.received(answers, from: network.founder) == Self.length.bytes * Int64(Self.clients) - sent)
            }
        }
    }
}
