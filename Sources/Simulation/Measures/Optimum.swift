internal import Allowance
internal import Primitives

/// What a planner who knew every request in advance could have served at most: an upper bound.
///
/// A greedy fluid allocation. Every hour's demand may be met by any node, in any fraction: files lie where they are
/// wanted, copying them costs nothing, and no disk, uplink or distance stands in the way. All that binds is that a
/// period's allowance for clients is spent within that period. As a request cannot wait, demand is met hour by hour
/// from the allowances that end first: an exchange argument shows that no other order meets more.
enum Optimum {
    /// An allowance for clients, and the hours in which it may be spent.
    struct Allowance: Sendable {
        let hours: Range<Int>
        let size: ByteCount
    }

    /// How much of each hour's demand could have been met.
    static func served(_ demand: [ByteCount], from allowances: [Allowance]) -> [ByteCount] {
        // By their ends; what is left of each is kept in the same order.
        let allowances = allowances.sorted {
            ($0.hours.upperBound, $0.hours.lowerBound) < ($1.hours.upperBound, $1.hours.lowerBound)
        }
        var left = allowances.map(\.size)
        var first = 0
        return demand.enumerated().map { hour, wanted in
            while first < allowances.count, allowances[first].hours.upperBound <= hour || left[first] == .zero {
                first += 1
            }
            var missing = wanted
            for index in first..<max(first, allowances.count) where missing > .zero {
                guard allowances[index].hours.contains(hour) else { continue }
                let part = min(missing, left[index])
                left[index] -= part
                missing -= part
            }
            return wanted - missing
        }
    }
}
