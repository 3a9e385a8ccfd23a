internal import Primitives

/// A hash over all cards and statuses of present members, and the farewells of those who left, that have been quiet for
/// some time: what every member should hold alike.
///
/// Age is told by the versions, which come from their signers' wall clocks, and counted from a whole minute, so that
/// two nodes that hold the same compute the same, whenever they learnt it. Members dead, or gone for weeks, are left
/// out: nodes forget those at different times. Not cryptographic: a member that hides a difference hides it from
/// itself.
///
/// What has long been quiet is one number for each bucket, and only what is younger, or may be so for a member whose
/// clock is behind, is looked at one by one: a minute later costs the few that have become quiet meanwhile.
struct QuietDigest: Equatable, Sendable {
    /// One statement.
    struct Item: Equatable, Sendable {
        let version: UInt64
        /// Its lowest byte is the bucket of its member.
        let hash: UInt64

        fileprivate var bucket: Int { Int(hash & 0xFF) }

        private init(_ statement: some Statement, version: UInt64, kind: UInt64, _ id: ShortID) {
            self.version = version
            let signature = statement.signature.second.words.0
            let mixed = Generator.mix(Generator.mix(Generator.mix(id.word ^ kind) ^ version) ^ signature)
            hash = mixed & ~0xFF | UInt64(id.bucket)
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
    /// The same by bucket.
    private var settledByBucket = [UInt64](repeating: 0, count: BucketSet.count)
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
        guard item.version > floor else { return settle(item) }
        young.appendSparingly(item)
        if let answer = last, item.version <= answer.version { last?.hash ^= item.hash }
        if young.count > tidyAt { tidy() }
    }

    /// The same with all that counts of a member: its statements while it is present, and its farewell.
    mutating func toggle(_ member: Member) {
        guard member.isPresent else { return toggle(absent: member.condition, member.departure?.value) }
        toggle(Item(member.card.value))
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

    /// Whether a farewell said that late counts in an answer about `version`.
    private static func counts(_ farewell: Item, through version: UInt64) -> Bool {
        farewell.version <= version && farewell.version + farewellsCount > version
    }

    /// Over all that is no younger than `version`.
    mutating func hash(through version: UInt64) -> UInt64 {
        if version - floor > 2 * Self.slack { settle(through: version - Self.slack) }
        var hash = settled ^ youngHash(through: version)
        for item in farewells where Self.counts(item, through: version) { hash ^= item.hash }
        return hash
    }

    /// What a member's card, and the rest that counts of it, come to.
    static func parts(of member: Member, through version: UInt64) -> (card: UInt64, rest: UInt64) {
        func hash(_ item: Item?) -> UInt64 { item.map { $0.version <= version ? $0.hash : 0 } ?? 0 }
        if member.isPresent { return (hash(Item(member.card.value)), hash(member.status.map { Item($0.value) })) }
        guard member.condition == .left, let departure = member.departure else { return (0, 0) }
        let farewell = Item(departure.value)
        return (0, counts(farewell, through: version) ? farewell.hash : 0)
    }

    /// The same by bucket.
    func hashes(through version: UInt64) -> [UInt64] {
        var hashes = settledByBucket
        for item in young where item.version <= version { hashes[item.bucket] ^= item.hash }
        for item in farewells where Self.counts(item, through: version) { hashes[item.bucket] ^= item.hash }
        return hashes
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
        for item in young where item.version <= version { settle(item) }
        // A list of its own: the young ones of a start would keep their room for good.
        var younger: [Item] = []
        younger.reserveCapacity(young.count { $0.version > version })
        for item in young where item.version > version { younger.append(item) }
        keep(younger)
    }

    private mutating func settle(_ item: Item) {
        settled ^= item.hash
        settledByBucket[item.bucket] ^= item.hash
    }

    private mutating func keep(_ items: [Item]) {
        young = items
        tidyAt = max(64, young.count + young.count / 2)
    }

    private mutating func tidy() {
        young.sort { ($0.version, $0.hash) < ($1.version, $1.hash) }
        var kept: [Item] = []
        for item in young {
            if kept.last == item { kept.removeLast() } else { kept.appendSparingly(item) }
        }
        keep(kept)
    }
}
