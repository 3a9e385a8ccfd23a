internal import Primitives

/// The last few round trips on an edge. Their median shrugs off the packet that waited in a queue.
struct RoundTrips: Equatable, Sendable {
    private static let kept = 5

    private var samples: [Duration] = []

    mutating func add(_ sample: Duration) {
        if samples.count == Self.kept { samples.removeFirst() }
        samples.append(sample)
    }

    var median: Duration? {
        samples.isEmpty ? nil : samples.sorted()[samples.count / 2]
    }
}
