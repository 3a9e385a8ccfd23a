import Primitives
import Testing

@testable import Simulation

@Suite("What is measured of a world")
struct MeasureTests {
    /// Ten nodes in quiet, then a file, some clients, a death.
    private static func smallRun(seed: UInt64) -> WorldReport {
        var conditions = Conditions()
        conditions.pulse = .seconds(10)
        var network = VirtualNetwork(seed: seed, conditions: conditions)
        network.measures = Measures(.init(settled: .seconds(60), patience: .seconds(120)))
        for _ in 0..<10 { network.create(share: .gigabytes(1)) }
        network.introduceAll()
        for index in 0..<10 { network.start(index) }
        network.run(for: .seconds(120))
        let file = network.post(.megabytes(20), on: 0)
        network.run(for: .seconds(300))
        _ = network.askEverywhere(for: file, near: Place(latitude: 48, longitude: 11))
        network.run(for: .seconds(300))
        network.crash(9)
        network.run(for: .seconds(600))
        return network.report(name: "small", seed: seed)
    }

    @Test("a small run's figures are what happened in it")
    func figures() throws {
        let report = Self.smallRun(seed: 1)
        #expect(report.violations == [])
        #expect(report.world.nodes == 10)
        #expect(report.world.running == 9)
        #expect(report.service.requests == 10)
        #expect(report.service.served == 10)
        #expect(report.service.replicas >= 2)
        #expect(report.liveness.stopped == 1)
        #expect(report.liveness.falseDeaths == 0)
        #expect(report.news.deaths?.count == 1)
        #expect(report.agreement.isComplete)
        #expect(report.gossip.sent?.count == 10)
    }
}
