import Foundation
import Geography
import Primitives
import Testing

extension NetworkTests {
    @Suite("A posted file") struct Sharing {
        private static let length = ByteCount.mebibytes(32)

        @Test("is copied for about one copy's traffic, and read from the nearest holder")
        func sharing() async throws {
            try await TestNetwork.with(TestNetwork.world) { network in
                let file = try network.makeFile("Ünïcode 🍲.bin", Self.length)
                let publisher = network.founder
                let before = try await publisher.account()
                let link = try await publisher.post(file, replicas: 3)
                let detail = try await publisher.detail(of: link)
                let holders = detail.holders.filter(\.isComplete)
                #expect(holders.count == 4 && holders.allSatisfy(\.isAlive))
                #expect(detail.file.replicas == 3)
                #expect(try await detail.sha256 == Self.sha256(of: file))

                let copies = try await publisher.account().spent(on: "replication") - before.spent(on: "replication")
                let ratio = Double(copies) / Double(Self.length.bytes)
                figure("copies sent by the origin for three replicas:", ratio)
                #expect(ratio <= 2.3)

                let places = try holders.map { holder in
                    (holder.node.id, try #require(holder.place.flatMap { Place($0) }))
                }
                try await Self.readersAreServedNearby(network, link, file, places)
                try await Self.choicesAreTheNearest(publisher, link, places)
            }
        }

        private static func readersAreServedNearby(
            _ network: TestNetwork, _ link: String, _ file: URL, _ places: [(node: String, place: Place)]
        ) async throws {
            let addresses = try CountryAddresses()
            let readers = try Readers()
            defer { readers.leave() }
            let identities = try await network.identities()
            for country in ["US", "DE", "JP"] {
                let address = try addresses.first(in: country)
                let answer = try await readers.ask([.init(link: link, address: address)])[0]
                #expect(answer.isRight(file))
                #expect(answer.redirects <= 2)
                let here = try #require(addresses.atlas.place(of: address))
                let nearest = places.min { $0.place.distance(to: here) < $1.place.distance(to: here) }
                let server = network.node(at: answer.url)
                #expect(server.flatMap { identities[$0.name] } == nearest?.node, "\(country)")
            }
        }

        private static func choicesAreTheNearest(
            _ publisher: TestNode, _ link: String, _ places: [(node: String, place: Place)]
        ) async throws {
            let readers = try Readers()
            defer { readers.leave() }
            let own = try await publisher.status().id
            let drawn = try CountryAddresses().draw(1_000, seed: 42)
            #expect(drawn.count == 1_000)
            let answers = try await readers.ask(
                drawn.map { .init(link: link + "?why", address: $0.address, followsRedirects: false) })
            for (reader, answer) in zip(drawn, answers) {
                let why = try JSONDecoder().decode(View.Why.self, from: Data(contentsOf: answer.body))
                #expect(why.client == "\(reader.address)")
                let nearest = places.min { $0.place.distance(to: reader.place) < $1.place.distance(to: reader.place) }
                let expected = nearest?.node == own ? "here" : "redirect to \(nearest?.node ?? "nobody")"
                #expect(why.choice == expected, "\(reader.address) at \(reader.place)")
            }
        }

        private static func sha256(of file: URL) async throws -> String {
            let outcome = try await Outcome.of("/usr/bin/sha256sum", [file.path(percentEncoded: false)])
            // A backslash in front says that the name is escaped.
            return String(outcome.output.drop { $0 == "\\" }.prefix(64))
        }

        @Test("may be empty, a byte, or a byte more than a piece, and comes whole from every node")
        func oddLengths() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(2))) { network in
                let readers = try Readers()
                defer { readers.leave() }
                let address = try CountryAddresses().first(in: "US")
                for length in [0, 1, (256 << 10) + 1] {
                    let file = try network.makeFile("odd \(length)", ByteCount(length), seed: UInt64(length))
                    let link = try await network.founder.post(file, replicas: 1)
                    for node in network.nodes {
                        let there = link.replacing(network.founder.url, with: node.url)
                        let answer = try await readers.ask([.init(link: there, address: address)])[0]
                        #expect(answer.isRight(file), "\(length) bytes from \(node.name)")
                    }
                    let fetched = network.directory.url.appending(path: "fetched \(length)")
                    let outcome = try await Outcome.of(
                        Program.path, ["get", link, "-o", fetched.path(percentEncoded: false)],
                        environment: Program.environment)
                    #expect(outcome.status == 0, "\(outcome.errors)")
                    #expect(try Data(contentsOf: fetched) == Data(contentsOf: file))
                }
            }
        }
    }

    @Suite("A dying holder") struct DyingHolder {
        @Test("hurts only the downloads it serves, for five seconds at most, and returns with all it had")
        func dyingHolder() async throws {
            try await TestNetwork.with(TestNetwork.world) { network in
                let file = try network.makeFile("film.mp4", .mebibytes(32))
                let link = try await network.founder.post(file, replicas: 3)
                let holders = try await network.founder.detail(of: link).holders
                let victim = try #require(
                    network.nodes.dropFirst().first { node in
                        holders.contains { $0.isComplete && $0.node.name == node.name }
                    })
                let before = try await (status: victim.status(), account: victim.account())

                let readers = try Readers()
                defer { readers.leave() }
                let addresses = try CountryAddresses()
                let countries = network.nodes.map(\.plan.country)
                let questions = try (0..<20).map { number in
                    let country = countries[number % countries.count]
                    return Readers.Question(link: link, address: try addresses.first(in: country))
                }
                async let downloads = readers.ask(questions, bytesPerSecond: 8 << 20)
                try await Task.sleep(for: .milliseconds(1_500))
                await victim.kill()
                let lastSighting = try await Self.lastRedirect(
                    to: victim, in: network, link, from: try addresses.first(in: victim.plan.country), readers)
                figure("killed, last redirect to it after", lastSighting)
                #expect(lastSighting <= .seconds(5))

                var hurt = 0
                for answer in try await downloads {
                    if answer.url.hasPrefix(victim.url + "/") {
                        hurt += answer.isRight(file) ? 0 : 1
                    } else {
                        #expect(answer.isRight(file), "\(answer.url) ended with \(answer.exit), \(answer.status)")
                    }
                }
                figure("downloads hurt, of 20:", hurt)
                #expect((1...8).contains(hurt))

                try victim.start()
                try await victim.isUp()
                try await eventually("everybody knows that it is back", within: .seconds(15)) {
                    try await network.isComplete()
                }
                let after = try await (status: victim.status(), account: victim.account())
                #expect(after.status.id == before.status.id)
                #expect(after.account.periodStarts == before.account.periodStarts)
                #expect(after.account.spent >= before.account.spent)
                #expect(try await victim.detail(of: link).file.copy.state == "complete")
                let again = try await readers.ask([
                    .init(
                        link: link.replacing(network.founder.url, with: victim.url),
                        address: try addresses.first(in: victim.plan.country))
                ])[0]
                #expect(again.isRight(file) && network.node(at: again.url) === victim)
            }
        }

        /// How long after now a client near the victim is still sent to it, by any of the others; asked until nobody
        /// has been for two seconds.
        private static func lastRedirect(
            to victim: TestNode, in network: TestNetwork, _ link: String, from address: IPAddress, _ readers: Readers
        ) async throws -> Duration {
            let clock = ContinuousClock()
            let start = clock.now
            var last = Duration.zero
            let questions = network.nodes.filter { $0 !== victim }.map { node in
                Readers.Question(
                    link: link.replacing(network.founder.url, with: node.url), address: address, method: "HEAD",
                    followsRedirects: false)
            }
            while clock.now - start < .seconds(15), clock.now - start - last < .seconds(2) || last == .zero {
                let asked = clock.now
                let answers = try await readers.ask(questions)
                if answers.contains(where: { $0.location.hasPrefix(victim.url + "/") }) { last = asked - start }
                try await Task.sleep(for: .milliseconds(100))
            }
            return last
        }
    }
}

extension TestNetwork {
    /// Who each node is, by name.
    func identities() async throws -> [String: String] {
        var identities: [String: String] = [:]
        for node in nodes { identities[node.name] = try await node.status().id }
        return identities
    }
}
