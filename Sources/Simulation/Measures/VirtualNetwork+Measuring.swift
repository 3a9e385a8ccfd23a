internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// Where a world is watched.
extension VirtualNetwork {
    /// What an action tells about what its node knows.
    mutating func observe(_ action: Overlay::Action, of run: Run) {
        switch action {
        case .route(.node(let node)): observe(node, by: run.node)
        case .route(.nodeGone(let id)):
            if let subject = measures.index(of: id.short) { measures.forgot(run.node, subject, at: now) }
        case .notice(.memberDied(let id, _)):
            if let subject = measures.index(of: id.short) { measures.buried(run.node, subject, at: now) }
        case .sign(.news(.status(let status))): measures.said(status, at: now)
        case .sign(.news(.verdict(let verdict))):
            let subject = measures.index(of: verdict.subject)
            let isLive = subject.map { nodes[$0].isUp && canReach($0, from: run.node) } ?? false
            measures.accused(verdict, isLive: isLive, at: now)
        case .persist, .send, .call, .answer, .prove, .sign, .learn, .prepare, .fetch, .complete, .discard, .extend,
            .endPeriod, .beginPeriod, .amendTerms, .route, .resolved, .progress, .left, .notice:
            break
        }
    }

    private mutating func observe(_ node: RoutingNode, by observer: Int) {
        guard let subject = measures.index(of: node.id.short) else { return }
        var (isPresent, isWrong) = (true, false)
        if !node.isAlive {
            let condition = nodes[observer].process?.overlay.roster[node.id]?.condition
            isPresent = condition == .suspect
            isWrong = isPresent && nodes[subject].isUp && canReach(subject, from: observer)
        }
        measures.learnt(
            observer, subject, version: node.statusVersion, isAlive: node.isAlive, isPresent: isPresent,
            isWrong: isWrong, at: now)
    }

    /// What has become durable, of whole files.
    mutating func observe(_ records: [Record], writtenBy node: Int) {
        for record in records {
            switch record {
            case .holding(.complete(let file, _)), .holding(.pieces(let file, _)): observe(file, at: node)
            case .holding(.holding(let holding)): observe(holding.file, at: node)
            case .holding(.removed(let file)): measures.copying.removed(file, at: node)
            case .member, .holding, .ledger: break
            }
        }
    }

    private mutating func observe(_ file: FileID, at node: Int) {
        if nodes[node].disk.hasWhole(file) { measures.copying.completed(file, at: node) }
    }

    /// A client is being served: how far away, and how far away the nearest is that could have done it too.
    mutating func observeRoute(of id: ClientID, length: ByteCount, by source: Int) {
        guard let client = clients[id] else { return }
        let roundTrip = roundTrip(from: source, to: client.station)
        var nearest = roundTrip
        for holder in measures.copying.holders[client.file] ?? [] where holder != source {
            guard let usage = nodes[holder].process?.door.leases.usage, usage.remaining >= length else { continue }
            nearest = min(nearest, self.roundTrip(from: holder, to: client.station))
        }
        measures.serving.routed(roundTrip, nearest: nearest)
    }

    /// What came of a client's request.
    mutating func observe(_ client: VirtualClient, _ outcome: VirtualClient.Outcome) {
        let length = measures.copying.files[client.file]?.length
        measures.serving.answered(outcome, length, redirects: client.tried.count, asked: client.asked)
        guard case .served(let id) = outcome, let place = client.station.place, let length else { return }
        measures.serving.flowed(length, from: index(of: id), to: place)
    }

    /// What needs a look at all nodes.
    mutating func look() {
        let spent = nodes.map { node -> Double? in
            guard let period = node.process?.door.period else { return nil }
            return node.books.sent(in: period).sum.fraction(of: node.share)
        }
        if now >= measures.coordinates.due { observeCoordinates() }
        measures.look(spent: spent, at: now)
    }
}
