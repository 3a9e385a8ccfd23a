import Catalogue
import Membership
import Primitives
import Routing

/// Members are called, and clients sent to them, only where they have shown that they are.
extension Overlay {
    /// Files whose look-up has ended while no holder is proven yet; one more is told at once.
    private static let heldFilesLimit = 1_024
    /// When a file that was found was forgotten before it could be served: it is found again at once.
    private static let forgottenPause = Duration.seconds(1)

    /// Calls a member or fetches from it, once its URL is proven.
    mutating func reach(_ id: NodeID, _ action: Action, at now: Instant, into actions: inout [Action]) {
        guard let member = roster[id] else { return actions.append(action) }
        proofs.want(member.card.value, at: now)
        if proofs.isProven(id) {
            actions.append(action)
        } else if !proofs.hold(action, for: id) {
            fail(action, at: now)
        }
        ask(into: &actions)
    }

    mutating func proved(_ id: NodeID, _ outcome: Reached.Outcome, at now: Instant, into actions: inout [Action]) {
        switch proofs.ended(id, outcome, at: now) {
        case .same: break
        case .proven(let held):
            if let member = roster[id] {
                routeAnew(member, into: &actions)
                tellCurator(of: member, at: now)
            }
            actions += held
            resolveHeld(into: &actions)
        case .unproven(let held):
            if let member = roster[id] {
                routeAnew(member, into: &actions)
                tellCurator(of: member, at: now)
            }
            for action in held { fail(action, at: now) }
            resolveHeld(into: &actions)
        }
        ask(into: &actions)
    }

    mutating func wakeProofs(at now: Instant, into actions: inout [Action]) {
        guard let due = proofs.nextDeadline, due <= now else { return }
        let holders = Set(curator.routes.flatMap { $0.holders.lazy.filter(\.isComplete).map(\.id) })
        let present = holders.filter { roster[$0]?.condition == .alive }
        let overdue = proofs.wake(holders: holders, present: present, at: now)
        for id in overdue.lapsed {
            if let member = roster[id] { routeAnew(member, into: &actions) }
        }
        for id in overdue.lost { proved(id, .silent, at: now, into: &actions) }
        ask(into: &actions)
    }

    /// Nothing is known of the member any more.
    mutating func forgetProof(of id: NodeID, at now: Instant, into actions: inout [Action]) {
        for action in proofs.forget(id, at: now) { fail(action, at: now) }
        resolveHeld(into: &actions)
        ask(into: &actions)
    }

    /// Whoever has the whole file may be sent clients.
    mutating func proveHolders(of route: FileRoute, at now: Instant, into actions: inout [Action]) {
        for holder in route.holders where holder.isComplete {
            if let member = roster[holder.id], member.condition == .alive {
                proofs.want(member.card.value, at: now)
            } else {
                proofs.expect(holder.id)
            }
        }
        ask(into: &actions)
    }

    /// The member's card may be another one, and the member back.
    mutating func noteCard(of member: Member, at now: Instant, into actions: inout [Action]) {
        proofs.changed(member.card.value, at: now)
        guard member.condition == .alive, proofs.endExpectation(of: member.id) else { return }
        proofs.want(member.card.value, at: now)
        ask(into: &actions)
    }

    /// A client that waits for the file waits until it can be sent to somebody, or there is nobody left to hope for.
    mutating func resolve(
        _ file: FileID, _ outcome: LookUpOutcome, at now: Instant, into actions: inout [Action]
    ) {
        if let route = curator.route(of: file) { proveHolders(of: route, at: now, into: &actions) }
        if isHopeful(file), heldFiles.count < Self.heldFilesLimit {
            if !heldFiles.contains(file) { heldFiles.append(file) }
        } else {
            actions.append(.resolved(file, outcome))
        }
    }

    /// Its route is another one now.
    mutating func resolveHeld(_ file: FileID, into actions: inout [Action]) {
        guard let position = heldFiles.firstIndex(of: file), !isHopeful(file) else { return }
        heldFiles.remove(at: position)
        release(file, into: &actions)
    }

    mutating func resolveHeld(into actions: inout [Action]) {
        guard !heldFiles.isEmpty else { return }
        let (hopeful, rest) = (heldFiles.filter { isHopeful($0) }, heldFiles.filter { !isHopeful($0) })
        heldFiles = hopeful
        for file in rest { release(file, into: &actions) }
    }

    private func release(_ file: FileID, into actions: inout [Action]) {
        // Found, and perhaps forgotten since: nobody has said that there is no such file.
        let isKnown = curator.route(of: file) != nil || curator.ending(of: file) != nil
        actions.append(.resolved(file, isKnown ? .settled : .postponed(Self.forgottenPause)))
    }

    /// Nobody can serve the file now, but somebody may soon.
    private func isHopeful(_ file: FileID) -> Bool {
        guard let route = curator.route(of: file), route.own != .complete else { return false }
        let candidates = candidates(of: route)
        return !candidates.contains { proofs.isProven($0) } && candidates.contains { proofs.isAwaited($0) }
    }

    private func candidates(of route: FileRoute) -> [NodeID] {
        route.holders.lazy.filter(\.isComplete).map(\.id).filter { roster[$0]?.condition == .alive }
    }

    func routeAnew(_ member: Member, into actions: inout [Action]) {
        let isProven = member.id == roster.own.id || proofs.isProven(member.id)
        actions.append(.route(.node(RoutingNode(member, isProven: isProven))))
    }

    private mutating func ask(into actions: inout [Action]) {
        for id in proofs.takeAsked() { actions.append(.prove(id)) }
    }
}
