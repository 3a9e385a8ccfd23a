public import Allowance
public import Catalogue
public import Membership
public import Primitives
import Routing

/// A whole node as a value: events in, actions out.
///
/// Membership, catalogue and allowance know nothing of each other; what one decides reaches the others here, as facts
/// handed on in the open. The overlay does nothing by itself: the shell performs the actions, and must deliver `.wake`
/// when `nextDeadline` has come, `.start` once before anything else, and `.wallClock` at least once a minute.
public struct Overlay: Sendable {
    public private(set) var roster: Roster
    public private(set) var curator: Curator
    public private(set) var ledger: Ledger

    /// What this machine said of itself last.
    public private(set) var freeDisk = ByteCount.zero
    private var load: UInt8 = 0
    /// What the ledger said last.
    private var remaining: ByteCount
    private var introductions = Introductions()
    private var conditions = Conditions()
    /// The catalogue is done with leaving; the good-bye waits for its signature.
    private var isLeaving = false
    var proofs = AddressProofs()
    /// Looked up, and waiting for holders to be proven.
    var heldFiles: [HeldFile] = []

    // Each machine appends to a list of its own; empty between events.
    private var rosterActions: [Roster.Action] = []
    private var curatorActions: [Curator.Action] = []
    private var ledgerActions: [Ledger.Action] = []

    /// - Parameter terms: those that the ledger was made with.
    public init(roster: Roster, curator: Curator, ledger: Ledger, terms: Terms) {
        self.roster = roster
        self.curator = curator
        self.ledger = ledger
        remaining = terms.room(for: .serving, beside: ledger.state.leased)
        // Members from before a restart are no news.
        for member in roster.members { _ = conditions.notice(of: member, isNew: false) }
    }

    /// Less than this part of its share is next to nothing.
    private static let useful: Int64 = 1000

    /// When the shell must deliver `.wake`, at the latest.
    public private(set) var nextDeadline: Instant?

    public mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {
        take(event, at: now, into: &actions)
        nextDeadline = earliest(roster.nextDeadline, earliest(curator.nextDeadline, proofs.nextDeadline))
        for held in heldFiles { nextDeadline = earliest(nextDeadline, held.until) }
    }

    private func earliest(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private mutating func take(_ event: Event, at now: Instant, into actions: inout [Action]) {
        var farewell: [Action] = []
        switch event {
        case .start(let time, let isConfirmed):
            tellWhatRemains(at: now)
            curator.expect(members: roster.memberCount + 1)
            handOn(roster.own, isNew: false, at: now, into: &actions)
            for member in roster.members { handOn(member, isNew: false, at: now, into: &actions) }
            roster.handle(.start(time), at: now, into: &rosterActions)
            curator.handle(.start(time, isConfirmed: isConfirmed), at: now, into: &curatorActions)
        case .wake:
            roster.handle(.wake, at: now, into: &rosterActions)
            curator.handle(.wake, at: now, into: &curatorActions)
            wakeProofs(at: now, into: &actions)
            wakeHeld(at: now, into: &actions)
        case .wallClock(let time, let isConfirmed):
            roster.handle(.wallClock(time), at: now, into: &rosterActions)
            curator.handle(.wallClock(time, isConfirmed: isConfirmed), at: now, into: &curatorActions)
        case .period(let period):
            ledger.handle(.period(period), at: now, into: &ledgerActions)
            roster.handle(.granted(monthly: monthlyShare(in: period)), at: now, into: &rosterActions)
        case .leaseLow(let usage):
            ledger.handle(.usage(usage), at: now, into: &ledgerActions)
        case .remaining(let remaining):
            self.remaining = remaining
            tellWhatRemains(at: now)
        case .stop(let usage):
            ledger.handle(.stop(usage), at: now, into: &ledgerActions)
        case .measured(let freeDisk, let load):
            self.freeDisk = freeDisk
            self.load = load
            tellWhatRemains(at: now)
        case .redirected(let holders):
            for holder in holders {
                roster.handle(
                    .redirected(to: holder.node, holder.size, perSecond: holder.perSecond), at: now,
                    into: &rosterActions)
            }
        case .datagram(let envelope, let sender):
            roster.handle(.received(envelope, from: sender), at: now, into: &rosterActions)
        case .asked(let request, let asker, let id):
            handle(request, from: asker, id, at: now, into: &actions)
        case .answered(let call, let answer):
            handle(answer, to: call, at: now)
        case .failed(let call, let failure):
            failed(call, failure, at: now)
        case .proved(let id, let outcome):
            proved(id, outcome, at: now, into: &actions)
        case .signed(let draft):
            switch draft.value {
            case .news(let news):
                if case .departure = news, isLeaving { farewell = [.left] }
                roster.handle(.signed(draft.part { _ in news }), at: now, into: &rosterActions)
            case .announcement(let announcement):
                curator.handle(.signed(draft.part { _ in announcement }), at: now, into: &curatorActions)
            case .withdrawal(let withdrawal):
                let part = draft.part { _ in withdrawal }
                curator.handle(.withdrawalSigned(part), at: now, into: &curatorActions)
            }
        case .admitted(let card, let table):
            roster.handle(.admitted(card, table), at: now, into: &rosterActions)
        case .told(let card):
            roster.handle(.told([card.part(News.card)]), at: now, into: &rosterActions)
        case .renewed(let card):
            roster.handle(.renewed(card), at: now, into: &rosterActions)
        case .leave(let deadline):
            curator.handle(.leave(by: deadline), at: now, into: &curatorActions)
        case .withdraw(let file):
            curator.handle(.withdraw(file), at: now, into: &curatorActions)
        case .deny(let denial):
            curator.handle(.deny(denial), at: now, into: &curatorActions)
        case .allow(let denial):
            curator.handle(.allow(denial), at: now, into: &curatorActions)
        case .posted(let manifest, let sha256):
            curator.handle(.posted(manifest, sha256: sha256), at: now, into: &curatorActions)
        case .wanted(let file):
            curator.handle(.wanted(file), at: now, into: &curatorActions)
        case .prepared(let file):
            curator.handle(.prepared(file), at: now, into: &curatorActions)
        case .noRoom(let file):
            curator.handle(.noRoom(file), at: now, into: &curatorActions)
        case .stored(let fetch, let pieces):
            curator.handle(.stored(fetch, pieces), at: now, into: &curatorActions)
        case .fetchEnded(let fetch, let outcome):
            curator.handle(.fetchEnded(fetch, outcome), at: now, into: &curatorActions)
        case .completed(let file, let sha256):
            curator.handle(.completed(file, sha256: sha256), at: now, into: &curatorActions)
        case .damaged(let file):
            curator.handle(.damaged(file), at: now, into: &curatorActions)
        case .readable(let file, let isReadable):
            curator.handle(.readable(file, isReadable), at: now, into: &curatorActions)
        }
        settle(at: now, into: &actions)
        actions += farewell
    }

    // MARK: Requests and answers

    private mutating func handle(
        _ request: Verified<PeerRequest>, from asker: NodeID, _ id: RequestID, at now: Instant,
        into actions: inout [Action]
    ) {
        switch request.value {
        case .catalogue(let question):
            let part = request.part { _ in question }
            curator.handle(.request(part, from: asker, id), at: now, into: &curatorActions)
        case .introduce(let news, let wantsTable):
            roster.handle(.told(request.parts { _ in news }), at: now, into: &rosterActions)
            actions.append(.answer(id, .table(wantsTable ? roster.news : [])))
        case .prove, .callBack:
            // Questions about this machine, which the shell answers.
            break
        }
    }

    private mutating func handle(_ answer: Verified<PeerAnswer>, to call: CallID, at now: Instant) {
        switch answer.value {
        case .catalogue(let reply):
            let part = answer.part { _ in reply }
            curator.handle(.answered(call, part), at: now, into: &curatorActions)
        case .table(let news):
            guard introductions.end(call) else {
                // Whoever answers another question than it was asked has not answered.
                return curator.handle(.failed(call, .malformed), at: now, into: &curatorActions)
            }
            // Who only made itself known gets nothing, and who asked for a table at least the card of who has it.
            guard !news.isEmpty else { return }
            roster.handle(.table(answer.parts { _ in news }), at: now, into: &rosterActions)
        case .proof, .reached:
            failed(call, .malformed, at: now)
        }
    }

    private mutating func failed(_ call: CallID, _ failure: CallFailure, at now: Instant) {
        guard !introductions.end(call) else { return }
        curator.handle(.failed(call, failure), at: now, into: &curatorActions)
    }

    /// What was not even tried, since its member has not shown that it is reached where it says.
    mutating func fail(_ action: Action, at now: Instant) {
        switch action {
        case .call(let call, _, _): failed(call, .untried, at: now)
        case .fetch(let fetch, _, _, _): curator.handle(.fetchEnded(fetch, .failed), at: now, into: &curatorActions)
        case .persist, .send, .answer, .prove, .sign, .learn, .prepare, .complete, .discard, .extend, .endPeriod,
            .beginPeriod, .amendTerms, .route, .resolved, .progress, .left, .notice:
            preconditionFailure("only calls and fetches wait for a proof")
        }
    }

    // MARK: Handing on

    /// What one machine decided may concern another, which may decide something in turn: until all are silent.
    private mutating func settle(at now: Instant, into actions: inout [Action]) {
        while !(rosterActions.isEmpty && curatorActions.isEmpty && ledgerActions.isEmpty) {
            var fromRoster: [Roster.Action] = []
            var fromCurator: [Curator.Action] = []
            var fromLedger: [Ledger.Action] = []
            swap(&fromRoster, &rosterActions)
            swap(&fromCurator, &curatorActions)
            swap(&fromLedger, &ledgerActions)
            for action in fromLedger { perform(action, at: now, into: &actions) }
            for action in fromRoster { perform(action, at: now, into: &actions) }
            for action in fromCurator { perform(action, at: now, into: &actions) }
        }
    }

    private mutating func perform(_ action: Roster.Action, at now: Instant, into actions: inout [Action]) {
        switch action {
        case .send(let envelope, let member):
            actions.append(.send(envelope, to: member))
        case .introduce(let member, let wantsTable):
            let call = introductions.begin()
            let introduction = PeerRequest.introduce([.card(roster.own.card.value)], wantsTable: wantsTable)
            reach(member, .call(call, introduction, to: member), at: now, into: &actions)
        case .sign(let news):
            actions.append(.sign(.news(news)))
        case .persist(let records, let then):
            var after: [Action] = []
            for action in then { perform(action, at: now, into: &after) }
            actions.append(.persist(records.map { .member($0) }, then: after))
        case .joined(let id):
            if let member = roster[id] { handOn(member, isNew: true, at: now, into: &actions) }
        case .changed(let id):
            if let member = roster[id] {
                handOn(member, isNew: false, at: now, into: &actions)
            } else {
                conditions.forget(id)
                actions.append(.route(.nodeGone(id)))
                curator.handle(.memberGone(id), at: now, into: &curatorActions)
                forgetProof(of: id, at: now, into: &actions)
            }
        }
    }

    /// A member as it stands now, for everyone whom it concerns: the doors learn its keys before anything is said of
    /// it.
    private mutating func handOn(_ member: Member, isNew: Bool, at now: Instant, into actions: inout [Action]) {
        actions.append(.learn(member.card))
        noteCard(of: member, at: now, into: &actions)
        routeAnew(member, into: &actions)
        if member.condition != .alive { resolveHeld(at: now, into: &actions) }
        tellCurator(of: member, at: now)
        guard member.id != roster.own.id else { return }
        if let notice = conditions.notice(of: member, isNew: isNew) { actions.append(.notice(notice)) }
    }

    mutating func tellCurator(of member: Member, at now: Instant) {
        let facts = MemberFacts(member, isUnproven: proofs.isGivenUp(member.id))
        curator.handle(.member(facts), at: now, into: &curatorActions)
    }

    mutating func tellAnew(_ call: CallID, at now: Instant) {
        curator.handle(.tellAnew(call), at: now, into: &curatorActions)
    }

    private mutating func perform(_ action: Curator.Action, at now: Instant, into actions: inout [Action]) {
        switch action {
        case .call(let id, let request, let member):
            reach(member, .call(id, .catalogue(request), to: member), at: now, into: &actions)
        case .answer(let id, let answer):
            actions.append(.answer(id, .catalogue(answer)))
        case .sign(let announcement):
            actions.append(.sign(.announcement(announcement)))
        case .signWithdrawal(let withdrawal):
            actions.append(.sign(.withdrawal(withdrawal)))
        case .prepare(let manifest):
            actions.append(.prepare(manifest))
        case .fetch(let id, let file, let pieces, let holder):
            reach(holder, .fetch(id, file, pieces: pieces, from: holder), at: now, into: &actions)
        case .complete(let file):
            actions.append(.complete(file))
        case .discard(let file):
            actions.append(.discard(file))
        case .persist(let records, let then):
            var after: [Action] = []
            for action in then { perform(action, at: now, into: &after) }
            actions.append(.persist(records.map { .holding($0) }, then: after))
        case .route(let route):
            actions.append(.route(.file(RoutingFile(route))))
            proveHolders(of: route, at: now, into: &actions)
            resolveHeld(route.posting.file, at: now, into: &actions)
        case .routeEnding(let file, let ending):
            actions.append(.route(.fileEnded(file, Absence(ending))))
            resolveHeld(file, at: now, into: &actions)
        case .unroute(let file):
            actions.append(.route(.fileGone(file)))
            resolveHeld(file, at: now, into: &actions)
        case .resolved(let file, let outcome):
            resolve(file, outcome, at: now, into: &actions)
        case .progress(let file):
            actions.append(.progress(file))
        case .caught(let member, let misdeed, let file, let times):
            let name = roster[member]?.card.value.name ?? ""
            actions.append(.notice(.memberLied(member, name: name, misdeed, file, times: times)))
        case .shareTaken(let publisher, let size):
            let name = roster[publisher]?.card.value.name ?? ""
            actions.append(.notice(.shareTaken(publisher, name: name, size)))
        case .left:
            // The farewell must be on its way before anybody stops this node for good.
            roster.handle(.leave, at: now, into: &rosterActions)
            isLeaving = true
        }
    }

    private mutating func perform(_ action: Ledger.Action, at now: Instant, into actions: inout [Action]) {
        switch action {
        case .persist(let state, let then):
            var after: [Action] = []
            for action in then { perform(action, at: now, into: &after) }
            actions.append(.persist([.ledger(state)], then: after))
        case .extend(let durable):
            actions.append(.extend(durable))
        case .end:
            actions.append(.endPeriod)
        case .begin(let terms, let durable):
            actions.append(.beginPeriod(terms, durable))
        case .amend(let terms):
            actions.append(.amendTerms(terms))
        case .remaining(let remaining):
            self.remaining = remaining
            tellWhatRemains(at: now)
        }
    }

    /// What the share of one period comes to in thirty days.
    private func monthlyShare(in period: Period) -> ByteCount {
        let periods = Double(30 * 86_400_000) / Double(max(1, (period.ends - period.starts).wholeMilliseconds))
        return ByteCount(Int64(min(Double(ledger.terms.share.bytes) * periods, Double(Int64.max / 2))))
    }

    private mutating func tellWhatRemains(at now: Instant) {
        // Who has next to nothing left is of no use to others, and is to say that nothing is left while it still can.
        let isExhausted = remaining.bytes < ledger.terms.share.bytes / Self.useful
        let measured = Roster.Event.measured(
            remaining: isExhausted ? .zero : remaining, load: load, freeDisk: freeDisk)
        roster.handle(measured, at: now, into: &rosterActions)
        curator.handle(.capacity(replication: remaining, freeDisk: freeDisk), at: now, into: &curatorActions)
    }
}

/// The introductions under way: calls of the overlay's own, told from the curator's by their highest bit.
private struct Introductions: Sendable {
    private static let mark: UInt64 = 1 << 63
    private var count: UInt64 = 0

    mutating func begin() -> CallID {
        count += 1
        return CallID(Self.mark | count)
    }

    /// Whether this call was an introduction.
    func end(_ call: CallID) -> Bool {
        call.number & Self.mark != 0
    }
}
