internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives
internal import Routing

/// A network of whole nodes in virtual time: their wires, disks, doors and clients, all from one seed.
///
/// It performs the overlays' actions as the shell does, in order, with what waits for the disk coming later;
/// checkers look at all that happens.
struct VirtualNetwork {
    var conditions: Conditions
    /// For what is made: nodes, files and clients. What happens to them is drawn from generators of their own.
    var generator: Generator
    var wires: Wires
    var faults = Faults()
    var pathQueues = PathQueues()
    var market = Market.none
    var nodes: [VirtualNode] = []
    var transfers: [TransferID: VirtualTransfer] = [:]
    var clients: [ClientID: VirtualClient] = [:]
    var numbers = 0
    /// Ways through a partition.
    var passages: Set<Passage> = []
    private(set) var now = Instant.zero
    private var agenda = Agenda()
    private var places: [ShortID: Int] = [:]

    /// What is observed of it.
    var measures = Measures()
    /// Promises that were broken.
    var violations: [Violation] = []
    var checkers = Checkers()
    /// Kept for who compares two runs.
    var journal: Journal?
    /// One line for each action and each crash.
    var log: [String] = []
    var isLogging = false

    static let epoch = WallTime(milliseconds: 1_800_000_000_000)

    init(seed: UInt64, conditions: Conditions = Conditions()) {
        self.conditions = conditions
        generator = Generator(seed: seed)
        wires = Wires(seed: generator.next())
    }

    // MARK: Building

    /// Nodes round the world that know each other's cards, started and settled.
    static func settled(
        _ count: Int, seed: UInt64, conditions: Conditions = Conditions(),
        share: (Int) -> ByteCount = { _ in .gigabytes(1) }
    ) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed, conditions: conditions)
        for index in 0..<count { network.create(share: share(index)) }
        network.introduceAll()
        for index in 0..<count { network.start(index) }
        network.run(for: .seconds(5))
        return network
    }

    @discardableResult
    mutating func create(share: ByteCount) -> Int {
        create(Topology.Node(place: Self.place(nodes.count), share: share, period: conditions.period))
    }

    @discardableResult
    mutating func create(_ machine: Topology.Node) -> Int {
        let index = nodes.count
        let id = NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
        let founder = nodes.first?.id ?? id
        let card = Card(
            nodeID: id, agreementKey: .zero, network: founder, version: UInt64(wallTime.milliseconds),
            name: machine.name.isEmpty ? "node \(index)" : machine.name,
            endpoints: [Endpoint(address: .v4(0xC000_0200 + UInt32(index)), port: 8080)],
            url: "http://192.0.2.\(index):8080", place: machine.place, share: machine.share,
            certificate: id == founder
                ? nil : Certificate(subject: id, issuer: founder, network: founder, issuedAt: Self.epoch).signed)
        places[id.short] = index
        var chance = generator.split()
        let access = Station.Line.server.draw(using: &chance)
        nodes.append(
            VirtualNode(
                id: id, machine: machine, access: access, card: Verified(checked: card.signed), chance: chance))
        return index
    }

    /// Everybody's card on everybody's disk.
    mutating func introduceAll() {
        for index in nodes.indices { dateBack(index) }
        // In the order of every table: each card goes to its end.
        let cards = nodes.map { $0.card.part(News.card) }.sorted { $0.value.subject < $1.value.subject }
        for index in nodes.indices { nodes[index].disk.install(cards) }
    }

    /// Its card was made a day before the world began.
    mutating func dateBack(_ index: Int) {
        var card = nodes[index].card.value
        card.version -= 86_400_000
        nodes[index].card = Verified(checked: card.signed)
    }

    /// Places far from one another.
    static func place(_ index: Int) -> Place? {
        Place(latitude: Double(index * 23 % 100 - 50), longitude: Double(index * 67 % 360 - 180))
    }

    // MARK: Running

    /// A node begins with what is on its disk.
    mutating func start(_ index: Int) {
        guard !nodes[index].isUp, !nodes[index].isGone else { return }
        nodes[index].isStopped = false
        nodes[index].run += 1
        let run = Run(node: index, number: nodes[index].run)
        nodes[index].disk.reconcile()
        // Where it is told to others with the installation, its first card is known already.
        if run.number > 1 {
            var card = nodes[index].card.value
            card.version = max(card.version + 1, UInt64(wallTime(of: index).milliseconds))
            nodes[index].card = Verified(checked: card.signed)
        }
        let overlay = overlay(of: index)
        checkStart(index, overlay.ledger.state)
        let terms = Terms(share: nodes[index].share)
        nodes[index].process = VirtualNode.Process(
            overlay: overlay,
            door: VirtualDoor(
                own: nodes[index].id, terms: terms, state: overlay.ledger.state,
                generator: nodes[index].chance.split()),
            clock: TrustedClock(wall: wallTime(of: index), at: now), reviewed: now)
        measures.began(index, nodes[index].id, at: now)
        beginRhythm(run)
        admitIfAlone(index)
    }

    private mutating func overlay(of index: Int) -> Overlay {
        let restored = nodes[index].disk.restored
        let id = nodes[index].id
        let terms = Terms(share: nodes[index].share)
        // A new period waits for the first reading of the clock by which it is certain.
        let stored = nodes[index].clockError == .zero ? nil : restored.ledger?.period
        return Overlay(
            roster: Roster(
                own: nodes[index].card, known: restored.news, lastVersion: restored.lastVersion,
                settings: conditions.pulse.map { Roster.Settings(pulse: $0) } ?? Roster.Settings(),
                generator: nodes[index].chance.split()),
            curator: Curator(
                own: id, holdings: restored.holdings, withdrawals: restored.withdrawals, owed: restored.owed,
                denials: restored.denials, policy: Policy(), generator: nodes[index].chance.split()),
            ledger: Ledger(terms: terms, period: stored ?? period(of: index), restored: restored.ledger),
            terms: terms)
    }

    mutating func run(for duration: Duration) {
        run(for: duration) { _ in false }
    }

    /// Whether `isDone` came true in time; asked every tenth of a second.
    @discardableResult
    mutating func run(for duration: Duration, until isDone: (borrowing VirtualNetwork) -> Bool) -> Bool {
        let end = now + duration
        var asked = now
        while let next = agenda.next, next <= end {
            if next - asked >= .milliseconds(100) {
                asked = next
                if isDone(self) { return true }
            }
            let happening = agenda.removeFirst()
            now = max(now, next)
            if now >= measures.due { look() }
            guard let happening else { continue }
            journal?.note(happening, at: now)
            happen(happening)
        }
        now = max(now, end)
        return isDone(self)
    }

    mutating func schedule(_ happening: Happening, after delay: Duration = .zero) {
        schedule(happening, at: now + delay)
    }

    mutating func schedule(_ happening: Happening, at moment: Instant) {
        agenda.insert(happening, at: moment)
    }

    mutating func deliver(_ event: Overlay::Event, to run: Run) {
        guard isRunning(run) else { return }
        // What the world tells a node directly waits as well.
        if nodes[run.node].troubles.isPaused, hold(.event(event, run)) { return }
        var actions: [Overlay::Action] = []
        let tidings = tidings(in: event, for: run)
        nodes[run.node].process?.overlay.handle(event, at: now, into: &actions)
        perform(actions, of: run)
        guard isRunning(run) else { return }
        checkHandled(event, tidings, at: run)
        guard let due = nodes[run.node].process?.overlay.nextDeadline else { return }
        if let wakeAt = nodes[run.node].process?.wakeAt, wakeAt <= due, wakeAt >= now { return }
        nodes[run.node].process?.wakeAt = max(due, now)
        schedule(.wake(run, at: max(due, now)), at: max(due, now))
    }

    private mutating func happen(_ happening: Happening) {
        guard !hold(happening) else { return }
        switch happening {
        case .event(let event, let run): deliver(event, to: run)
        case .wake(let run, let moment): wake(run, at: moment)
        case .rhythm(let run): beat(run)
        case .written(let run): written(run)
        case .writeAgain(let run): writeAgain(run)
        case .datagram(let envelope, let size, let sender, let receiver):
            arrive(envelope, size, from: sender, at: receiver)
        case .request(let request, let size, let caller, let call, let receiver):
            arrive(request, size, from: caller, call, at: receiver)
        case .answer(let answer, let size, let caller, let call): arrive(answer, size, at: caller, call)
        case .callFailed(let call, let failure, let caller): failed(call, failure, of: caller)
        case .fetch(let fetch, let file, let pieces, let sink, let source):
            beginFetch(fetch, of: file, pieces, by: sink, from: source)
        case .fetchEnded(let fetch, let outcome, let run): failed(fetch, outcome, of: run)
        case .sliceBegins(let id, let size): sliceBegins(id, size)
        case .uplink(let index, let version): uplink(index, version: version)
        case .arrived(let arrival): arrived(arrival)
        case .synchronised(let fetch, let file, let pieces, let run):
            synchronised(fetch, file, pieces, at: run)
        case .stalled(let id): stalled(id)
        case .client(let id, let index): arrive(id, at: index)
        case .answered(let id, let outcome): conclude(id, outcome)
        case .tally(let run): tally(run)
        case .lookUpOverdue(let id, let run): lookUpOverdue(id, at: run)
        case .gaveUp(let waiter, let index): gaveUp(waiter, at: index)
        case .restart(let index): start(index)
        case .posting(let number): post(number: number)
        case .demand(let region): demand(of: region)
        case .crowd(let index): crowd(index)
        case .crowdMember(let index): crowdMember(index)
        case .fault(let fault): befall(fault)
        case .faultEnds(let id): end(id)
        }
    }

    mutating func wake(_ run: Run, at moment: Instant) {
        guard isRunning(run), nodes[run.node].process?.wakeAt == moment else { return }
        nodes[run.node].process?.wakeAt = nil
        if let sentence = checkers.livelock.woke(run.node, at: now) {
            judge(Livelock.self, at: run.node, sentence)
            // Or the world would stand still with it.
            nodes[run.node].process?.wakeAt = now + .seconds(1)
            return schedule(.wake(run, at: now + .seconds(1)), after: .seconds(1))
        }
        deliver(.wake, to: run)
    }

    // MARK: Asking

    /// The true one.
    var wallTime: WallTime { Self.epoch + (now - .zero) }

    /// What a node's own clock says.
    func wallTime(of index: Int) -> WallTime { wallTime + nodes[index].clockError }

    /// What a node's own calendar says.
    func period(of index: Int) -> Period {
        // As the shell's: a clock that runs ahead of the machine's uptime, or of the neighbours, begins no period.
        let trusted = min(wallTime(of: index), wallTime + nodes[index].machine.clockSkew)
        return Conditions.period(of: nodes[index].machine.period, at: trusted)
    }

    /// Datagrams that are on their way.
    var flying: Conservation.Count {
        // Those that wait for a process that stands still are among them.
        (agenda.pending + nodes.flatMap(\.held.happenings)).reduce(into: Conservation.Count()) { count, happening in
            if case .datagram(_, let size, _, _) = happening { count.add(size) }
        }
    }

    func isRunning(_ run: Run) -> Bool { nodes[run.node].isUp && nodes[run.node].run == run.number }

    func currentRun(of index: Int) -> Run { Run(node: index, number: nodes[index].run) }

    func index(of id: NodeID) -> Int {
        guard let index = places[id.short] else { preconditionFailure("a node of this world") }
        return index
    }

    func place(of id: ShortID) -> Int? { places[id] }

    /// What the log says beside what nodes do.
    mutating func note(_ line: @autoclosure () -> String) {
        guard journal != nil || isLogging else { return }
        let line = line()
        journal?.note(line, at: now)
        if isLogging { log.append("\(now.nanoseconds) \(line)") }
    }
}
