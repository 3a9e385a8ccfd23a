internal import Primitives

/// A hash over all cards and statuses of present members, and the farewells of those who left, that have been quiet for
/// some time: what every member should hold alike.
///
/// Age is told by the versions, which come from their signers' wall clocks, and counted from a whole minute, so that
/// two nodes that hold the same compute the same, whenever they learnt it. Members dead, or gone for weeks, are left
/// out: nodes forget those at different times. Not cryptographic: a member that hides a difference hides it from
/// itself.
struct QuietDigest: Equatable, Sendable {
    private let minute: UInt32
    private let age: Duration
    /// Farewells count for so long: less than anybody remembers them.
    private static let farewells = Duration.seconds(15 * 86_400)
    private(set) var hash: UInt64 = 0

    init() {
        minute = 0
        age = .zero
    }

    init(minute: UInt32, age: Duration, members: [Member]) {
        self.minute = minute
        self.age = age
        hash = members.reduce(0) { $0 ^ contribution(of: $1) }
    }

    func isFor(_ minute: UInt32, age: Duration) -> Bool { self.minute == minute && self.age == age }

    mutating func replace(_ before: Member?, with after: Member?) {
        if let before { hash ^= contribution(of: before) }
        if let after { hash ^= contribution(of: after) }
    }

    func contribution(of member: Member) -> UInt64 {
        guard member.isPresent else { return farewell(of: member) }
        let card = hash(of: member.card.value, version: member.card.value.version, kind: 1, member.id.short)
        guard let status = member.status?.value else { return card }
        return card ^ hash(of: status, version: status.version, kind: 2, member.id.short)
    }

    private func farewell(of member: Member) -> UInt64 {
        guard member.condition == .left, let departure = member.departure?.value,
            Int64(clamping: departure.version) > Int64(minute) * 60_000 - Self.farewells.wholeMilliseconds
        else { return 0 }
        return hash(of: departure, version: departure.version, kind: 3, member.id.short)
    }

    private func hash(of statement: some Statement, version: UInt64, kind: UInt64, _ id: ShortID) -> UInt64 {
        guard Int64(clamping: version) <= Int64(minute) * 60_000 - age.wholeMilliseconds else { return 0 }
        let signature = statement.signature.second.words.0
        return Generator.mix(Generator.mix(Generator.mix(id.word ^ kind) ^ version) ^ signature)
    }
}
