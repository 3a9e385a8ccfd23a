import Allowance
import Catalogue
import Foundation
import Glibc
import Membership
import Overlay
@_spi(Verification) import Primitives
import Storage
import Testing

extension NetworkTests {
    @Suite("Restarting") struct Restarting {
        private static let fileCount = 1000
        private static let memberCount = 9999

        @Test("is ready at once, with a thousand files and ten thousand members to remember")
        func large() async throws {
            try await TestNetwork.with([NodePlan(name: "archive", country: "ZA")]) { network in
                let node = network.founder
                #expect(await node.stop() == 0)
                try Self.fill(node.directory.path(percentEncoded: false))
                try node.start()
                let clock = ContinuousClock()
                let began = clock.now
                try await eventually("the public door is open", within: .seconds(60)) {
                    (try? RawSocket(port: node.port)) != nil
                }
                figure("restarted, 1,000 files and 10,000 members: the public port answers after", clock.now - began)
                let used = try node.processorTime()
                figure("  with so much of a processor", used)
                try await node.isUp(within: .seconds(60))
                figure("  its operator too, a command's own start included, after", clock.now - began)
                // Without optimisation; and these tests share a machine.
                #expect(used < .seconds(5))
                let files: [View.File] = try await node.ask(["list"])
                #expect(files.count == Self.fileCount)
                #expect(files.allSatisfy { $0.copy.state == "complete" })
                #expect(try await node.peers().count == Self.memberCount + 1)
            }
        }

        /// Members and files, as if they had been there for long. Nobody verifies what the database says.
        private static func fill(_ path: String) throws {
            let directory = try DataDirectory(existing: path)
            let lock = try directory.lock()
            defer { withExtendedLifetime(lock) {} }
            let database = try Database(at: directory.databasePath)
            let folder = try PieceFolder(at: directory.filesPath)
            let network = try #require(try database.membership()).founder
            var generator = Generator(seed: 1)
            let cards = (0..<memberCount).map { number in
                Overlay::Record.member(.news(card(number, network, &generator)))
            }
            try database.write(cards)
            let holdings = try (0..<fileCount).map { number in try holding(number, by: network, folder, &generator) }
            try database.write(holdings.map { .holding(.holding($0)) })
        }

        private static func card(
            _ number: Int, _ network: NodeID, _ generator: inout Generator
        ) -> Verified<News> {
            let id = NodeID(bytes(&generator))
            let address = IPAddress.v4(0x0A00_0001 + UInt32(number))
            let certificate = Certificate(
                subject: id, issuer: network, network: network, issuedAt: WallTime(milliseconds: 1_700_000_000_000))
            return Verified(
                checked: .card(
                    Card(
                        nodeID: id, agreementKey: bytes(&generator), network: network, version: 1,
                        name: "node \(number)",
                        endpoints: [Endpoint(address: address, port: 8080)], url: "http://\(address):8080", place: nil,
                        share: .gigabytes(8), certificate: certificate)))
        }

        private static func holding(
            _ number: Int, by publisher: NodeID, _ folder: PieceFolder, _ generator: inout Generator
        ) throws -> Holding {
            let content = (0..<2048).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
            var tree = FileHasher()
            var flat = FlatHasher()
            content.withUnsafeBytes {
                tree.update($0)
                flat.update($0)
            }
            let digests = tree.finish()
            let posting = Posting(
                file: digests.fileID, publisher: publisher, length: digests.length, name: "file \(number).bin",
                mediaType: "application/octet-stream", sha256: flat.finish(), audience: .network, replicas: 0,
                postedAt: WallTime(milliseconds: 1_700_000_000_000), expires: nil, sequence: 1)
            let manifest = Manifest(posting: try #require(posting), pieces: digests.pieces)
            try folder.prepare(digests.fileID, length: digests.length)
            return Holding(
                manifest: Verified(checked: manifest), pieces: Bitfield(count: digests.pieces.count, full: true),
                sha256: manifest.posting.sha256, isOwn: true)
        }

        private static func bytes(_ generator: inout Generator) -> Bytes32 {
            Bytes32(generator.next(), generator.next(), generator.next(), generator.next())
        }
    }
}
