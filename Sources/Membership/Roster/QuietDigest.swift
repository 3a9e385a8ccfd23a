internal import Primitives

/// A hash over all cards and statuses of present members, and the farewells of those who left, that have been quiet for
/// some time: what every member should hold alike.
///
/// Age is told by the versions, which come from their signers' wall clocks, and counted from a whole minute, so that
/// two nodes that hold the same compute the same, whenever they learnt it. Members dead, or gone for weeks, are left
/// out: nodes forget those at different times. Not cryptographic: a member that hides a difference hides it from
/// itself.
///
/// What has long been quiet is one number, and only what is younger, or may be so for a member whose clock is behind,
/// is looked at one by one: a minute later costs the few that have become quiet meanwhile.
struct QuietDigest: Equatable, Sendable {
    /// One statement.
    struct Item: Equatable, Sendable {
        let version: UInt64
        let hash: UInt64

        private init(_ statement: some Statement, version: UInt64, kind: UInt64, _ id: ShortID) {
            self.version = version
            let signature = statement.signature.second.words.0
            hash = Generator.mix(Generator.mix(Generator.mix(id.word ^ kind) ^ version) ^ signature)
        }

        init(_ card: Card) { self.init(card, version: card.version, kind: 1, card.nodeID.short) }
        init(_ status: Status) { self.init(status, version: status.version, kind: 2, status.node) }
        init(_ departure: Departure) { self.init(departure, version: departure.version, kind: 3, departure.node) }
    }

    /// How far the clocks of members may differ without their questions costing a pass over all there is.
    private static let slack: UInt64 = 5 * 60_000
    /// Farewells count for so long: less than anybody remembers them.
    private static let farewellsCount: UInt64 = 15 * 86_400_000

    /// Versions up to this one are settled.
    private var floor: UInt64
    private var settled: UInt64 = 0
    /// The younger ones; one that stands there twice is gone.
    private var young: [Item] = []
    private var farewells: [Item] = []
    /// How many young ones there may be before those that are gone are looked for.
    private var tidyAt = 64
    /// What the young ones come to through a version that was asked for: within a minute, all ask for the same.
    private var last: Answer?

    private struct Answer: Equatable, Sendable {
        let version: UInt64
        var hash: UInt64
    }

    init(floor: UInt64 = 0) {
        self.floor = floor
    }

    /// For a question about versions up to `version`.
    init(for version: UInt64) {
        floor = version - min(version, Self.slack)
    }

    /// Adds what is not there, and removes what is.
    mutating func toggle(_ item: Item) {
        guard item.version > floor else {
            settled ^= item.hash
            return
        }
        young.append(item)
        if let answer = last, item.version <= answer.version { last?.hash ^= item.hash }
        if young.count > tidyAt { tidy() }
    }

    /// The same with all that counts of a member: its statements while it is present, and its farewell.
    mutating func toggle(_ member: Member) {
        toggle(cardOf: member)
        toggle(restOf: member)
    }

    mutating func toggle(cardOf member: Member) {
        if member.isPresent { toggle(Item(member.card.value)) }
    }

    mutating func toggle(restOf member: Member) {
        guard member.isPresent else { return toggle(absent: member.condition, member.departure?.value) }
        if let status = member.status?.value { toggle(Item(status)) }
    }

    /// Of who is not present, only a farewell counts.
    mutating func toggle(absent condition: Condition, _ departure: Departure?) {
        if condition == .left, let departure { toggle(farewell: Item(departure)) }
    }

    private mutating func toggle(farewell item: Item) {
        if let place = farewells.firstIndex(of: item) {
            farewells.remove(at: place)
        } else {
            farewells.append(item)
        }
    }

    /// Whether `hash` can answer for so old a version.
    func reaches(_ version: UInt64) -> Bool { version >= floor }

    /// Over all that is no younger than `version`.
    mutating func hash(through version: UInt64) -> UInt64 {
        if version - floor > 2 * Self.slack { settle(through: version - Self.slack) }
        var hash = settled ^ youngHash(through: version)
        for item in farewells where item.version <= version && item.version + Self.farewellsCount > version {
            hash ^= item.hash
        }
        return hash
    }

    private mutating func youngHash(through version: UInt64) -> UInt64 {
        if let last, last.version == version { return last.hash }
        var hash: UInt64 = 0
        for item in young where item.version <= version { hash ^= item.hash }
        last = Answer(version: version, hash: hash)
        return hash
    }

    private mutating func settle(through version: UInt64) {
        floor = version
        last = nil
        for item in young where item.version <= version { settled ^= item.hash }
        // A list of its own: the young ones of a start would keep their room for good.
        young = young.filter { $0.version > version }
        tidyAt = max(64, young.count * 2)
    }

    private mutating func tidy() {
        young.sort { ($0.version, $0.hash) < ($1.version, $1.hash) }
        var kept: [Item] = []
        for item in young {
            if kept.last == item { kept.removeLast() } else { kept.append(item) }
        }
        young = kept
        tidyAt = max(64, young.count * 2)
    }
}
