internal import Allowance
internal import Catalogue
internal import Overlay
internal import Primitives
internal import Routing

/// Clients, served as the public door serves them.
extension VirtualNetwork {
    /// About what a redirect, or an error, is with its headers.
    private static let answerCost = ByteCount(750)
    /// How long somebody waits for a page that does not come.
    static let patience = Duration.seconds(30)

    /// A client near `place` asks the running node that is nearest to it; nothing where none runs.
    mutating func ask(_ file: FileID, near place: Place?) -> ClientID? {
        let here = Station(word: 0, place: place, access: .zero)
        let running = nodes.indices.filter { nodes[$0].isUp }
        let nearest = running.min { one, other in
            (nodes[one].station.distance(to: here) ?? .infinity, one)
                < (nodes[other].station.distance(to: here) ?? .infinity, other)
        }
        return nearest.map { ask(file, at: $0, near: place) }
    }

    /// A client near `place` asks a node for a file.
    mutating func ask(_ file: FileID, at index: Int, near place: Place?) -> ClientID {
        let word = generator.next()
        let station = Station(word: word, place: place, access: Station.Line.home.draw(using: &generator))
        return ask(file, at: index, from: station)
    }

    /// Over a new connection.
    /// - Parameter isPassing: nobody asks what becomes of it.
    @discardableResult
    mutating func ask(_ file: FileID, at index: Int, from station: Station, isPassing: Bool = false) -> ClientID {
        numbers += 1
        let id = ClientID(number: numbers)
        clients[id] = VirtualClient(file: file, station: station, asked: now, isPassing: isPassing)
        schedule(.client(id, at: index), after: roundTrip(from: index, to: station) + delay(from: index, to: station))
        return id
    }

    mutating func arrive(_ id: ClientID, at index: Int) {
        guard let client = clients[id], client.outcome == nil else { return }
        let file = client.file
        let isKnown = nodes[index].process?.door.knows(file)
        switch isKnown {
        case nil: conclude(id, .cutOff(by: nodes[index].id))
        case true?: decide(id, at: currentRun(of: index))
        case false?: search(id, file, at: currentRun(of: index))
        }
    }

    /// The client waits until the file is found, and somebody to serve it.
    private mutating func search(_ id: ClientID, _ file: FileID, at run: Run) {
        clients[id]?.hasWaited = true
        nodes[run.node].process?.door.searching[file, default: []].append(id)
        schedule(.lookUpOverdue(id, run), after: Conditions.lookUpLimit)
        deliver(.wanted(file), to: run)
    }

    mutating func resolved(_ file: FileID, _ outcome: LookUpOutcome, at run: Run) {
        let waiting = nodes[run.node].process?.door.searching.removeValue(forKey: file)
        for id in waiting ?? [] {
            clients[id]?.lookUp = outcome
            decide(id, at: run)
        }
    }

    mutating func lookUpOverdue(_ id: ClientID, at run: Run) {
        guard isRunning(run), let client = clients[id],
            let place = nodes[run.node].process?.door.searching[client.file]?.firstIndex(of: id)
        else { return }
        nodes[run.node].process?.door.searching[client.file]?.remove(at: place)
        clients[id]?.lookUp = .postponed(Conditions.lookUpLimit)
        decide(id, at: run)
    }

    private mutating func decide(_ id: ClientID, at run: Run) {
        guard let client = clients[id], let usage = nodes[run.node].process?.door.leases.usage else { return }
        var query = Query(
            file: client.file, client: client.place, family: .v4, tried: client.tried, ownRemaining: usage.remaining)
        guard var choice = choose(query, at: run) else { return }
        if case .here = choice {
            guard !serve(id, at: run) else { return }
            // Others took the last of the allowance meanwhile, or the head does not fit any more.
            query.ownRemaining = .zero
            choice = choose(query, at: run) ?? .unknown
        }
        follow(choice, id, at: run)
    }

    private mutating func choose(_ query: Query, at run: Run) -> Choice? {
        lookUpHolders(of: query.file, at: run)
        let choice = nodes[run.node].process?.door.router.decide(query, at: now).choice
        if case .redirect = choice, nodes[run.node].process?.door.isTallying == false {
            nodes[run.node].process?.door.isTallying = true
            schedule(.tally(run), after: Conditions.tallying)
        }
        return choice
    }

    /// Every second, as long as clients are sent to anybody who is busy.
    mutating func tally(_ run: Run) {
        guard isRunning(run), let busy = nodes[run.node].process?.door.router.takeBusy(at: now) else { return }
        nodes[run.node].process?.door.isTallying = !busy.isEmpty
        guard !busy.isEmpty else { return }
        schedule(.tally(run), after: Conditions.tallying)
        deliver(.redirected(busy), to: run)
    }

    /// Tells the door of the nodes that matter to a file: see `perform`.
    private mutating func lookUpHolders(of file: FileID, at run: Run) {
        guard let holders = nodes[run.node].process?.door.router[file]?.holders.map(\.id) else { return }
        for id in [nodes[run.node].id] + holders {
            guard let node = nodes[run.node].process?.overlay.routingNode(id) else {
                nodes[run.node].process?.door.router.apply(.nodeGone(id))
                continue
            }
            nodes[run.node].process?.door.router.apply(.node(node))
        }
    }

    private mutating func serve(_ id: ClientID, at run: Run) -> Bool {
        guard let file = clients[id]?.file, let route = nodes[run.node].process?.door.router[file] else { return false }
        let pieces = 0..<PieceGeometry(length: route.length).count
        guard begin(.client(id), file, pieces, length: route.length, at: run) else { return false }
        observeRoute(of: id, length: route.length, by: run.node)
        return true
    }

    private mutating func follow(_ choice: Choice, _ id: ClientID, at run: Run) {
        switch choice {
        case .redirect(let node):
            if let client = clients[id] { checkRedirect(of: client, from: run.node, to: node.id) }
            clients[id]?.tried.append(node.id.short)
            let next = index(of: node.id)
            // A new connection there.
            let connecting = clients[id].map { roundTrip(from: next, to: $0.station) * 3 / 2 } ?? .zero
            tell(.client(id, at: next), id, at: run, pausing: connecting)
        case .unknown:
            let outcome: VirtualClient.Outcome =
                if case .postponed(let pause)? = clients[id]?.lookUp { .postponed(pause) } else { .notFound }
            tell(.answered(id, outcome), id, at: run)
        case .gone(let absence): tell(.answered(id, .gone(absence)), id, at: run)
        case .here: tell(.answered(id, .unavailable(.exhausted)), id, at: run)
        case .nobody(.unproven) where clients[id]?.hasWaited == false:
            if let file = clients[id]?.file { search(id, file, at: run) }
        case .nobody(let shortage): tell(.answered(id, .unavailable(shortage)), id, at: run)
        }
    }

    /// Sends a small answer, if the account has room for it.
    private mutating func tell(_ then: Happening, _ id: ClientID, at run: Run, pausing pause: Duration = .zero) {
        guard reserve(Self.answerCost, for: .answers, at: run) else {
            return conclude(id, .cutOff(by: nodes[run.node].id))
        }
        let way = clients[id].map { delay(from: run.node, to: $0.station) } ?? .zero
        pay(VirtualDoor.Bill(size: Self.answerCost, kind: .answers, then: then, delay: way + pause), at: run)
    }

    /// What came of it, once and for all: nobody thinks of those who pass afterwards.
    mutating func conclude(_ id: ClientID, _ outcome: VirtualClient.Outcome) {
        guard let client = clients[id], client.outcome == nil else { return }
        clients[id]?.outcome = outcome
        observe(client, outcome)
        if client.isPassing { clients[id] = nil }
    }
}
