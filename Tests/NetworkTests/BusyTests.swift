import Foundation
import Primitives
import Testing

extension NetworkTests {
    @Suite("A busy holder") struct Busy {
        /// Pulses so rare that they tell nobody of a death within this test.
        private static let plans = [("durban", "ZA"), ("boston", "US"), ("berlin", "DE")].map { name, country in
            NodePlan(name: name, country: country, flags: ["--pulse", "120s"])
        }

        @Test("that dies is passed over within two seconds by who sends clients to it, until it answers again")
        func death() async throws {
            try await TestNetwork.with(Self.plans) { network in
                let file = try network.makeFile("film.bin", .mebibytes(4))
                let link = try await network.founder.post(file, replicas: 2)
                let victim = network.nodes[1]
                let identity = try await victim.status().id
                let readers = try Readers()
                defer { readers.leave() }
                let address = try CountryAddresses().first(in: "US")

                func crowd() async throws -> [Readers.Answer] {
                    let one = Readers.Question(link: link, address: address, followsRedirects: false)
                    return try await readers.ask(Array(repeating: one, count: 4))
                }
                func why() async throws -> View.Why {
                    let answer = try await readers.ask(
                        [.init(link: link + "?why", address: address, followsRedirects: false)])[0]
                    return try JSONDecoder().decode(View.Why.self, from: Data(contentsOf: answer.body))
                }

                let clock = ContinuousClock()
                let busy = clock.now + .seconds(4)
                while clock.now < busy {
                    for answer in try await crowd() { #expect(answer.location.hasPrefix(victim.url)) }
                    try await Task.sleep(for: .milliseconds(200))
                }
                await victim.kill()
                let died = clock.now
                var lastSent = died
                while clock.now < died + .seconds(6) {
                    if try await crowd().contains(where: { $0.location.hasPrefix(victim.url) }) { lastSent = clock.now }
                    try await Task.sleep(for: .milliseconds(50))
                }
                figure("a busy holder that died was last named after", lastSent - died)
                #expect(lastSent - died <= .seconds(2))
                let reason = try await why().exclusions.first { $0.node == identity }?.reason
                #expect(reason == "does not answer just now, and is asked again until it does")

                try victim.start()
                try await victim.isUp()
                try await eventually("clients are sent to it again", within: .seconds(70)) {
                    try await why().choice == "redirect to \(identity)"
                }
            }
        }
    }
}
