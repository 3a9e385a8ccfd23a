import Catalogue
import Console
import Membership
import Overlay
import Primitives
import Storage

/// Leaving the network, which a restart in between does not end.
extension OperatorDesk {
    func leave(within limit: Duration) async throws -> Handover {
        try await prepareToLeave()
        try await remember(MonotonicClock.wallTime + limit)
        try await leaving.wait(atMost: limit) { inbox.post(.leave(by: clock.now + limit)) }
        return await snapshot().curator.handover ?? Handover(left: 0, of: 0)
    }

    private func prepareToLeave() async throws {
        try leaving.close()
        guard belonging.membership.certificate == nil else { return }
        let posted = await inbox.ask { overlay in
            let curator = overlay.curator
            return curator.routes.count { curator.isPosted(here: $0.posting.file) }
        }
        do {
            try Node.checkNothingPosted(posted ?? 0)
        } catch {
            leaving.open()
            throw error
        }
    }

    /// Until when, on disk: a node that is stopped or killed meanwhile goes on when it is started again.
    private func remember(_ deadline: WallTime?) async throws {
        do {
            try await scribe.perform { [database] in try database.set(deadline.map(Leaving.text), for: Leaving.key) }
        } catch {
            leaving.open()
            throw OperatorError(.failed, "The node cannot leave now: \(error)")
        }
    }

    /// Goes on with leaving, which began before the last start, for what is left of the time it was given.
    /// - Throws: a sentence for the operator when the node stays after all.
    func goOnLeaving(until deadline: WallTime) async throws {
        // Whoever could take over what is here must be known again first.
        for _ in 0..<Self.patience {
            let isMet = await inbox.ask { $0.roster.members.contains { $0.condition == .alive } }
            guard isMet == false else { break }
            try await Task.sleep(for: Self.pause)
        }
        let rest = min(max(deadline - MonotonicClock.wallTime, Leaving.leastTime), Leaving.mostTime)
        do {
            _ = try await leave(within: rest)
        } catch let error as OperatorError where error.kind == .conflict {
            try await remember(nil)
            throw error
        }
    }
}
