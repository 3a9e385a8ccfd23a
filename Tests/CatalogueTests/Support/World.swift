import Catalogue
@_spi(Verification) import Primitives

/// A virtual network of curators: it plays the wires, the disks and the signing, in virtual time, from one seed.
struct World {
    struct Settings {
        var delay = Duration.milliseconds(20)
        /// Each delay is longer by up to this at random.
        var jitter = Duration.zero
        /// Bytes a second that each node's uplink carries, shared by its transfers in turn.
        var uplink: Int64 = 12_500_000
        /// Of a thousand calls so many are lost on the way there, and as many on the way back.
        var lostCalls = 0
        /// Of a thousand fetches so many break.
        var brokenFetches = 0
        /// Who sends bad pieces.
        var liars: [Int] = []
        /// How long the others take to notice a crash.
        var detection = Duration.seconds(3)
    }

    struct Node {
        let id: NodeID
        var curator: Curator
        /// What survives a crash.
        var disk: [FileID: Holding] = [:]
        var isUp = true
        /// Raised by every crash: what was under way before concerns nobody any more.
        var life = 0
        var wakeAt: Instant?
        /// Transfers that this node's uplink serves, in turn.
        var transfers: [Transfer] = []
        var isSending = false
        var sent = ByteCount.zero
        var routes: [FileID: FileRoute] = [:]
        var resolved: [FileID] = []
        var place: Place?
    }

    struct Transfer {
        let fetch: FetchID
        let file: FileID
        var pieces: Range<Int>
        let to: Int
        let life: Int
    }

    enum Happening {
        case event(Curator.Event, Int, life: Int)
        case arrive(CatalogueRequest, call: CallID, from: Int, to: Int, life: Int)
        case durable([HoldingRecord], [Curator.Action], Int, life: Int)
        case startTransfer(Transfer, at: Int)
        case sentPiece(Transfer, by: Int, life: Int)
        case wake(Int, at: Instant)
        case crash(Int, for: Duration)
        case restart(Int)
        case tell(MemberFacts)
    }

    let settings: Settings
    var generator: Generator
    var nodes: [Node]
    private(set) var now = Instant.zero
    private var agenda: [(at: Instant, sequence: Int, what: Happening)] = []
    private var sequence = 0
    private var askers: [RequestID: (call: CallID, from: Int, life: Int)] = [:]
    private var requests: UInt64 = 0
    /// One line per action, for comparing runs.
    private(set) var log: [String] = []
    /// Requests that were made up, numbered apart from those of the nodes.
    var told: UInt64 = 1 << 32
    var isLogging = false

    init(_ count: Int, settings: Settings = Settings(), seed: UInt64) {
        self.settings = settings
        var generator = Generator(seed: seed)
        nodes = (0..<count).map { number in
            let id = Sample.node(UInt64(number))
            return Node(
                id: id, curator: Curator(own: id, holdings: [], policy: Policy(), generator: generator.split()),
                place: Place(latitude: 0, longitude: Double(number * 37 % 360 - 180)))
        }
        self.generator = generator
        for index in nodes.indices { introduce(index) }
    }

    // MARK: Driving

    mutating func run(for duration: Duration, until done: (World) -> Bool = { _ in false }) {
        let end = now + duration
        while !done(self), let next = agenda.first, next.at <= end {
            popFirst()
            now = next.at
            happen(next.what)
        }
        if agenda.first.map({ $0.at > end }) ?? true { now = end }
    }

    mutating func post(_ manifest: Manifest, on index: Int) {
        handle(.posted(.believed(manifest), sha256: manifest.posting.sha256), at: index)
    }

    mutating func crash(_ index: Int, after delay: Duration, for duration: Duration) {
        schedule(.crash(index, for: duration), after: delay)
    }

    mutating func handle(_ event: Curator.Event, at index: Int) {
        guard nodes[index].isUp else { return }
        var actions: [Curator.Action] = []
        nodes[index].curator.handle(event, at: now, into: &actions)
        perform(actions, at: index)
        if let deadline = nodes[index].curator.nextDeadline {
            if let wakeAt = nodes[index].wakeAt, wakeAt <= deadline { return }
            nodes[index].wakeAt = deadline
            schedule(.wake(index, at: deadline), at: max(deadline, now))
        }
    }

    func holders(of file: FileID) -> [Int] {
        nodes.indices.filter { nodes[$0].isUp && nodes[$0].routes[file]?.own == .complete }
    }

    private mutating func introduce(_ index: Int) {
        let everyone = nodes.map { Sample.facts($0.id, isAlive: $0.isUp, place: $0.place, since: now) }
        for facts in everyone { handle(.member(facts), at: index) }
        handle(.capacity(replication: .gigabytes(8), freeDisk: .gigabytes(8)), at: index)
        handle(.start(Sample.wall + (now - .zero)), at: index)
    }

    // MARK: Performing

    private mutating func perform(_ actions: [Curator.Action], at index: Int) {
        let life = nodes[index].life
        for action in actions {
            if isLogging { log.append("\(now.nanoseconds) \(index) \(action)") }
            switch action {
            case .call(let id, let request, let to):
                guard let target = nodes.firstIndex(where: { $0.id == to }), isLucky(settings.lostCalls) else {
                    schedule(.event(.failed(id, .timedOut), index, life: life), after: .seconds(2))
                    continue
                }
                schedule(.arrive(request, call: id, from: index, to: target, life: life), after: delay())
            case .answer(let request, let answer):
                guard let (call, from, life) = askers.removeValue(forKey: request) else { continue }
                if isLucky(settings.lostCalls) {
                    schedule(.event(.answered(call, .believed(answer)), from, life: life), after: delay())
                } else {
                    schedule(.event(.failed(call, .timedOut), from, life: life), after: .seconds(2))
                }
            case .sign(let draft):
                schedule(.event(.signed(.believed(draft)), index, life: life), after: .microseconds(50))
            case .signWithdrawal(let draft):
                schedule(.event(.withdrawalSigned(.believed(draft)), index, life: life), after: .microseconds(50))
            case .prepare(let manifest):
                schedule(.event(.prepared(manifest.file), index, life: life), after: .milliseconds(1))
            case .fetch(let fetch, let file, let pieces, let from):
                guard let source = nodes.firstIndex(where: { $0.id == from }) else { continue }
                let transfer = Transfer(fetch: fetch, file: file, pieces: pieces, to: index, life: life)
                schedule(.startTransfer(transfer, at: source), after: delay())
            case .complete(let file):
                let sha256 = nodes[index].disk[file]?.manifest.value.posting.sha256 ?? .zero
                schedule(.event(.completed(file, sha256: sha256), index, life: life), after: .milliseconds(5))
            case .discard: continue
            case .persist(let records, let then):
                let isRouting = then.contains { if case .route = $0 { true } else { false } }
                precondition(!isRouting, "a route that waits for the disk may overtake a later one")
                schedule(.durable(records, then, index, life: life), after: .milliseconds(2))
            case .route(let route): nodes[index].routes[route.posting.file] = route
            case .routeEnding(let file, _), .unroute(let file): nodes[index].routes[file] = nil
            case .resolved(let file, _): nodes[index].resolved.append(file)
            case .progress, .left, .caught, .shareTaken: continue
            }
        }
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .event(let event, let index, let life):
            if nodes[index].life == life { handle(event, at: index) }
        case .arrive(let request, let call, let from, let to, let life):
            guard nodes[to].isUp else {
                return schedule(.event(.failed(call, .unreachable), from, life: life), after: delay())
            }
            requests += 1
            askers[RequestID(requests)] = (call, from, life)
            handle(.request(.believed(request), from: nodes[from].id, RequestID(requests)), at: to)
        case .durable(let records, let then, let index, let life):
            guard nodes[index].life == life else { return }
            for record in records { write(record, at: index) }
            perform(then, at: index)
        case .startTransfer(let transfer, let source): start(transfer, at: source)
        case .sentPiece(let transfer, let source, let life): sentPiece(transfer, by: source, life: life)
        case .wake(let index, let deadline):
            guard nodes[index].wakeAt == deadline else { return }
            nodes[index].wakeAt = nil
            handle(.wake, at: index)
        case .crash(let index, let duration):
            guard nodes[index].isUp else { return }
            nodes[index].isUp = false
            nodes[index].life += 1
            nodes[index].wakeAt = nil
            nodes[index].routes = [:]
            for transfer in nodes[index].transfers { fail(transfer) }
            nodes[index].transfers = []
            nodes[index].isSending = false
            schedule(.tell(Sample.facts(nodes[index].id, isAlive: false)), after: settings.detection)
            schedule(.restart(index), after: duration)
        case .restart(let index):
            let holdings = nodes[index].disk.values.sorted { $0.file < $1.file }
            nodes[index].curator = Curator(
                own: nodes[index].id, holdings: holdings, policy: Policy(), generator: generator.split())
            nodes[index].isUp = true
            introduce(index)
            schedule(.tell(Sample.facts(nodes[index].id, place: nodes[index].place, since: now)), after: delay())
        case .tell(let facts):
            let subject = nodes.firstIndex { $0.id == facts.id }
            guard let subject, nodes[subject].isUp == facts.isAlive else { return }
            for index in nodes.indices where index != subject { handle(.member(facts), at: index) }
        }
    }

    private mutating func write(_ record: HoldingRecord, at index: Int) {
        switch record {
        case .holding(let holding): nodes[index].disk[holding.file] = holding
        case .pieces(let file, let pieces): nodes[index].disk[file]?.pieces = pieces
        case .complete(let file, let sha256): nodes[index].disk[file]?.sha256 = sha256
        case .removed(let file): nodes[index].disk[file] = nil
        case .withdrawal, .withdrawalForgotten, .withdrawalOwed, .withdrawalSettled, .denial, .denialLifted: break
        }
    }

    // MARK: Transfers

    private mutating func start(_ transfer: Transfer, at source: Int) {
        let has: Bool
        switch nodes[source].routes[transfer.file]?.own {
        case .complete: has = true
        case .filling(let pieces): has = pieces.contains(transfer.pieces)
        case .some(.none), nil: has = false
        }
        guard nodes[source].isUp, isLucky(settings.brokenFetches) else { return fail(transfer) }
        guard has else {
            let ended = Curator.Event.fetchEnded(transfer.fetch, .unavailable)
            return schedule(.event(ended, transfer.to, life: transfer.life), after: delay())
        }
        nodes[source].transfers.append(transfer)
        sendNext(from: source)
    }

    private mutating func sendNext(from source: Int) {
        guard !nodes[source].isSending, !nodes[source].transfers.isEmpty else { return }
        let transfer = nodes[source].transfers.removeFirst()
        nodes[source].isSending = true
        let size = size(of: transfer.pieces.lowerBound, of: transfer.file, at: source)
        let time = Duration.nanoseconds(size.bytes * 1_000_000_000 / settings.uplink)
        schedule(.sentPiece(transfer, by: source, life: nodes[source].life), after: time)
    }

    private mutating func sentPiece(_ transfer: Transfer, by source: Int, life: Int) {
        guard nodes[source].life == life else { return fail(transfer) }
        nodes[source].isSending = false
        var rest = transfer
        let piece = transfer.pieces.lowerBound
        nodes[source].sent += size(of: piece, of: transfer.file, at: source)
        rest.pieces = piece + 1..<transfer.pieces.upperBound
        let wait = delay()
        func tell(_ event: Curator.Event) { schedule(.event(event, transfer.to, life: transfer.life), after: wait) }
        if settings.liars.contains(source) {
            tell(.fetchEnded(transfer.fetch, .corrupt(piece: piece)))
        } else {
            tell(.stored(transfer.fetch, piece..<piece + 1))
            if rest.pieces.isEmpty {
                tell(.fetchEnded(transfer.fetch, .finished))
            } else if nodes[transfer.to].life == transfer.life {
                nodes[source].transfers.append(rest)
            }
        }
        sendNext(from: source)
    }

    private mutating func fail(_ transfer: Transfer) {
        schedule(.event(.fetchEnded(transfer.fetch, .failed), transfer.to, life: transfer.life), after: delay())
    }

    private func size(of piece: Int, of file: FileID, at index: Int) -> ByteCount {
        guard let geometry = nodes[index].disk[file]?.manifest.value.geometry else { return .zero }
        return ByteCount(Int64(geometry.bytes(of: piece).count))
    }

    // MARK: Time and chance

    private mutating func isLucky(_ perThousand: Int) -> Bool {
        perThousand == 0 || Int.random(in: 0..<1000, using: &generator) >= perThousand
    }

    private mutating func delay() -> Duration {
        guard settings.jitter > .zero else { return settings.delay }
        return settings.delay + .nanoseconds(Int64.random(in: 0...settings.jitter.wholeNanoseconds, using: &generator))
    }

    private mutating func schedule(_ what: Happening, after delay: Duration) {
        schedule(what, at: now + delay)
    }

    /// A binary heap by time, then by the order in which things were arranged.
    private mutating func schedule(_ what: Happening, at moment: Instant) {
        sequence += 1
        agenda.append((moment, sequence, what))
        var child = agenda.count - 1
        while child > 0, isEarlier(child, (child - 1) / 2) {
            agenda.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func popFirst() {
        agenda.swapAt(0, agenda.count - 1)
        agenda.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < agenda.count && isEarlier(child, least) {
                least = child
            }
            guard least != parent else { return }
            agenda.swapAt(parent, least)
            parent = least
        }
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        (agenda[left].at, agenda[left].sequence) < (agenda[right].at, agenda[right].sequence)
    }
}
