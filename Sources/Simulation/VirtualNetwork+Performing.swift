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
            note("\(run.node) \(action)")
            observe(action, of: run)
            journal.note(action, by: run.node, at: now)
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
        case .sign(let draft): schedule(.event(.signed(draft.signed), run))
        case .prepare(let manifest):
            nodes[run.node].disk.prepare(manifest)
            schedule(.event(.prepared(manifest.file), run), after: .milliseconds(1))
        case .fetch(let id, let file, let pieces, let holder):
            checkHonest(holder)
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
        case .route(let change): nodes[run.node].process?.door.router.apply(change)
        case .resolved(let file, let outcome): resolved(file, outcome, at: run)
        case .left: nodes[run.node].process?.hasLeft = true
        case .learn, .progress, .notice: break
        }
    }

    private mutating func beginPeriod(_ terms: Terms, _ durable: ClassTotals, at run: Run) {
        guard let state = nodes[run.node].disk.ledger else { return }
        nodes[run.node].process?.door.leases.begin(terms: terms, durable: durable)
        nodes[run.node].process?.door.period = state.period
        payWaiting(run)
    }

    // MARK: The disk

    mutating func write(_ run: Run) {
        schedule(
            .written(run),
            after: Conditions.draw(conditions.writing, using: &nodes[run.node].chance)
                * nodes[run.node].troubles.slowness)
    }

    mutating func written(_ run: Run) {
        guard isRunning(run) else { return }
        let records = nodes[run.node].disk.writing?.records
        let then = nodes[run.node].disk.finish()
        observe(records ?? [], writtenBy: run.node)
        if nodes[run.node].disk.beginNext() { write(run) } else { checkers.tombstones.settled(run.node) }
        perform(then, of: run)
    }

    private mutating func complete(_ file: FileID, at run: Run) {
        guard let bytes = nodes[run.node].disk.bytes[file], bytes.isFull,
            let posting = nodes[run.node].disk.holdings[file]?.manifest.value.posting
        else {
            judge(WholeFiles.self, at: run.node, WholeFiles.check(isComplete: false))
            return schedule(.event(.damaged(file), run), after: .milliseconds(5))
        }
        schedule(.event(.completed(file, sha256: posting.sha256), run), after: .milliseconds(5))
    }
}
