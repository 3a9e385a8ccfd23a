/// How observations are spread: the values that half, nine tenths and ninety-nine hundredths of them do not exceed, and
/// the largest.
public struct Quantiles<Value: Hashable & Sendable>: Hashable, Sendable {
    public var count: Int
    public var p50: Value
    public var p90: Value
    public var p99: Value
    public var max: Value

    public init(count: Int, p50: Value, p90: Value, p99: Value, max: Value) {
        self.count = count
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.max = max
    }

    func map<Other: Hashable & Sendable>(_ change: (Value) -> Other) -> Quantiles<Other> {
        Quantiles<Other>(count: count, p50: change(p50), p90: change(p90), p99: change(p99), max: change(max))
    }
}

extension Quantiles where Value: Comparable {
    /// Of values in any order, exactly; nothing of none.
    init?(of values: some Sequence<Value>) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        func quantile(_ part: Double) -> Value {
            sorted[Swift.min(sorted.count, Swift.max(1, Int((part * Double(sorted.count)).rounded(.up)))) - 1]
        }
        self.init(count: sorted.count, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: last)
    }
}

extension Distribution {
    /// Nothing where nothing was observed.
    func quantiles<Value: Hashable & Sendable>(_ make: (Int64) -> Value) -> Quantiles<Value>? {
        guard count > 0 else { return nil }
        return Quantiles<Int64>(
            count: count, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: largest
        ).map(make)
    }

    /// Of nanoseconds.
    var durations: Quantiles<Duration>? { quantiles { .nanoseconds($0) } }
}
