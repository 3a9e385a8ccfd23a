internal import Primitives

/// What is promised of a world as a whole, and not of each event.
extension VirtualNetwork {
    /// What is not as it should be by now: every datagram is accounted for, and once nothing has gone wrong for long
    /// enough, everybody agrees and every file has its copies.
    func unmet(of topology: Topology) -> [Violation] {
        var unmet: [Violation] = []
        if let sentence = checkers.conservation.check(found: flying) {
            unmet.append(Violation(checker: Conservation.name, at: now, node: nil, sentence: sentence))
        }
        let quiet = now - .zero - Convergence.patience(pulse: topology.pulse)
        guard topology.isQuiet(since: quiet, until: now - .zero) else { return unmet }
        let files = zip(market.files, market.posted).compactMap { file, id in
            file.postedAt <= quiet ? id.map { (id: $0, publisher: file.publisher) } : nil
        }
        let running = nodes.indices.filter { nodes[$0].isUp }
        if let complaint = Convergence.complaint(about: self, core: running, files: files, isInUse: true) {
            unmet.append(Violation(checker: complaint.checker, at: now, node: nil, sentence: complaint.sentence))
        }
        return unmet
    }
}

extension Topology {
    /// Whether nobody joins and nothing goes wrong in this time.
    fileprivate func isQuiet(since begin: Duration, until end: Duration) -> Bool {
        guard nodes.allSatisfy({ $0.startsAt <= begin || $0.startsAt > end }) else { return false }
        return faults.allSatisfy { fault in
            guard fault.at <= end else { return true }
            return fault.every == nil && fault.duration.map { fault.at + $0 <= begin } ?? false
        }
    }
}
