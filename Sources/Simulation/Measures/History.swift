internal import Primitives

/// How a world went, in a bounded number of samples: when there are too many, each two become one and the next are taken
/// half as often.
struct History: Equatable, Sendable {
    struct Sample: Equatable, Sendable {
        var at: Instant
        /// Part of the running nodes that are right about who runs, and of the entries in their tables.
        var agreement: Double
        var entries: Double
        /// Part of their shares that nodes have spent: a tenth, half and nine tenths of them no more than this, and the
        /// most.
        var spent: Spent
        /// Of the first nodes, one by one.
        var each: [Float?]
    }

    struct Spent: Equatable, Sendable {
        var p10 = 0.0
        var p50 = 0.0
        var p90 = 0.0
        var max = 0.0

        init(_ values: [Double?]) {
            let sorted = values.compactMap(\.self).sorted()
            guard let last = sorted.last else { return }
            func quantile(_ part: Double) -> Double {
                sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
            }
            (p10, p50, p90, max) = (quantile(0.1), quantile(0.5), quantile(0.9), last)
        }
    }

    private(set) var samples: [Sample] = []
    private(set) var due = Instant.zero
    private var interval = Duration.seconds(30)

    /// Nodes that have a line of their own.
    static let followed = 64
    private static let limit = 960

    mutating func add(agreement: Double, entries: Double, spent: [Double?], at now: Instant) {
        samples.append(
            Sample(
                at: now, agreement: agreement, entries: entries, spent: Spent(spent),
                each: spent.prefix(Self.followed).map { $0.map { Float($0) } }))
        due = now + interval
        if samples.count >= Self.limit { thin() }
    }

    /// Of two, the later one stays, with the worse agreement.
    private mutating func thin() {
        samples = stride(from: 1, to: samples.count, by: 2).map { index in
            var sample = samples[index]
            sample.agreement = min(sample.agreement, samples[index - 1].agreement)
            sample.entries = min(sample.entries, samples[index - 1].entries)
            return sample
        }
        interval = interval * 2
    }
}
