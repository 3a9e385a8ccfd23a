internal import Allowance
internal import Overlay
internal import Primitives

/// Every byte is paid before it is sent.
extension VirtualNetwork {
    /// Sends at once what can as well be dropped.
    mutating func spend(_ size: ByteCount, for kind: TrafficClass, at run: Run) -> Bool {
        nodes[run.node].process?.door.lookAtClock(now)
        guard let isPaid = nodes[run.node].process?.door.leases.spend(size, for: kind) else { return false }
        if isPaid { sent(size, kind, by: run) }
        renewIfLow(run)
        return isPaid
    }

    /// The same for a datagram.
    mutating func spendOnDatagram(_ size: ByteCount, at run: Run) -> Bool {
        nodes[run.node].process?.door.lookAtClock(now)
        guard let isPaid = nodes[run.node].process?.door.leases.spendOnDatagram(size) else { return false }
        if isPaid { sent(size, .overlay, by: run) }
        renewIfLow(run)
        return isPaid
    }

    /// Whether the node may ask, and be asked, over HTTP.
    func takesQuestions(_ run: Run) -> Bool { nodes[run.node].process?.door.leases.takesQuestions == true }

    mutating func reserve(_ size: ByteCount, for kind: TrafficClass, at run: Run) -> Bool {
        // A suspended account serves nobody.
        guard kind != .serving || nodes[run.node].process?.door.leases.isSuspended == false else { return false }
        return nodes[run.node].process?.door.leases.reserve(size, for: kind) ?? false
    }

    mutating func release(_ size: ByteCount, of kind: TrafficClass, at run: Run) {
        guard isRunning(run) else { return }
        nodes[run.node].process?.door.leases.release(size, of: kind)
    }

    /// Gives back what was paid for, and did not leave.
    mutating func credit(_ size: ByteCount, to kind: TrafficClass, debitedIn era: UInt32, at run: Run) {
        guard size > .zero, isRunning(run), nodes[run.node].process?.door.leases.era == era,
            let period = nodes[run.node].process?.door.period
        else { return }
        nodes[run.node].process?.door.leases.credit(size, to: kind, debitedIn: era)
        nodes[run.node].books.add(.zero - size, kind, in: period, at: now)
    }

    /// Sends what is reserved: now, or when there is a lease for it.
    mutating func pay(_ bill: VirtualDoor.Bill, at run: Run) {
        guard isRunning(run) else { return }
        if !payNow(bill, at: run) { nodes[run.node].process?.door.unpaid.append(bill) }
        renewIfLow(run)
    }

    mutating func payWaiting(_ run: Run) {
        guard let unpaid = nodes[run.node].process?.door.unpaid else { return }
        nodes[run.node].process?.door.unpaid = []
        for bill in unpaid where !payNow(bill, at: run) { nodes[run.node].process?.door.unpaid.append(bill) }
        renewIfLow(run)
    }

    private mutating func payNow(_ bill: VirtualDoor.Bill, at run: Run) -> Bool {
        nodes[run.node].process?.door.lookAtClock(now)
        guard bill.kind != .serving || nodes[run.node].process?.door.leases.isSuspended == false,
            nodes[run.node].process?.door.leases.debit(bill.size, from: bill.kind) == true
        else { return false }
        sent(bill.size, bill.kind, by: run)
        schedule(bill.then, after: bill.delay)
        return true
    }

    mutating func renewIfLow(_ run: Run) {
        guard let usage = nodes[run.node].process?.door.leases.takeRenewal() else { return }
        schedule(.event(.leaseLow(usage), run))
    }

    /// Now and then, as the shell does: leases left of a burst are lowered, and the others hear what remains.
    mutating func review(_ run: Run) {
        guard isRunning(run), let reviewed = nodes[run.node].process?.reviewed else { return }
        nodes[run.node].process?.reviewed = now
        if let usage = nodes[run.node].process?.door.leases.takeReview(after: now - reviewed) {
            schedule(.event(.leaseLow(usage), run))
        }
        guard let remaining = nodes[run.node].process?.door.leases.usage.remaining else { return }
        deliver(.remaining(remaining), to: run)
    }

    /// Keeps what a crash wastes: what the disk counts as spent, and was not.
    mutating func noteWaste(of leases: Leases, in period: Period, at index: Int) {
        guard let state = nodes[index].disk.ledger, state.period == period else { return }
        nodes[index].wastes.append(
            Waste(size: state.leased - leases.usage.spent, busiest: nodes[index].books.busiest(before: now)))
    }

    /// The world's own count, against what the disk allows.
    private mutating func sent(_ size: ByteCount, _ kind: TrafficClass, by run: Run) {
        guard let period = nodes[run.node].process?.door.period else { return }
        nodes[run.node].books.add(size, kind, in: period, at: now)
        measures.paid(size, kind, by: run.node)
        checkSent(kind, by: run, in: period)
    }
}
