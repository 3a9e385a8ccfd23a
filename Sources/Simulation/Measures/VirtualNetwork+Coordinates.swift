internal import Membership
internal import Overlay
internal import Primitives

/// How well the nodes' coordinates foretell round trips.
struct CoordinateSamples: Sendable {
    /// Twice as long after the start each time, so that learning shows.
    private(set) var due = Instant.zero + .seconds(300)
    private(set) var figures: [Figure] = []
    fileprivate var generator = Generator(seed: 0x506F_746C_7563_6B21)

    struct Figure: Equatable, Sendable {
        let at: Instant
        let samples: Double
        let error: Double
        let penalty: Duration
    }

    /// Pairs, and choices among three, that each figure is over.
    fileprivate static let drawn = 4_000

    fileprivate mutating func add(_ figure: Figure?, at now: Instant) {
        if let figure { figures.append(figure) }
        while due <= now { due = .zero + (due - .zero) * 2 }
    }
}

extension VirtualNetwork {
    /// Over pairs drawn at random, the median of |foretold − true| ÷ true; and for nodes drawn at random, how much
    /// farther than the nearest of three others the one is that coordinates say is nearest. True is the middle of many
    /// round trips, jitter included.
    ///
    /// By geography nobody foretells them well: each pair has a detour of its own. Who knew every place and every line
    /// would still err by 0.14 in the middle, and choose 7 ms too far. Measured delays, as a matrix holds them, are of
    /// another kind.
    mutating func observeCoordinates() {
        let stands = nodes.indices.compactMap { index -> Stand? in
            guard let coordinate = nodes[index].process?.overlay.roster.own.status?.value.coordinate else { return nil }
            return Stand(node: index, coordinate: coordinate)
        }
        guard stands.count > 3 else { return measures.coordinates.add(nil, at: now) }
        var generator = measures.coordinates.generator
        var errors: [Double] = []
        var penalty = 0.0
        var choices = 0
        for _ in 0..<CoordinateSamples.drawn {
            let drawn = (0..<4).map { _ in stands[Int.random(in: 0..<stands.count, using: &generator)] }
            let (here, others) = (drawn[0], drawn.dropFirst().filter { $0.node != drawn[0].node })
            let trues = others.map { typicalRoundTrip(from: here.node, to: $0.node).inSeconds * 1000 }
            guard others.count == 3, trues.allSatisfy({ $0 > 0 }) else { continue }
            let foretold = others.map { here.milliseconds(to: $0) }
            errors.append((foretold[0] - trues[0]).magnitude / trues[0])
            let chosen = foretold.indices.min { foretold[$0] < foretold[$1] } ?? 0
            penalty += trues[chosen] - (trues.min() ?? 0)
            choices += 1
        }
        measures.coordinates.generator = generator
        let samples = nodes.reduce(0) { $0 + ($1.process?.overlay.roster.roundTripsMeasured ?? 0) }
        guard let error = Quantiles(of: errors)?.p50 else { return measures.coordinates.add(nil, at: now) }
        measures.coordinates.add(
            CoordinateSamples.Figure(
                at: now, samples: Double(samples) / Double(max(1, measures.agreement.running)),
                error: error, penalty: .microseconds(Int64((penalty / Double(choices) * 1000).rounded()))),
            at: now)
    }
}

/// A node and where it says it stands.
private struct Stand {
    let node: Int
    let coordinate: Coordinate

    /// The foretold round trip: the line between them, and both heights.
    func milliseconds(to other: Stand) -> Double {
        let (here, there) = (coordinate, other.coordinate)
        let (dx, dy, dz) = (
            Double(Int(here.x) - Int(there.x)), Double(Int(here.y) - Int(there.y)), Double(Int(here.z) - Int(there.z))
        )
        return ((dx * dx + dy * dy + dz * dz).squareRoot() + Double(here.height) + Double(there.height)) / 10
    }
}
