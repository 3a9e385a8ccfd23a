import Synchronization

/// A number of places for things that take time, of which one party (a prefix, a member) gets only so many.
final class Shares<Party: Hashable & Sendable>: Sendable {
    private struct State {
        var taken = 0
        /// Only parties that have something: as many as places at most.
        var byParty: [Party: Int] = [:]
    }

    enum Answer { case taken, full, partyFull }

    private let limit: Int
    private let partyLimit: Int
    private let state = Mutex(State())

    init(_ limit: Int, each partyLimit: Int) {
        self.limit = limit
        self.partyLimit = partyLimit
    }

    /// `party` is nothing for who is not counted: a trusted proxy itself.
    func take(for party: Party?) -> Answer {
        state.withLock { state in
            guard state.taken < limit else { return .full }
            if let party {
                let own = state.byParty[party] ?? 0
                guard own < partyLimit else { return .partyFull }
                state.byParty[party] = own + 1
            }
            state.taken += 1
            return .taken
        }
    }

    func giveBack(for party: Party?) {
        state.withLock { state in
            state.taken -= 1
            guard let party, let own = state.byParty[party] else { return }
            state.byParty[party] = own > 1 ? own - 1 : nil
        }
    }
}
