internal import Primitives

/// What goes wrong, and is over again.
extension VirtualNetwork {
    /// Counted from the world's beginning.
    mutating func schedule(_ fault: Topology.Fault) {
        schedule(.fault(fault), at: max(now, .zero + fault.at))
    }

    /// Something goes wrong at a moment, for a time.
    mutating func schedule(
        _ kind: Topology.Kind, on who: Topology.Who, at moment: Instant, for duration: Duration? = nil
    ) {
        schedule(Topology.Fault(kind, who: who, at: moment - .zero, for: duration))
    }

    /// It goes wrong now; and, where it recurs, again.
    mutating func befall(_ fault: Topology.Fault) {
        let id = begin(fault.kind, on: choose(fault.who))
        if let duration = fault.duration { schedule(.faultEnds(id), after: duration) }
        if let every = fault.every { schedule(.fault(fault), after: every) }
    }

    private mutating func choose(_ who: Topology.Who) -> [Int] {
        switch who {
        case .everybody: Array(nodes.indices)
        case .nodes(let chosen): chosen.sorted()
        case .drawn(let count, let positions):
            Array(positions.shuffled(using: &generator).prefix(count)).sorted()
        }
    }

    /// Until it is ended, or everything is.
    @discardableResult
    mutating func begin(_ kind: Topology.Kind, on nodes: [Int]) -> FaultID {
        let id = faults.begin(kind, on: nodes)
        note("\(kind) on \(nodes)")
        if kind.parts { checkers.audiences.parted(at: now) }
        for index in nodes { begin(kind, at: index) }
        trouble(nodes)
        return id
    }

    private mutating func begin(_ kind: Topology.Kind, at index: Int) {
        switch kind {
        case .crash:
            guard nodes[index].isUp else { return }
            crash(index)
            nodes[index].isStopped = true
        case .clockJump(let step): nodes[index].clockError += step
        case .lie(let honesty): nodes[index].honesty = honesty
        case .pause, .partition, .split, .loss, .delay, .slowDisk, .fullDisk, .tornWrites: break
        }
    }

    mutating func end(_ id: FaultID) {
        guard let fault = faults.end(id) else { return }
        note("\(fault.kind) on \(fault.nodes) ends")
        if fault.kind.parts { checkers.audiences.reunited(at: now) }
        measures.agreement.expect(since: now)
        trouble(fault.nodes)
        for index in fault.nodes { end(fault.kind, at: index) }
    }

    private mutating func end(_ kind: Topology.Kind, at index: Int) {
        switch kind {
        case .crash: if nodes[index].isStopped, !nodes[index].hasLeft, !faults.stops(index) { start(index) }
        case .clockJump(let step): nodes[index].clockError -= step
        case .lie: nodes[index].honesty = nodes[index].machine.honesty
        case .pause, .partition, .split, .loss, .delay, .slowDisk, .fullDisk, .tornWrites: break
        }
    }

    /// All is well again; who is down stays so.
    mutating func endFaults() {
        for fault in faults.active {
            _ = faults.end(fault.id)
            if fault.kind.parts { checkers.audiences.reunited(at: now) }
            trouble(fault.nodes)
            if case .crash = fault.kind { continue }
            for index in fault.nodes { end(fault.kind, at: index) }
        }
    }

    private mutating func trouble(_ affected: [Int]) {
        for index in affected {
            let wasPaused = nodes[index].troubles.isPaused
            nodes[index].troubles = faults.troubles(of: index)
            let isPaused = nodes[index].troubles.isPaused
            guard wasPaused != isPaused else { continue }
            stop(isPaused, at: index)
            if !isPaused { release(index) }
        }
    }
}
