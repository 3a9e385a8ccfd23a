import Primitives
import Synchronization

/// A number of places for things that take time, of which one prefix gets only so many.
final class Shares: Sendable {
    private struct State {
        var taken = 0
        /// Only prefixes that have something: as many as places at most.
        var byPrefix: [AddressRange: Int] = [:]
    }

    enum Answer { case taken, full, prefixFull }

    private let limit: Int
    private let prefixLimit: Int
    private let state = Mutex(State())

    init(_ limit: Int, perPrefix prefixLimit: Int) {
        self.limit = limit
        self.prefixLimit = prefixLimit
    }

    /// `prefix` is nothing for who is not counted: a trusted proxy itself.
    func take(for prefix: AddressRange?) -> Answer {
        state.withLock { state in
            guard state.taken < limit else { return .full }
            if let prefix {
                let own = state.byPrefix[prefix] ?? 0
                guard own < prefixLimit else { return .prefixFull }
                state.byPrefix[prefix] = own + 1
            }
            state.taken += 1
            return .taken
        }
    }

    func giveBack(for prefix: AddressRange?) {
        state.withLock { state in
            state.taken -= 1
            guard let prefix, let own = state.byPrefix[prefix] else { return }
            state.byPrefix[prefix] = own > 1 ? own - 1 : nil
        }
    }
}
