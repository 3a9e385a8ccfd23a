internal import Primitives

/// A world that runs: a topology, a seed, and what comes of them.
///
/// Everything that happens in it is determined by the two: the same in every process on one machine.
public struct World {
    public let topology: Topology
    public let seed: UInt64
    private var network: VirtualNetwork

    /// Nothing has happened yet.
    public init(_ topology: Topology, seed: UInt64? = nil) {
        self.topology = topology
        self.seed = seed ?? topology.seed
        network = VirtualNetwork(topology, seed: self.seed)
    }

    /// How much of virtual time has passed.
    public var elapsed: Duration { network.now - .zero }

    /// Goes on for this long.
    /// - Parameter watch: is told about once in a virtual second how much time has passed.
    public mutating func run(for duration: Duration, watch: (Duration) -> Void = { _ in }) {
        var told = network.now
        network.run(for: duration) { network in
            if network.now - told >= .seconds(1) {
                told = network.now
                watch(told - .zero)
            }
            return false
        }
    }

    /// Promises that were broken as it went, as far as they were written down.
    public var violations: [String] { network.violations.map(\.description) }

    /// What came of it so far: only what the topology and the seed determine.
    public mutating func report() -> WorldReport {
        var report = network.report(name: topology.name, summary: topology.summary, seed: seed)
        report.violations += network.unmet(of: topology).map(\.description)
        return report
    }
}
