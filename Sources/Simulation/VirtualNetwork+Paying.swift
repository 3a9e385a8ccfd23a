internal import Allowance
internal import Overlay
internal import Primitives

/// Every byte is paid before it is sent.
extension VirtualNetwork {
    /// Sends at once what can as well be dropped.
    mutating func spend(_ size: ByteCount, for kind: TrafficClass, at run: Run) -> Bool {
        guard let isPaid = nodes[run.node].process?.door.leases.spend(size, for: kind) else { return false }
        if isPaid { sent(size, kind, by: run) }
        renewIfLow(run)
        return isPaid
    }

    mutating func reserve(_ size: ByteCount, for kind: TrafficClass, at run: Run) -> Bool {
        nodes[run.node].process?.door.leases.reserve(size, for: kind) ?? false
    }

    mutating func release(_ size: ByteCount, of kind: TrafficClass, at run: Run) {
        guard isRunning(run) else { return }
        nodes[run.node].process?.door.leases.release(size, of: kind)
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
        guard nodes[run.node].process?.door.leases.debit(bill.size, from: bill.kind) == true else { return false }
        sent(bill.size, bill.kind, by: run)
        schedule(bill.then, after: bill.delay)
        return true
    }

    private mutating func renewIfLow(_ run: Run) {
        guard let usage = nodes[run.node].process?.door.leases.takeRenewal() else { return }
        schedule(.event(.leaseLow(usage), run))
    }

    /// Now and then, as the shell does: leases left of a burst are lowered, and the others hear what remains.
    mutating func review(_ run: Run) {
        guard isRunning(run) else { return }
        if let usage = nodes[run.node].process?.door.leases.takeReview(after: conditions.rhythm) {
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
