internal import Allowance
internal import Catalogue
internal import Overlay
internal import Primitives
internal import Routing

/// Clients, served as the public door serves them.
extension VirtualNetwork {
    /// About what a redirect, or an error, is with its headers.
    private static let answerCost = ByteCount(750)

    /// A client near `place` asks a node for a file.
    mutating func ask(_ file: FileID, at index: Int, near place: Place?) -> ClientID {
        let word = generator.next()
        let station = Station(word: word, place: place, access: Station.Line.home.draw(using: &generator))
        return ask(file, at: index, from: station)
    }

    /// - Parameter isPassing: nobody asks what becomes of it.
    @discardableResult
    mutating func ask(_ file: FileID, at index: Int, from station: Station, isPassing: Bool = false) -> ClientID {
        numbers += 1
        let id = ClientID(number: numbers)
        clients[id] = VirtualClient(file: file, station: station, asked: now, isPassing: isPassing)
        schedule(.client(id, at: index), after: delay(from: index, to: station))
        return id
    }

    mutating func arrive(_ id: ClientID, at index: Int) {
        guard let client = clients[id] else { return }
        guard let process = nodes[index].process else { return conclude(id, .cutOff(by: nodes[index].id)) }
        let run = currentRun(of: index)
        let router = process.door.router
        guard router[client.file] == nil, router.absence(of: client.file) == nil else { return decide(id, at: run) }
        search(id, client.file, at: run)
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
            tell(.client(id, at: index(of: node.id)), id, at: run)
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
    private mutating func tell(_ then: Happening, _ id: ClientID, at run: Run) {
        guard reserve(Self.answerCost, for: .answers, at: run) else {
            return conclude(id, .cutOff(by: nodes[run.node].id))
        }
        let way = clients[id].map { delay(from: run.node, to: $0.station) } ?? .zero
        pay(VirtualDoor.Bill(size: Self.answerCost, kind: .answers, then: then, delay: way), at: run)
    }

    /// What came of it, once and for all: nobody thinks of those who pass afterwards.
    mutating func conclude(_ id: ClientID, _ outcome: VirtualClient.Outcome) {
        guard let client = clients[id], client.outcome == nil else { return }
        clients[id]?.outcome = outcome
        observe(client, outcome)
        if client.isPassing { clients[id] = nil }
    }
}
