import Foundation
import Primitives
import Testing

extension NetworkTests {
    /// What is measured in virtual worlds is worth something only where the real one is alike.
    @Suite("A virtual world") struct Worlds {
        /// What both worlds tell.
        private struct Figures {
            /// In the middle, from one exchange on an edge to the next.
            var interval: Double
            /// Of pulses and replies, in the mean, with the headers of IP and UDP.
            var bytes: Double
            /// In the middle, from a death to the first and the third verdict.
            var firstVerdict: Double
            var thirdVerdict: Double

            var rows: [(name: String, unit: String, value: Double)] {
                [
                    ("from pulse to pulse", "s", interval), ("a pulse", "bytes", bytes),
                    ("first verdict after a death", "s", firstVerdict),
                    ("third verdict after a death", "s", thirdVerdict),
                ]
            }
        }

        /// As `topology/neighbours.yaml` has them.
        private static let plans = (1...5).map { number in
            NodePlan(
                name: "neighbour-\(number)", country: "DE", allowance: "10GB/month",
                flags: ["--share", "8GB", "--pulse", "2s", "--log", "debug"])
        }
        private static let topology = URL(filePath: #filePath).appending(path: "../../../topology/neighbours.yaml")
            .standardized.path(percentEncoded: false)
        private static let watched = Duration.seconds(20)
        private static let deaths = 7
        private static let tolerance = 0.15

        @Test(
            "shows what five processes show: the same pulses, of the same size, and deaths known as fast",
            .enabled(if: Wiretap.obstacle == nil, "\(Wiretap.obstacle ?? "")"))
        func comparison() async throws {
            let simulated = try await Self.simulated()
            try await TestNetwork.with(Self.plans) { network in
                let real = try await Self.measured(network)
                for (real, simulated) in zip(real.rows, simulated.rows) {
                    let ratio = real.value / simulated.value
                    figure(
                        "\(real.name):",
                        String(
                            format: "real %.3f %@, simulated %.3f, %+.1f %%", real.value, real.unit, simulated.value,
                            (ratio - 1) * 100))
                    #expect((ratio - 1).magnitude <= Self.tolerance, "\(real.name)")
                }
            }
        }

        // MARK: Virtual

        private static func simulated() async throws -> Figures {
            let outcome = try await Outcome.of(
                Program.path, ["simulate", topology, "--json"], environment: Program.environment)
            guard outcome.status == 0 else { throw NeverHappened(description: outcome.errors) }
            let world = try JSONDecoder().decode(View.World.self, from: Data(outcome.output.utf8))
            return Figures(
                interval: world.pulses.intervalSeconds.p50, bytes: world.pulses.meanBytes,
                firstVerdict: world.liveness.firstVerdictSeconds.p50,
                thirdVerdict: world.liveness.thirdVerdictSeconds.p50)
        }

        // MARK: Real

        private static func measured(_ network: TestNetwork) async throws -> Figures {
            let tap = try Wiretap(on: network.nodes.map(\.port))
            defer { tap.end() }
            // Nobody has news any more.
            try await Task.sleep(for: .seconds(10))
            _ = tap.take()
            try await Task.sleep(for: watched)
            let datagrams = tap.take()
            let intervals = intervals(of: datagrams)
            let sizes = datagrams.map { Double($0.size) }
            let edges = network.nodes.count * (network.nodes.count - 1) / 2
            // Some hundred intervals, and nothing but exchanges.
            #expect(intervals.count >= edges * 7 && sizes.count >= 2 * intervals.count)
            var verdicts: [(first: Double, third: Double)] = []
            for number in 0..<deaths { verdicts.append(try await death(number, in: network)) }
            figure("verdicts after", verdicts.map { String(format: "%.2f and %.2f s", $0.first, $0.third) })
            return Figures(
                interval: middle(intervals), bytes: sizes.reduce(0, +) / Double(sizes.count),
                firstVerdict: middle(verdicts.map(\.first)), thirdVerdict: middle(verdicts.map(\.third)))
        }

        /// Who asks and who answers cannot be told from outside, but an answer comes at once.
        private static func intervals(of datagrams: [Wiretap.Datagram]) -> [Double] {
            var begun: [Set<UInt16>: ContinuousClock.Instant] = [:]
            var intervals: [Double] = []
            for datagram in datagrams {
                let edge: Set = [datagram.sender, datagram.receiver]
                guard let before = begun[edge] else {
                    begun[edge] = datagram.at
                    continue
                }
                guard datagram.at - before > .milliseconds(500) else { continue }
                intervals.append((datagram.at - before) / .seconds(1))
                begun[edge] = datagram.at
            }
            return intervals
        }

        /// A node is killed, and comes back.
        /// - Returns: after how many seconds the others gave their verdicts.
        private static func death(
            _ number: Int, in network: TestNetwork
        ) async throws -> (first: Double, third: Double) {
            let victim = network.nodes[1 + number % (network.nodes.count - 1)]
            let survivors = network.nodes.filter { $0 !== victim }
            let heard = try survivors.map { try verdicts(of: $0) }
            let died = ContinuousClock.now
            await victim.kill()
            var times: [Double] = []
            var waiting = Array(zip(survivors, heard))
            while times.count < 3 {
                guard died.duration(to: .now) < .seconds(20) else {
                    throw NeverHappened(description: "three verdicts against \(victim.name)")
                }
                try await Task.sleep(for: .milliseconds(10))
                let count = waiting.count
                try waiting.removeAll { try verdicts(of: $0) > $1 }
                times += Array(repeating: died.duration(to: .now) / .seconds(1), count: count - waiting.count)
            }
            try victim.start()
            try await eventually("all know that \(victim.name) is back", within: .seconds(20)) {
                guard try await victim.run(["status"]).status == 0 else { return false }
                return try await network.isComplete()
            }
            // Each death at another point of its neighbours' intervals.
            try await Task.sleep(for: .milliseconds(3000 + number * 900 % 2000))
            return (times[0], times[2])
        }

        private static func verdicts(of node: TestNode) throws -> Int {
            try String(contentsOf: node.log, encoding: .utf8).split(separator: "\n")
                .count { $0.contains("A node does not answer here") }
        }

        private static func middle(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        }
    }
}
