internal import Primitives

/// How many challenges one address gets, whoever's cards name it: a host that has nothing to do with the network is not
/// to be flooded because many cards say that members are there.
struct TargetBudgets {
    static let rate = Rate(burst: 60, every: .seconds(1))
    /// Addresses remembered: those challenged within the last minute. When there are more, further ones wait.
    static let limit = 4_096

    private var budgets: [IPAddress: Budget] = [:]

    mutating func spend(on target: IPAddress, at now: Instant) -> Bool {
        let host = Self.host(target)
        if budgets[host] == nil, budgets.count >= Self.limit {
            budgets = budgets.filter { !$0.value.isFull(at: now) }
            guard budgets.count < Self.limit else { return false }
        }
        return budgets[host, default: Budget()].spend(Self.rate, at: now)
    }

    /// Whoever has an IPv6 address has a /64.
    private static func host(_ address: IPAddress) -> IPAddress {
        switch address {
        case .v4: address
        case .v6(let high, _): .v6(high: high, low: 0)
        }
    }
}
