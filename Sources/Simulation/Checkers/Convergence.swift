internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// When nothing goes wrong any more, everybody comes to agree on who is there.
enum EqualTables: Checker { static let name = "agreement" }

/// … and every file has its copies again, as many as there can be.
enum Replication: Checker { static let name = "replication" }

/// … and every client finds every file that is offered, and none that is not.
enum Discovery: Checker { static let name = "discovery" }

/// … and what was withdrawn is on no disk.
enum Removal: Checker { static let name = "removal" }

/// What a world comes to within a bounded time after its last fault.
enum Convergence {
    /// Longest time to peace: the dead are visited every tenth interval, one of them; who waits for a tracker does so for
    /// ten minutes, and who declined an offer is asked again as late.
    /// - Parameter pulse: nothing where the nodes find it themselves.
    static func patience(pulse: Duration?) -> Duration { .seconds(3600) + (pulse ?? longestPulse) * 100 }

    /// The longest that nodes find themselves.
    private static let longestPulse = Duration.seconds(600)

    /// - Parameter isInUse: clients go on asking, so that who has something left may have changed a moment ago.
    static func complaint(
        about network: borrowing VirtualNetwork, core: [Int], files: [(id: FileID, publisher: Int)],
        isInUse: Bool = false
    ) -> (checker: String, sentence: String)? {
        if let sentence = disagreement(in: network, core: core, isInUse) { return (EqualTables.name, sentence) }
        for file in Set(files.map(\.id)).sorted() {
            if let sentence = shortage(of: file, in: network, core: core) { return (Replication.name, sentence) }
            if let sentence = remains(of: file, in: network, core: core) { return (Removal.name, sentence) }
        }
        return nil
    }

    // MARK: Members

    private static func disagreement(in network: borrowing VirtualNetwork, core: [Int], _ isInUse: Bool) -> String? {
        for observer in core {
            guard let roster = network.nodes[observer].process?.overlay.roster else { return "\(observer) is down" }
            for (index, other) in network.nodes.enumerated() where index != observer {
                let seen = roster[other.id]
                if other.isGone {
                    if seen?.isPresent ?? false {
                        return "\(observer) sees \(index), which is gone, \(seen?.condition as Any)"
                    }
                    continue
                }
                guard let own = other.process?.overlay.roster.own else { continue }
                guard let seen else { return "\(observer) does not know \(index)" }
                guard seen.isPresent else { return "\(observer) sees \(index), which is there, \(seen.condition)" }
                guard seen.card == own.card else { return "\(observer) has an old card of \(index)" }
                // What changed a moment ago may be on its way.
                guard let status = seen.status else { return "\(observer) has no status of \(index)" }
                let isExhausted = own.status?.value.isExhausted ?? false
                guard isInUse || status.value.isExhausted == isExhausted else {
                    return "\(observer) has an old status of \(index)"
                }
            }
        }
        return nil
    }

    // MARK: Files

    enum Expectation: Equatable {
        /// It was never accepted, or is lost, or its fate hung on a node that is gone.
        case anything
        /// By these.
        case served
        case gone
    }

    /// Postings that count: durable somewhere in the core, not withdrawn there, not over.
    private static func postings(of file: FileID, in network: borrowing VirtualNetwork, core: [Int]) -> [Posting] {
        let voided = core.flatMap { index in
            network.nodes[index].disk.withdrawals[file]?.values.map(\.statement.value) ?? []
        }
        let known = network.checkers.audiences.postings[file] ?? []
        return known.filter { posting in
            !voided.contains { $0.voids(posting) } && posting.expires.map { $0 > network.wallTime } ?? true
        }
    }

    static func expectation(of file: FileID, in network: borrowing VirtualNetwork, core: [Int]) -> Expectation {
        let postings = postings(of: file, in: network, core: core)
        let holders = core.filter { network.nodes[$0].disk.hasWhole(file) }
        if postings.isEmpty {
            let isKnown = core.contains { !(network.nodes[$0].disk.withdrawals[file] ?? [:]).isEmpty }
            return isKnown || network.checkers.audiences.postings[file]?.isEmpty == false ? .gone : .anything
        }
        let able = holders.filter { index in
            guard !denies(index, postings, in: network), takesQuestions(index, in: network) else { return false }
            let left = network.nodes[index].process?.door.leases.usage.remaining ?? .zero
            return left >= (postings[0].length + .megabytes(1)) && vouches(postings, for: network.nodes[index].id)
                && network.nodes[index].honesty == .honest
        }
        return able.isEmpty ? .anything : .served
    }

    /// Of these, those whose clients are to get what is offered of the file: no operator there says no, and it can ask
    /// others who has it.
    static func doors(to file: FileID, in network: borrowing VirtualNetwork, core: [Int]) -> [Int] {
        let postings = postings(of: file, in: network, core: core)
        return core.filter { !denies($0, postings, in: network) && takesQuestions($0, in: network) }
    }

    /// Who has nothing left for questions neither finds holders nor shows others where it is reached.
    private static func takesQuestions(_ index: Int, in network: borrowing VirtualNetwork) -> Bool {
        network.nodes[index].process?.door.leases.takesQuestions == true
    }

    /// Whether a node's operator wants neither this file nor what its publishers post.
    private static func denies(_ index: Int, _ postings: [Posting], in network: borrowing VirtualNetwork) -> Bool {
        let denials = network.nodes[index].disk.denials
        return postings.contains { denials.contains(.file($0.file)) || denials.contains(.publisher($0.publisher)) }
    }

    static func complaint(about outcome: VirtualClient.Outcome?, expecting expectation: Expectation) -> String? {
        switch (expectation, outcome) {
        case (_, nil): "a client waits for ever for"
        case (.served, .served), (.gone, .gone), (.gone, .notFound), (.anything, _): nil
        // Who holds it was chosen, and had spent what was left.
        case (.served, .unavailable(.exhausted)): nil
        // A plain client is sent to whom the publisher vouches for; whether that one lies, only verifying clients see.
        case (.served, .spoilt): nil
        case (.gone, .unavailable), (.gone, .postponed): nil
        case (.served, let outcome?): "a client gets \(outcome) instead of"
        case (.gone, let outcome?): "a client gets \(outcome) for what is gone,"
        }
    }

    private static func vouches(_ postings: [Posting], for node: NodeID) -> Bool {
        postings.contains { $0.publisher == node || $0.audience.vouches(for: node) }
    }

    private static func shortage(of file: FileID, in network: borrowing VirtualNetwork, core: [Int]) -> String? {
        let postings = postings(of: file, in: network, core: core)
        let holders = core.filter { network.nodes[$0].disk.hasWhole(file) }
        if holders.isEmpty, !network.checkers.copies.lost.contains(file) {
            let wanted = network.checkers.audiences.wanted(file, at: network.wallTime)
            let isOffered = postings.contains { wanted.contains($0) && network.isAccepted($0) }
            if isOffered { return "\(file.brief) is offered, and nobody has it" }
        }
        // What only liars have is nobody's to copy.
        let sources = holders.filter { [.honest, .understatesSpend].contains(network.nodes[$0].honesty) }
        guard !sources.isEmpty, let length = postings.first?.length else { return nil }
        let wanted = postings.map { Int($0.replicas) }.max() ?? 0
        let publishers = Set(postings.map(\.publisher))
        let copies = holders.filter { !publishers.contains(network.nodes[$0].id) }
        // Who has no room, or whose operator says no, or whose share of the publisher is used up, may say no.
        let willing = core.filter { index in
            let node = network.nodes[index]
            guard !publishers.contains(node.id), vouches(postings, for: node.id), !copies.contains(index),
                node.honesty == .honest, !denies(index, postings, in: network)
            else { return false }
            let left = node.process?.door.leases.usage.remaining ?? .zero
            return left / 20 > length && node.freeDisk / 20 > length
        }
        guard copies.count < wanted, !willing.isEmpty else { return nil }
        return "\(file.brief) has \(copies.count) copies of \(wanted), and \(willing.count) nodes could take one"
    }

    private static func remains(of file: FileID, in network: borrowing VirtualNetwork, core: [Int]) -> String? {
        guard expectation(of: file, in: network, core: core) == .gone else { return nil }
        let holders = core.filter { network.hasBytes(of: file, at: $0) }
        return holders.isEmpty ? nil : "\(file.brief) is gone, and still lies at \(holders)"
    }
}
