internal import Primitives

/// How long what is sent takes, and what of it gets lost.
extension VirtualNetwork {
    /// From one node to another, with jitter: every draw is the sender's.
    mutating func delay(from sender: Int, to receiver: Int) -> Duration {
        let way = wires.way(nodes[sender].station, nodes[receiver].station, over: conditions.links)
        let trouble = nodes[sender].troubles.delay + nodes[receiver].troubles.delay
        return .nanoseconds(way + trouble + jitter(at: sender))
    }

    /// Between a node and a client.
    mutating func delay(from index: Int, to client: Station) -> Duration {
        let way = wires.way(nodes[index].station, client, over: conditions.links)
        return .nanoseconds(way + nodes[index].troubles.delay + jitter(at: index))
    }

    /// To wherever a file goes: bytes of one connection stay in order.
    mutating func way(from index: Int, to sink: VirtualTransfer.Sink) -> Duration {
        switch sink {
        case .node(let run, _): roundTrip(from: index, to: run.node) / 2
        case .client(let id): clients[id].map { roundTrip(from: index, to: $0.station) / 2 } ?? .zero
        }
    }

    /// There and back without jitter.
    mutating func roundTrip(from index: Int, to client: Station) -> Duration {
        .nanoseconds(
            2 * (wires.way(nodes[index].station, client, over: conditions.links) + nodes[index].troubles.delay))
    }

    mutating func roundTrip(from one: Int, to other: Int) -> Duration {
        let trouble = nodes[one].troubles.delay + nodes[other].troubles.delay
        return .nanoseconds(2 * (wires.way(nodes[one].station, nodes[other].station, over: conditions.links) + trouble))
    }

    /// The middle of many, with jitter on both ways.
    mutating func typicalRoundTrip(from one: Int, to other: Int) -> Duration {
        let jitter = Double(conditions.links.jitter.wholeNanoseconds) * Wires.medianOfTwoJitters
        return roundTrip(from: one, to: other) + .nanoseconds(Int64(jitter))
    }

    private mutating func jitter(at index: Int) -> Int64 {
        let mean = conditions.links.jitter
        guard mean > .zero else { return 0 }
        return Int64(Double(mean.wholeNanoseconds) * nodes[index].chance.exponential(limit: Wires.mostJitter))
    }

    /// Whether what a node sends gets lost on the way.
    mutating func isLost(from sender: Int, to receiver: Int) -> Bool {
        let (there, here) = (nodes[sender].troubles.loss, nodes[receiver].troubles.loss)
        return draws(1 - (1 - conditions.links.loss) * (1 - there) * (1 - here), at: sender)
    }

    /// How much longer a datagram takes that others overtake: up to once more.
    mutating func overtaken(from sender: Int, to receiver: Int) -> Duration {
        guard draws(conditions.links.reordering, at: sender) else { return .zero }
        let way = wires.way(nodes[sender].station, nodes[receiver].station, over: conditions.links)
        return .nanoseconds(Int64(Double(way) * nodes[sender].chance.unit()))
    }

    /// Whether something comes about that does so in this part of all cases.
    mutating func draws(_ part: Double, at index: Int) -> Bool {
        part > 0 && nodes[index].chance.unit() < part
    }
}
