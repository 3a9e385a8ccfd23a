import Catalogue
@_spi(Verification) import Primitives

/// One curator, told things one by one.
struct Bench {
    let own: NodeID
    var curator: Curator
    var now = Instant.zero

    /// A curator that has not started; the members come in ascending order of their numbers.
    init(
        own: NodeID, holdings: [Holding] = [], withdrawals: [RememberedWithdrawal] = [], owed: [Withdrawal] = [],
        policy: Policy = Policy(), limits: Curator.Limits = Curator.Limits()
    ) {
        self.own = own
        curator = Curator(
            own: own, holdings: holdings, withdrawals: withdrawals, owed: owed, policy: policy,
            generator: Generator(seed: 7), settings: Curator.Settings(), limits: limits)
    }

    /// A started curator that knows these members and could take on a lot.
    init(
        own: NodeID, members: [MemberFacts], holdings: [Holding] = [], withdrawals: [RememberedWithdrawal] = [],
        policy: Policy = Policy(), limits: Curator.Limits = Curator.Limits()
    ) {
        self.init(own: own, holdings: holdings, withdrawals: withdrawals, policy: policy, limits: limits)
        for facts in members { tell(.member(facts)) }
        tell(.capacity(replication: .gigabytes(4), freeDisk: .gigabytes(4)))
        tell(.start(Sample.wall))
    }

    @discardableResult
    mutating func tell(_ event: Curator.Event) -> [Curator.Action] {
        var actions: [Curator.Action] = []
        curator.handle(event, at: now, into: &actions)
        return actions
    }

    @discardableResult
    mutating func ask(_ request: CatalogueRequest, from asker: NodeID) -> [Curator.Action] {
        tell(.request(.believed(request), from: asker, RequestID(1)))
    }

    /// The first answer among the actions of a request, also where it waits for the disk.
    mutating func answer(_ request: CatalogueRequest, from asker: NodeID) -> CatalogueAnswer? {
        for action in ask(request, from: asker) {
            if case .persist([], let then) = action, case .answer(_, let answer)? = then.first { return answer }
            if case .answer(_, let answer) = action { return answer }
        }
        return nil
    }

    /// A client wants the file, and every tracker that is asked for it answers so, or not in time.
    @discardableResult
    mutating func want(_ file: FileID, _ answers: CatalogueAnswer?...) -> [Curator.Action] {
        var actions = tell(.wanted(file))
        var rest = answers
        while let call = actions.calls.last(where: { $0.request == .lookUp(file) }) {
            let answer = rest.count > 1 ? rest.removeFirst() : rest[0]
            actions = tell(answer.map { .answered(call.id, .believed($0)) } ?? .failed(call.id, .timedOut))
        }
        return actions
    }

    /// Lets time pass, and whatever was due in it happen.
    @discardableResult
    mutating func wait(_ duration: Duration) -> [Curator.Action] {
        let end = now + duration
        var actions: [Curator.Action] = []
        while let deadline = curator.nextDeadline, deadline <= end {
            now = max(now, deadline)
            curator.handle(.wake, at: now, into: &actions)
        }
        now = end
        return actions
    }
}

extension [Curator.Action] {
    /// What becomes durable.
    var records: [HoldingRecord] {
        flatMap { action -> [HoldingRecord] in
            if case .persist(let records, let then) = action { return records + then.records }
            return []
        }
    }

    /// The calls among the actions.
    var calls: [(id: CallID, request: CatalogueRequest, to: NodeID)] {
        compactMap { action in
            if case .call(let id, let request, let to) = action { return (id, request, to) }
            return nil
        }
    }
}
