import Primitives
import Routing

/// Clients of a node whose routing table strangers have filled.
extension HostileDay {
    mutating func decide() throws {
        let query = Query(
            file: anyFile(), bytes: choices.bool() ? 0..<Int64(choices.number(below: 1 << 62)) : nil,
            client: Place(latitude: 1, longitude: 2), family: choices.bool() ? .v4 : .v6,
            tried: choices.some(Self.ids, most: 2).map(\.short), ownRemaining: anyCount())
        _ = router.decide(query, at: now)
    }
}
