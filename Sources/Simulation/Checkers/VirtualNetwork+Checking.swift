internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// What the checkers are shown, in the order things happen.
extension VirtualNetwork {
    // MARK: Sending

    /// Bytes left a node: the world's own count, against what the disk allows.
    mutating func checkSent(_ kind: TrafficClass, by run: Run, in period: Period) {
        let sent = nodes[run.node].books.sent(in: period)
        let (share, leased) = (nodes[run.node].share, nodes[run.node].disk.leases[period.starts])
        judge(Overspending.self, at: run.node, Overspending.check(sent: sent, share: share, kind: kind))
        judge(UnleasedBytes.self, at: run.node, UnleasedBytes.check(sent: sent, leased: leased, kind: kind))
    }

    mutating func checkStart(_ index: Int, _ state: LedgerState) {
        let sent = nodes[index].books.sent(in: state.period)
        judge(ForgottenSpending.self, at: index, ForgottenSpending.check(sent: sent, restored: state.leased))
        judge(WholeFiles.self, at: index, WholeFiles.check(records: nodes[index].disk.lies))
    }

    mutating func checkPeriod(_ period: Period?, at index: Int) {
        let last = nodes[index].lastPeriod
        // Nobody can tell a clock that was always wrong from a true one.
        let time = wallTime + max(.zero, nodes[index].machine.clockSkew)
        judge(
            PeriodOrder.self, at: index,
            PeriodOrder.check(period, after: last, onDisk: nodes[index].disk.ledger?.period, at: time))
        if let period, last.map({ $0.starts < period.starts }) ?? true { nodes[index].lastPeriod = period }
    }

    // MARK: Datagrams and questions

    /// - Parameter size: with all headers.
    mutating func noteSent(_ size: ByteCount, payload: Int, at index: Int) {
        judge(DatagramSize.self, at: index, DatagramSize.check(payload))
        checkers.conservation.noteSent(size)
    }

    mutating func noteDropped(_ size: ByteCount) { judge(Conservation.self, checkers.conservation.noteDropped(size)) }

    mutating func noteArrived(_ size: ByteCount) { judge(Conservation.self, checkers.conservation.noteArrived(size)) }

    /// Whoever does not own the URL on its card is not to be called, nor clients sent there; unless it once showed this
    /// node that it did, which holds for some time.
    mutating func checkHonest(_ id: NodeID, by observer: Int) {
        let index = index(of: id)
        let isProven = nodes[observer].process?.proven.contains(index) ?? false
        judge(Honesty.self, at: index, Honesty.check(isHonest: isProven || nodes[index].honesty != .namesForeignURL))
    }

    // MARK: Clients and bytes

    /// A client is sent from one node to another.
    mutating func checkRedirect(of client: VirtualClient, from index: Int, to target: NodeID) {
        checkHonest(target, by: index)
        judge(
            RedirectChain.self, at: index,
            RedirectChain.check(target.short, from: nodes[index].id.short, tried: client.tried))
        checkVouched(client.file, target)
    }

    private mutating func checkVouched(_ file: FileID, _ server: NodeID) {
        judge(Audiences.self, at: index(of: server), checkers.audiences.check(file, by: server, at: now))
    }

    /// A response with bytes of a file begins.
    mutating func checkServing(_ file: FileID, _ pieces: Range<Int>, from run: Run, toClient isClient: Bool) {
        judge(MissingBytes.self, at: run.node, MissingBytes.check(isHere: nodes[run.node].disk.has(pieces, of: file)))
        checkOffer(of: file, at: run)
        if isClient { checkVouched(file, nodes[run.node].id) }
    }

    /// What a node offers clients it has not heard to be withdrawn.
    private mutating func checkOffer(of file: FileID, at run: Run) {
        guard let posting = nodes[run.node].process?.overlay.curator.route(of: file)?.posting else { return }
        checkOffer(posting, at: run)
    }

    private mutating func checkOffer(_ posting: Posting, at run: Run) {
        let kept = nodes[run.node].disk.withdrawals[posting.file]?[posting.publisher]?.statement.value
        if kept.map({ $0.voids(posting) }) ?? false {
            return judge(Tombstones.self, at: run.node, "offers \(posting.file.brief), which it remembers as withdrawn")
        }
        let (publisher, sequence) = (posting.publisher, posting.sequence)
        judge(
            Tombstones.self, at: run.node,
            checkers.tombstones.check(posting.file, publisher: publisher, sequence: sequence, at: run.node))
    }

    // MARK: Actions

    /// What a node is about to do, before it is done.
    mutating func check(_ action: Overlay::Action, of run: Run) {
        switch action {
        case .persist(let records, _): for record in records { checkGivingUp(record, at: run) }
        case .extend(let totals):
            let leased = nodes[run.node].disk.ledger?.leased
            judge(Durability.self, at: run.node, Durability.check(extending: totals, leased: leased))
        case .beginPeriod: checkPeriod(nodes[run.node].disk.ledger?.period, at: run.node)
        case .sign(let draft): check(draft, of: run)
        case .call(_, .catalogue(.announce(_, let postings, let withdrawals)), _):
            for posting in postings { checkTelling(posting, at: run) }
            for withdrawal in withdrawals { checkTelling(withdrawal, at: run) }
        case .answer(_, .catalogue(.found(let postings, _, _))):
            for posting in postings { checkTelling(posting, at: run) }
        case .discard(let file):
            let held = nodes[run.node].disk.holdings[file]
            judge(Durability.self, at: run.node, Durability.check(discarding: file, held: held))
        case .route(.node(let node)): checkMember(node, at: run)
        case .route(.nodeGone(let id)):
            checkers.versions.forgot(index(of: id), by: run)
            checkers.graves.forgot(id.short, by: run)
        case .route(.file(let file)): checkOffer(of: file.id, at: run)
        case .route, .send, .call, .answer, .prove, .learn, .prepare, .fetch, .complete, .endPeriod, .amendTerms,
            .resolved, .progress, .left, .notice:
            break
        }
    }

    private mutating func check(_ draft: Draft, of run: Run) {
        switch draft {
        case .news(.status(let status)):
            let time = wallTime(of: run.node)
            judge(
                Versions.self, at: run.node,
                checkers.versions.drafted(status.version, by: run.node, at: time))
        case .announcement(let announcement):
            let held = nodes[run.node].disk.holdings[announcement.file]
            judge(Durability.self, at: run.node, Durability.check(announcing: announcement, held: held))
        case .withdrawal, .news: break
        }
    }

    private mutating func checkTelling(_ posting: Posting, at run: Run) {
        checkOffer(posting, at: run)
        // What is over is told as such.
        let isOver = posting.expires.map { $0 <= wallTime(of: run.node) + PeriodOrder.tolerance } ?? false
        guard posting.publisher == nodes[run.node].id, !isOver else { return }
        let held = nodes[run.node].disk.holdings[posting.file]
        judge(Durability.self, at: run.node, Durability.check(telling: posting, held: held))
    }

    private mutating func checkTelling(_ withdrawal: Withdrawal, at run: Run) {
        guard withdrawal.publisher == nodes[run.node].id else { return }
        checkers.audiences.withdrew(withdrawal, at: now)
        let kept = nodes[run.node].disk.withdrawals[withdrawal.file]?[withdrawal.publisher]
        judge(Durability.self, at: run.node, Durability.check(telling: withdrawal, remembered: kept))
    }

    // MARK: Copies

    private mutating func checkGivingUp(_ record: Record, at run: Run) {
        switch record {
        case .holding(.removed(let file)): checkGivingUp(file, at: run)
        case .holding(.pieces(let file, let pieces)):
            judge(
                WholeFiles.self, at: run.node,
                WholeFiles.check(has: pieces, bytes: nodes[run.node].disk.bytes[file]))
            if !pieces.isFull { checkGivingUp(file, at: run) }
        case .holding, .member, .ledger: break
        }
    }

    private mutating func checkGivingUp(_ file: FileID, at run: Run) {
        let node = nodes[run.node]
        guard node.disk.hasWhole(file), !node.damaged.contains(file) else { return }
        let offered = checkers.audiences.wanted(file, at: wallTime)
        let isOwn = offered.contains { $0.publisher == node.id }
        let mayHold = offered.contains { posting in
            guard posting.audience.vouches(for: node.id) else { return false }
            let denials: [Denial] = [.file(file), .publisher(posting.publisher)]
            return denials.allSatisfy { node.process?.overlay.curator.denials.contains($0) != true }
        }
        let others = keepers(of: file, besides: run.node)
        judge(
            Copies.self, at: run.node,
            checkers.copies.check(file, isOffered: isOwn || mayHold, isOwn: isOwn, others: others.count))
        let parting = Copies.Parting(isOffered: isOwn || mayHold, others: others)
        checkers.copies.parts(run.node, with: file, parting)
    }

    /// Others that are not gone for good, with a whole copy on disk.
    private func keepers(of file: FileID, besides node: Int) -> [Int] {
        nodes.indices.filter { $0 != node && !nodes[$0].isGone && nodes[$0].disk.hasWhole(file) }
    }

    /// The disk has written something: what its node gave up is gone for good, and so may be what others gave up
    /// meanwhile. Who died meanwhile is nobody's fault.
    mutating func checkGivenUp(at index: Int) {
        for (file, parting) in checkers.copies.parting(index) where !nodes[index].disk.hasWhole(file) {
            checkers.copies.parted(index, from: file)
            guard keepers(of: file, besides: index).isEmpty else { continue }
            let isOffered = parting.isOffered && !checkers.audiences.wanted(file, at: wallTime).isEmpty
            if isOffered, !parting.others.isEmpty, !parting.others.contains(where: { nodes[$0].isGone }) {
                judge(Copies.self, at: index, checkers.copies.check(file, isOffered: true, isOwn: false, others: 0))
            }
            checkers.copies.excuse(file)
        }
    }

    /// A node is gone for good, or a disk lost what was on it: what only that one had is lost.
    mutating func excuseLosses(at index: Int) {
        for file in nodes[index].disk.heldOnce.sorted() where keepers(of: file, besides: index).isEmpty {
            checkers.copies.excuse(file)
        }
    }

    // MARK: Members

    /// What a node thinks of a member, or of itself, has changed.
    private mutating func checkMember(_ route: RoutingNode, at run: Run) {
        let id = route.id
        // Mostly somebody who is there says something new.
        let (subject, version) = (index(of: id), route.statusVersion)
        if route.isAlive, version > checkers.versions.seen(subject, by: run),
            !checkers.graves.isBuried(id.short, by: run)
        {
            return judge(Versions.self, at: run.node, checkers.versions.saw(subject, version, by: run))
        }
        guard id != nodes[run.node].id, let process = nodes[run.node].process,
            let member = process.overlay.roster[id]
        else { return }
        let own = max(member.card.value.version, member.status?.value.version ?? 0)
        // What enough members say that it last said; one alone may say anything.
        let verdicts = member.verdicts.map(\.value.version).sorted(by: >).prefix(Quorum.enough)
        let told = max(verdicts.last ?? 0, member.departure?.value.version ?? 0)
        judge(Versions.self, at: run.node, checkers.versions.saw(subject, own, by: run))
        let wasBuried = checkers.graves.isBuried(id.short, by: run)
        let isPresent = member.condition == .alive || member.condition == .suspect
        judge(
            Graves.self, at: run.node,
            checkers.graves.saw(id.short, lastWord: isPresent ? own : max(own, told), isPresent: isPresent, by: run))
        guard member.condition == .dead, !wasBuried else { return }
        let issuers = Set(member.verdicts.map(\.value.issuer)).count
        let roster = process.overlay.roster
        let voters = roster.members.count { $0.id != id && $0.isPresent && !$0.verdicts.contains(by: roster.own.id) }
        judge(Quorum.self, at: run.node, Quorum.check(id.short, issuers: issuers, voters: voters + 1))
    }

    // MARK: Events

    /// Withdrawals that an event tells a node of, which has to remember them: it has the file, or is its tracker.
    func tidings(in event: Overlay::Event, for run: Run) -> [Withdrawal] {
        let told: [Withdrawal]
        switch event {
        case .asked(let request, _, _):
            guard case .catalogue(.announce(_, _, let withdrawals)) = request.value else { return [] }
            told = withdrawals
        case .signed(let draft):
            guard case .withdrawal(let withdrawal) = draft.value else { return [] }
            told = [withdrawal]
        default: return []
        }
        guard let curator = nodes[run.node].process?.overlay.curator else { return [] }
        return told.filter { withdrawal in
            let isOver = withdrawal.keptUntil.map { $0 <= wallTime } ?? false
            return !isOver
                && (curator.holds(withdrawal.file) || curator.trackers(of: withdrawal.file).contains(curator.own))
        }
    }

    /// A node has handled an event, and its actions are performed.
    mutating func checkHandled(_ event: Overlay::Event, _ tidings: [Withdrawal], at run: Run) {
        for withdrawal in tidings {
            let isDiskIdle = !nodes[run.node].disk.isWriting
            checkers.tombstones.heard(withdrawal, at: run.node, isDiskIdle: isDiskIdle)
        }
        checkTables(at: run)
        switch event {
        case .damaged(let file): nodes[run.node].damaged.insert(file)
        case .completed(let file, _): nodes[run.node].damaged.remove(file)
        default: break
        }
    }

    private mutating func checkTables(at run: Run) {
        guard let process = nodes[run.node].process else { return }
        // At every event: without a copy of the roster.
        let settings = process.overlay.roster.settings
        let (members, neighbours) = (process.overlay.roster.memberCount, process.overlay.roster.neighbours.count)
        let files = nodes[run.node].disk.holdings.count
        func check(_ table: String, _ count: Int, _ limit: Int) {
            judge(TableBounds.self, at: run.node, TableBounds.check(table, count, limit: limit))
        }
        check("members", members, settings.memberLimit)
        check("neighbours", neighbours, settings.viewLimit + settings.guestLimit)
        check("files on disk", files, Curator.Limits().files)
    }
}

extension [Verified<Verdict>] {
    fileprivate func contains(by issuer: NodeID) -> Bool { contains { $0.value.issuer == issuer.short } }
}
