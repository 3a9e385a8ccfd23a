@_spi(Verification) import Primitives

@testable import Membership

/// A small network of rosters in virtual time, without cryptography: every datagram goes through its wire form, may be
/// lost or delayed, and is readable only to those who know the sender's card.
struct World {
    struct Network {
        var delay: ClosedRange<Double> = 0.000_2...0.002
        var loss = 0.0
        /// Nodes reach each other only within one group; those in none are all together.
        var groups: [NodeID: Int] = [:]
    }

    /// What survives a crash.
    struct Disk {
        var news: [String: Verified<News>] = [:]
        var version: UInt64 = 0

        mutating func apply(_ record: MemberRecord) {
            switch record {
            case .news(let item): news[Self.key(item.value)] = item
            case .forget(let id): news = news.filter { $0.value.value.subject != id.short }
            case .ownVersion(let version): self.version = max(self.version, version)
            }
        }

        private static func key(_ item: News) -> String {
            switch item {
            case .card: "card \(item.subject)"
            case .status: "status \(item.subject)"
            case .departure: "departure \(item.subject)"
            case .verdict(let verdict): "verdict \(item.subject) \(verdict.issuer)"
            }
        }
    }

    enum Happening {
        case datagram([UInt8], from: NodeID, to: NodeID)
        case event(Roster.Event, at: NodeID, life: Int)
        case wake(NodeID, life: Int)
        case introduction(from: NodeID, to: NodeID, wantsTable: Bool)
    }

    struct Node {
        var card: Verified<Card>
        var roster: Roster?
        var disk = Disk()
        /// Counts restarts: what was meant for an earlier life is lost.
        var life = 0
        var wakeAt: Instant?
        /// It runs nothing until then; what comes in waits.
        var pausedUntil: Instant?
    }

    var now = Instant.zero
    var network = Network()
    var settings: Roster.Settings
    var nodes: [NodeID: Node] = [:]
    private(set) var ids: [NodeID] = []
    private(set) var datagrams = 0
    private(set) var bytes = 0
    private(set) var largest = 0
    private(set) var statusesDrafted: [NodeID: Int] = [:]
    /// Every change of somebody's condition in somebody's eyes.
    private(set) var conditions: [(at: Instant, observer: NodeID, member: NodeID, condition: Condition?)] = []
    private var queue: [(at: Instant, sequence: Int, happening: Happening)] = []
    private var sequence = 0
    private var generator: Generator

    static let epoch = WallTime(milliseconds: 1_800_000_000_000)

    init(seed: UInt64, settings: Roster.Settings = Roster.Settings(pulse: .seconds(1))) {
        generator = Generator(seed: seed)
        self.settings = settings
    }

    // MARK: Building

    /// A network of `count` nodes that have known each other for an hour.
    static func settled(_ count: Int, seed: UInt64, settings: Roster.Settings = Roster.Settings(pulse: .seconds(1)))
        -> World
    {
        var world = World(seed: seed, settings: settings)
        for _ in 0..<count { world.create() }
        for id in world.ids {
            for other in world.ids {
                let card = world.card(other)
                world.nodes[id]?.disk.apply(.news(card.part(News.card)))
            }
            world.start(id)
        }
        world.run(for: .seconds(5))
        return world
    }

    @discardableResult
    mutating func create() -> NodeID {
        let id = NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
        let founder = ids.first ?? id
        var card = Card(
            nodeID: id, agreementKey: .zero, network: founder, version: UInt64(wallTime.milliseconds),
            name: "node \(ids.count)",
            endpoints: [Endpoint(address: .v4(0x7F00_0001), port: UInt16(9000 + ids.count))],
            url: "http://127.0.0.1:\(9000 + ids.count)", place: nil, share: .gigabytes(8),
            certificate: id == founder
                ? nil : Certificate(subject: id, issuer: founder, network: founder, issuedAt: Self.epoch))
        card.signature = sign(card)
        nodes[id] = Node(card: Verified(checked: card))
        ids.append(id)
        return id
    }

    /// A newer card, as every start makes one.
    mutating func renewCard(of id: NodeID) {
        var card = card(id).value
        card.version = max(card.version + 1, UInt64(wallTime.milliseconds))
        card.signature = sign(card)
        nodes[id]?.card = Verified(checked: card)
    }

    /// The machine gets another address; its next start says so.
    mutating func move(_ id: NodeID) {
        var card = card(id).value
        card.endpoints = [Endpoint(address: .v4(0x7F00_0001), port: card.endpoints[0].port + 1000)]
        nodes[id]?.card = Verified(checked: card)
        renewCard(of: id)
    }

    func card(_ id: NodeID) -> Verified<Card> {
        guard let node = nodes[id] else { fatalError("a node of this world") }
        return node.card
    }

    private func life(of id: NodeID) -> Int { nodes[id]?.life ?? 0 }

    mutating func start(_ id: NodeID) {
        guard let node = nodes[id] else { return }
        nodes[id]?.life += 1
        nodes[id]?.wakeAt = nil
        let known = node.disk.news.sorted { $0.key < $1.key }.map(\.value)
        nodes[id]?.roster = Roster(
            own: node.card, known: known, lastVersion: node.disk.version, settings: settings,
            generator: generator.split())
        deliver(.measured(remaining: .gigabytes(8), load: 0, freeDisk: .gigabytes(50)), to: id)
        deliver(.start(wallTime), to: id)
    }

    mutating func crash(_ id: NodeID) {
        nodes[id]?.roster = nil
        nodes[id]?.life += 1
        nodes[id]?.wakeAt = nil
    }

    mutating func join(_ id: NodeID, through inviter: NodeID) {
        start(id)
        let table = nodes[inviter]?.roster?.news.map { Verified(checked: $0) } ?? []
        schedule(.event(.admitted(card(id), table), at: id, life: life(of: id)), after: 0.005)
    }

    mutating func pause(_ id: NodeID, for duration: Duration) {
        nodes[id]?.pausedUntil = now + duration
    }

    var wallTime: WallTime { Self.epoch + (now - .zero) }

    // MARK: Running

    mutating func run(for duration: Duration) {
        run(until: now + duration) { _ in false }
    }

    /// Whether `isDone` came true in time; asked every hundredth of a second.
    @discardableResult
    mutating func run(until end: Instant, isDone: (World) -> Bool) -> Bool {
        var asked = now
        while let next = queue.last, next.at <= end {
            if next.at - asked >= .milliseconds(10) {
                asked = next.at
                if isDone(self) { return true }
            }
            queue.removeLast()
            now = max(now, next.at)
            happen(next.happening)
        }
        now = max(now, end)
        return isDone(self)
    }

    mutating func deliver(_ event: Roster.Event, to id: NodeID) {
        guard nodes[id]?.roster != nil else { return }
        var actions: [Roster.Action] = []
        nodes[id]?.roster?.handle(event, at: now, into: &actions)
        perform(actions, of: id)
        guard let due = nodes[id]?.roster?.nextDeadline, due != nodes[id]?.wakeAt else { return }
        nodes[id]?.wakeAt = due
        schedule(.wake(id, life: life(of: id)), at: max(due, now))
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .wake(let id, let life):
            guard nodes[id]?.life == life, !isPaused(id, happening) else { return }
            guard nodes[id]?.wakeAt.map({ $0 <= now }) ?? false else { return }
            nodes[id]?.wakeAt = nil
            deliver(.wake, to: id)
        case .event(let event, let id, let life):
            guard nodes[id]?.life == life, !isPaused(id, happening) else { return }
            deliver(event, to: id)
        case .datagram(let bytes, let sender, let receiver):
            guard let roster = nodes[receiver]?.roster, roster[sender] != nil, !isPaused(receiver, happening) else {
                return
            }
            guard let envelope = try? Envelope(wireBytes: bytes) else { fatalError("an envelope that cannot be read") }
            let cards = envelope.news.compactMap { item in
                if case .card(let card) = item { card.nodeID.short } else { nil }
            }
            let known = envelope.keeping { item in
                cards.contains(item.author) || item.author == roster.own.id.short
                    || roster.members.contains { $0.id.short == item.author }
            }
            deliver(.received(Verified(checked: known), from: sender), to: receiver)
        case .introduction(let sender, let receiver, let wantsTable):
            guard let from = nodes[sender]?.roster, let to = nodes[receiver]?.roster, canReach(sender, receiver),
                finds(sender, receiver)
            else { return }
            let own = from.own.news
            deliver(.told(own), to: receiver)
            guard wantsTable else { return }
            let table = to.news.map { Verified(checked: $0) }
            schedule(.event(.table(table), at: sender, life: life(of: sender)), after: 0.005)
        }
    }

    /// What reaches a paused node waits.
    private mutating func isPaused(_ id: NodeID, _ happening: Happening) -> Bool {
        guard let until = nodes[id]?.pausedUntil, until > now else { return false }
        schedule(happening, at: until)
        return true
    }

    private mutating func perform(_ actions: [Roster.Action], of id: NodeID) {
        for action in actions {
            switch action {
            case .send(let envelope, let receiver): send(envelope, from: id, to: receiver)
            case .introduce(let receiver, let wantsTable):
                schedule(.introduction(from: id, to: receiver, wantsTable: wantsTable), after: 0.005)
            case .sign(let draft):
                if case .status = draft { statusesDrafted[id, default: 0] += 1 }
                schedule(.event(.signed(signed(draft)), at: id, life: life(of: id)), after: 0.000_1)
            case .persist(let records, let then):
                for record in records { nodes[id]?.disk.apply(record) }
                perform(then, of: id)
            case .joined(let member), .changed(let member):
                conditions.append((now, id, member, nodes[id]?.roster?[member]?.condition))
            }
        }
    }

    private mutating func send(_ envelope: Envelope, from sender: NodeID, to receiver: NodeID) {
        let bytes = envelope.wireBytes
        precondition(
            bytes.count <= Envelope.limit, "an envelope within its limit, not \(bytes.count): \(envelope.message)")
        datagrams += 1
        self.bytes += bytes.count
        largest = max(largest, bytes.count)
        guard canReach(sender, receiver), finds(sender, receiver),
            Double.random(in: 0..<1, using: &generator) >= network.loss
        else { return }
        schedule(
            .datagram(bytes, from: sender, to: receiver), after: Double.random(in: network.delay, using: &generator))
    }

    /// The sender knows the address that the receiver has now.
    private func finds(_ sender: NodeID, _ receiver: NodeID) -> Bool {
        nodes[sender]?.roster?[receiver]?.card.value.endpoints == nodes[receiver]?.card.value.endpoints
    }

    private func canReach(_ sender: NodeID, _ receiver: NodeID) -> Bool {
        network.groups[sender] == network.groups[receiver]
    }

    private mutating func schedule(_ happening: Happening, after seconds: Double) {
        schedule(happening, at: now + .nanoseconds(Int64(seconds * 1e9)))
    }

    private mutating func schedule(_ happening: Happening, at time: Instant) {
        sequence += 1
        let sequence = sequence
        // Latest first, so that the next is at the end.
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if (queue[middle].at, queue[middle].sequence) > (time, sequence) { low = middle + 1 } else { high = middle }
        }
        queue.insert((time, sequence, happening), at: low)
    }

    // MARK: Signing

    func signed(_ draft: News) -> Verified<News> {
        switch draft {
        case .card(var card):
            card.signature = sign(card)
            return Verified(checked: .card(card))
        case .status(var status):
            status.signature = sign(status)
            return Verified(checked: .status(status))
        case .verdict(var verdict):
            verdict.signature = sign(verdict)
            return Verified(checked: .verdict(verdict))
        case .departure(var departure):
            departure.signature = sign(departure)
            return Verified(checked: .departure(departure))
        }
    }

    /// Different for different content, which is all that is needed here.
    private func sign(_ statement: some Statement) -> Signature {
        let word = statement.signedBytes.reduce(1) { Generator.mix($0 ^ UInt64($1)) }
        return Signature(first: Bytes32(word, 0, 0, 0), second: Bytes32(word, 1, 1, 1))
    }

    // MARK: Asking

    var running: [NodeID] { ids.filter { nodes[$0]?.roster != nil } }

    func condition(of member: NodeID, seenBy observer: NodeID) -> Condition? {
        nodes[observer]?.roster?[member]?.condition
    }

    /// Every running node but the member itself sees it so.
    func everyoneSees(_ member: NodeID, as condition: Condition) -> Bool {
        running.allSatisfy { $0 == member || self.condition(of: member, seenBy: $0) == condition }
    }

    /// All running nodes hold the same cards and statuses of all running nodes, and see all of them alive.
    var isAgreed: Bool {
        running.allSatisfy { observer in
            running.allSatisfy { id in
                guard let own = nodes[id]?.roster?.own, let seen = nodes[observer]?.roster?[id] else { return false }
                return own.status != nil && seen.status == own.status && seen.card == own.card
                    && seen.condition == .alive
            }
        }
    }

    /// Members that were ever seen dead by somebody.
    var everDead: Set<NodeID> { Set(conditions.filter { $0.condition == .dead }.map(\.member)) }
}
