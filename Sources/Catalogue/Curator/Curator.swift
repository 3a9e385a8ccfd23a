public import Primitives

/// The catalogue of one node: which files are offered, who holds them, and what this node does about it.
public struct Curator: Sendable {
    let own: NodeID

    public init(
        own: NodeID, holdings: [Holding], policy: Policy, generator: Generator
    ) {
        self.own = own
    }

    public mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {}

    public var nextDeadline: Instant? { nil }
}
