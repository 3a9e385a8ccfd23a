import Membership
import Overlay
import Primitives
import Testing

@testable import Simulation

/// Holders that die while clients are sent to them, where pulses are too rare to notice.
@Suite struct BusyTests {
    @Test(arguments: [0, 0.1])
    func `a busy holder that dies gets no clients after two seconds, and gets them again when it is back`(loss: Double)
    {
        for seed in UInt64(1)...3 {
            var network = VirtualNetwork.settled(
                4, seed: seed, conditions: Conditions(pulse: .seconds(60)), share: { _ in .gigabytes(100) })
            let file = network.post(.mebibytes(3), on: 0)
            network.run(for: .seconds(60)) { $0.holders(of: file).count == 3 }
            guard let victim = network.holders(of: file).last, victim != 0 else {
                Issue.record("seed \(seed): nobody else holds the file")
                continue
            }
            network.conditions.links.loss = loss
            /// Clients near the victim ask another node, four a second; the moments at which those asked who met nobody.
            func send(for seconds: Int) -> [Instant] {
                var asked: [(ClientID, Instant)] = []
                for _ in 0..<seconds * 4 {
                    asked.append((network.ask(file, at: 0, near: network.nodes[victim].place), network.now))
                    network.run(for: .milliseconds(250))
                }
                network.run(for: .seconds(2))
                let id = network.nodes[victim].id
                return asked.filter { network.clients[$0.0]?.outcome == .cutOff(by: id) }.map(\.1)
            }
            func isPassedOver(_ network: borrowing VirtualNetwork) -> Bool {
                network.nodes[0].process?.overlay.roster.isPassedOver(network.nodes[victim].id) ?? false
            }
            _ = send(for: 10)
            #expect(!isPassedOver(network), "seed \(seed)")
            network.crash(victim)
            let died = network.now
            let lost = send(for: 8)
            #expect(lost.allSatisfy { $0 - died <= .seconds(2) }, "seed \(seed)")
            #expect(isPassedOver(network), "seed \(seed)")
            network.conditions.links.loss = 0
            network.start(victim)
            #expect(network.run(for: .seconds(61)) { !isPassedOver($0) }, "seed \(seed)")
            #expect(network.violations.isEmpty, "seed \(seed): \(network.violations)")
        }
    }
}
