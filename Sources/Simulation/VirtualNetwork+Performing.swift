internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// The shell's part: performing what an overlay decides.
extension VirtualNetwork {
    /// In order, until the node crashes.
    mutating func perform(_ actions: [Overlay::Action], of run: Run) {
        for action in actions {
            guard isRunning(run), !crashIfDue(run) else { return }
            nodes[run.node].performed += 1
            journal?.note(action, by: run.node, at: now)
            if isLogging { log.append("\(now.nanoseconds) \(run.node) \(action)") }
            observe(action, of: run)
            check(action, of: run)
            perform(action, of: run)
        }
    }

    private mutating func perform(_ action: Overlay::Action, of run: Run) {
        switch action {
        case .persist(let records, let then):
            if nodes[run.node].disk.persist(records, then: then) { write(run) }
        case .send(let envelope, let receiver): send(envelope, from: run, to: receiver)
        case .call(let id, let request, let receiver): call(request, id, from: run, to: receiver)
        case .answer(let request, let answer): self.answer(request, answer, from: run)
        case .prove(let member): prove(member, from: run)
        case .sign(let draft): schedule(.event(.signed(lie(draft, at: run.node).signed), run))
        case .prepare(let manifest): prepare(manifest, at: run)
        case .fetch(let id, let file, let pieces, let holder):
            checkHonest(holder, by: run.node)
            fetch(id, file, pieces, by: run, from: holder)
        case .complete(let file): complete(file, at: run)
        case .discard(let file): nodes[run.node].disk.discard(file)
        case .extend(let durable):
            nodes[run.node].process?.door.leases.extend(to: durable)
            payWaiting(run)
        case .endPeriod: nodes[run.node].process?.door.leases.end()
        case .beginPeriod(let terms, let durable): beginPeriod(terms, durable, at: run)
        case .amendTerms(let terms):
            nodes[run.node].process?.door.leases.amend(terms)
            payWaiting(run)
        // Looked up when a client asks: ten thousand doors with ten thousand nodes each would not fit in memory.
        case .route(.node): break
        case .route(.nodeGone(let id)): _ = nodes[run.node].process?.keys.remove(index(of: id))
        case .route(let change): nodes[run.node].process?.door.router.apply(change)
        case .resolved(let file, let outcome): resolved(file, outcome, at: run)
        case .left: nodes[run.node].process?.hasLeft = true
        case .learn(let card): _ = nodes[run.node].process?.keys.insert(index(of: card.value.nodeID))
        case .progress, .notice: break
        }
    }

    private mutating func beginPeriod(_ terms: Terms, _ durable: ClassTotals, at run: Run) {
        guard let state = nodes[run.node].disk.ledger else { return }
        nodes[run.node].process?.door.end(at: nil)
        nodes[run.node].process?.door.leases.begin(terms: terms, durable: durable)
        nodes[run.node].process?.door.period = state.period
        payWaiting(run)
    }

    /// Who makes others believe that nothing is spent says so in each status.
    private func lie(_ draft: Draft, at index: Int) -> Draft {
        guard nodes[index].honesty == .understatesSpend, case .news(.status(var status)) = draft else { return draft }
        status.remaining = QuarterPower(Terms(share: nodes[index].share).ceiling(.serving))
        return .news(.status(status))
    }
}
