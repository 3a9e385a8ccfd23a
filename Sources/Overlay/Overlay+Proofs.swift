import Catalogue
import Membership
public import Primitives
public import Routing

/// Members are called, and clients sent to them, only where they have shown that they are.
extension Overlay {
    /// Files whose look-up has ended while holders are not proven yet; one more is told at once.
    private static let heldFilesLimit = 1_024
    /// When a file that was found was forgotten before it could be served: it is found again at once.
    private static let forgottenPause = Duration.seconds(1)
    /// How long clients wait, once there is a holder to send them to, for those that may be nearer: a question and its
    /// answer from anywhere on Earth.
    static let nearerPatience = Duration.milliseconds(500)

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
            for action in held {
                if let call = outdatedCall(action) { tellAnew(call, at: now) } else { actions.append(action) }
            }
            resolveHeld(at: now, into: &actions)
        case .unproven(let held):
            if let member = roster[id] {
                routeAnew(member, into: &actions)
                tellCurator(of: member, at: now)
            }
            for action in held { fail(action, at: now) }
            resolveHeld(at: now, into: &actions)
        }
        ask(into: &actions)
    }

    /// An announcement that something was taken back of while it waited.
    private func outdatedCall(_ action: Action) -> CallID? {
        guard case .call(let call, .catalogue(.announce(_, let postings, _)), _) = action,
            postings.contains(where: { curator.isVoid($0) })
        else { return nil }
        return call
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
        resolveHeld(at: now, into: &actions)
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

    /// A client that waits for the file waits until it can be sent to somebody, and a little for who may be nearer, or
    /// until there is nobody left to hope for.
    mutating func resolve(
        _ file: FileID, _ outcome: LookUpOutcome, at now: Instant, into actions: inout [Action]
    ) {
        if let route = curator.route(of: file) { proveHolders(of: route, at: now, into: &actions) }
        guard !heldFiles.contains(where: { $0.file == file }) else { return }
        var until: Instant?
        if heldFiles.count < Self.heldFilesLimit, isWorthWaiting(for: file, until: &until, at: now) {
            heldFiles.append(HeldFile(file: file, until: until))
        } else {
            actions.append(.resolved(file, outcome))
        }
    }

    /// The file's route is another one now.
    mutating func resolveHeld(_ file: FileID, at now: Instant, into actions: inout [Action]) {
        guard let position = heldFiles.firstIndex(where: { $0.file == file }) else { return }
        var until = heldFiles[position].until
        let isWaiting = isWorthWaiting(for: file, until: &until, at: now)
        heldFiles[position].until = until
        guard !isWaiting else { return }
        heldFiles.remove(at: position)
        release(file, into: &actions)
    }

    /// Proofs or members are others now.
    mutating func resolveHeld(at now: Instant, into actions: inout [Action]) {
        guard !heldFiles.isEmpty else { return }
        var (waiting, over) = ([HeldFile](), [FileID]())
        for var held in heldFiles {
            if isWorthWaiting(for: held.file, until: &held.until, at: now) {
                waiting.append(held)
            } else {
                over.append(held.file)
            }
        }
        heldFiles = waiting
        for file in over { release(file, into: &actions) }
    }

    /// Nobody waits any longer for what may be nearer.
    mutating func wakeHeld(at now: Instant, into actions: inout [Action]) {
        guard heldFiles.contains(where: { $0.until.map { $0 <= now } ?? false }) else { return }
        resolveHeld(at: now, into: &actions)
    }

    private func release(_ file: FileID, into actions: inout [Action]) {
        // Found, and perhaps forgotten since: nobody has said that there is no such file.
        let isKnown = curator.route(of: file) != nil || curator.ending(of: file) != nil
        actions.append(.resolved(file, isKnown ? .settled : .postponed(Self.forgottenPause)))
    }

    /// Nobody can serve the file now, but somebody may soon; or somebody can, and others that may be nearer are about to.
    private func isWorthWaiting(for file: FileID, until: inout Instant?, at now: Instant) -> Bool {
        guard let route = curator.route(of: file), route.own != .complete else { return false }
        let candidates = candidates(of: route)
        guard candidates.contains(where: { proofs.isAwaited($0) && !proofs.isProven($0) }) else { return false }
        guard candidates.contains(where: { proofs.isProven($0) }) else {
            until = nil
            return true
        }
        let end = until ?? now + Self.nearerPatience
        until = end
        return now < end
    }

    private func candidates(of route: FileRoute) -> [NodeID] {
        route.holders.lazy.filter(\.isComplete).map(\.id).filter { roster[$0]?.condition == .alive }
    }

    /// A member, or this node, as the doors are told of it; nothing where it is not known.
    public func routingNode(_ id: NodeID) -> RoutingNode? {
        (id == roster.own.id ? roster.own : roster[id]).map(routingNode)
    }

    func routeAnew(_ member: Member, into actions: inout [Action]) {
        actions.append(.route(.node(routingNode(member))))
    }

    private func routingNode(_ member: Member) -> RoutingNode {
        let isProven = member.id == roster.own.id || proofs.isProven(member.id)
        return RoutingNode(member, isProven: isProven, isPassedOver: roster.isPassedOver(member.id))
    }

    private mutating func ask(into actions: inout [Action]) {
        for id in proofs.takeAsked() { actions.append(.prove(id)) }
    }
}

/// A file that was looked for, and for which clients wait.
struct HeldFile: Sendable {
    let file: FileID
    /// Until when they do so for holders that may be nearer; nothing while there is no holder to send them to.
    var until: Instant?
}
