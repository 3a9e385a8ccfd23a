@_spi(Verification) import Primitives

@testable import Membership

/// Many rosters in virtual time, where only who hears whom, and when, is of interest: envelopes go as they are, and
/// everybody's card is known to all from the start.
struct Field {
    enum Happening {
        case event(Roster.Event, at: Int)
        case wake(Int)
        case table(from: Int, to: Int)
    }

    struct Station {
        var roster: Roster
        var isUp = true
        var wakeAt: Instant?
        /// Whatever comes in lies there so long before it is looked at.
        var lag: ClosedRange<Double>?
    }

    var now = Instant.zero
    var stations: [Station] = []
    /// Seconds from one to another.
    var delay: (Int, Int, inout Generator) -> Double = { _, _, generator in .random(in: 0.005...0.1, using: &generator)
    }
    var loss = 0.0
    var generator: Generator
    /// By sender: probes only, as the watch over holders sends them.
    private(set) var probes: [Int: Int] = [:]
    private(set) var datagrams = 0
    /// Members that were up when somebody held them dead.
    private(set) var falselyDead: Set<Int> = []
    /// And suspected: how often.
    private(set) var suspicions = 0
    private var agenda = Agenda()
    private var indices: [NodeID: Int] = [:]

    static let epoch = WallTime(milliseconds: 1_800_000_000_000)

    init(_ count: Int, seed: UInt64, settings: Roster.Settings, place: (Int) -> Place? = { _ in nil }) {
        generator = Generator(seed: seed)
        var cards: [Verified<News>] = []
        for index in 0..<count {
            let id = NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
            indices[id] = index
            var card = Card(
                nodeID: id, agreementKey: .zero, network: id, version: UInt64(Self.epoch.milliseconds), name: "",
                endpoints: [Endpoint(address: .v4(UInt32(index)), port: 1)], url: "http://n", place: place(index),
                share: .gigabytes(8), certificate: nil)
            card.signature = Self.sign(card)
            cards.append(Verified(checked: .card(card)))
        }
        for index in 0..<count {
            guard let card = cards[index].value.card else { continue }
            let roster = Roster(
                own: cards[index].part { _ in card }, known: cards, lastVersion: 0, settings: settings,
                generator: generator.split())
            stations.append(Station(roster: roster))
        }
        for index in 0..<count {
            deliver(.measured(remaining: .gigabytes(8), load: 0, freeDisk: .gigabytes(50)), to: index)
            schedule(.event(.start(Self.epoch), at: index), after: .random(in: 0...1, using: &generator))
        }
    }

    func id(_ index: Int) -> NodeID { stations[index].roster.own.id }

    /// Without cryptography: different for different content.
    private static func sign(_ statement: some Statement) -> Signature {
        let word = statement.signedBytes.reduce(1) { Generator.mix($0 ^ UInt64($1)) }
        return Signature(first: Bytes32(word, 0, 0, 0), second: Bytes32(word, 1, 1, 1))
    }

    private static func signed(_ draft: News) -> Verified<News> {
        switch draft {
        case .card: break
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
        return Verified(checked: draft)
    }

    // MARK: Running

    mutating func run(for duration: Duration) {
        run(for: duration) { _ in false }
    }

    /// Asked after whatever happens.
    @discardableResult
    mutating func run(for duration: Duration, until isDone: (Field) -> Bool) -> Bool {
        let end = now + duration
        while let next = agenda.next, next.at <= end {
            agenda.removeFirst()
            now = next.at
            switch next.happening {
            case .event(let event, let index): deliver(event, to: index)
            case .wake(let index):
                guard stations[index].wakeAt == now else { continue }
                stations[index].wakeAt = nil
                deliver(.wake, to: index)
            case .table(let teller, let asker):
                let table = stations[teller].roster.news.map { Verified(checked: $0) }
                deliver(.table(table), to: asker)
            }
            if isDone(self) { return true }
        }
        now = end
        return isDone(self)
    }

    mutating func deliver(_ event: Roster.Event, to index: Int) {
        guard stations[index].isUp else { return }
        var actions: [Roster.Action] = []
        stations[index].roster.handle(event, at: now, into: &actions)
        for action in actions { perform(action, of: index) }
        guard let due = stations[index].roster.nextDeadline.map({ max($0, now) }), due != stations[index].wakeAt else {
            return
        }
        stations[index].wakeAt = due
        agenda.insert(.wake(index), at: due)
    }

    private mutating func perform(_ action: Roster.Action, of index: Int) {
        switch action {
        case .send(let envelope, let receiver):
            if case .probe = envelope.message { probes[index, default: 0] += 1 }
            datagrams += 1
            guard let other = indices[receiver], stations[other].isUp,
                Double.random(in: 0..<1, using: &generator) >= loss
            else { return }
            var seconds = delay(index, other, &generator)
            if let lag = stations[other].lag { seconds += .random(in: lag, using: &generator) }
            schedule(.event(.received(Verified(checked: envelope), from: id(index)), at: other), after: seconds)
        case .introduce(let teller, let wantsTable):
            guard wantsTable, let other = indices[teller], stations[other].isUp else { return }
            schedule(.table(from: other, to: index), after: 0.2)
        case .sign(let draft): schedule(.event(.signed(Self.signed(draft)), at: index), after: 0.000_1)
        case .persist(_, let then): for action in then { perform(action, of: index) }
        case .joined: break
        case .changed(let member):
            guard let other = indices[member], stations[other].isUp else { return }
            switch stations[index].roster[member]?.condition {
            case .dead: falselyDead.insert(other)
            case .suspect: suspicions += 1
            case .alive, .left, nil: break
            }
        }
    }

    mutating func schedule(_ happening: Happening, after seconds: Double) {
        agenda.insert(happening, at: now + .nanoseconds(Int64(seconds * 1e9)))
    }

    /// What is to happen, in a heap.
    private struct Agenda {
        struct Entry {
            let at: Instant
            let sequence: Int
            let happening: Happening

            func isBefore(_ other: Entry) -> Bool { (at, sequence) < (other.at, other.sequence) }
        }

        private var entries: [Entry] = []
        private var sequence = 0

        var next: Entry? { entries.first }

        mutating func insert(_ happening: Happening, at time: Instant) {
            sequence += 1
            entries.append(Entry(at: time, sequence: sequence, happening: happening))
            var place = entries.count - 1
            while place > 0, entries[place].isBefore(entries[(place - 1) / 2]) {
                entries.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
        }

        mutating func removeFirst() {
            entries.swapAt(0, entries.count - 1)
            entries.removeLast()
            var place = 0
            while true {
                var least = place
                for child in [2 * place + 1, 2 * place + 2] where child < entries.count {
                    if entries[child].isBefore(entries[least]) { least = child }
                }
                guard least != place else { return }
                entries.swapAt(place, least)
                place = least
            }
        }
    }
}
