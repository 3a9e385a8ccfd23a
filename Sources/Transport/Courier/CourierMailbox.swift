internal import CCurl
internal import Synchronization

/// How other threads reach the courier's: orders and cancellations wait here until it wakes up.
///
/// `@unchecked`: `multi` is touched by other threads only to wake its owner, which libcurl allows, and only under the
/// lock and before `close`, after which its owner destroys it.
final class CourierMailbox: @unchecked Sendable {
    private struct State {
        var orders: [CourierOrder] = []
        var cancellations: [UInt64] = []
        var number: UInt64 = 0
        /// Posted and not finished.
        var underWay = 0
        var phase = Phase.open
    }

    private enum Phase {
        case open
        case stopping
        case closed
    }

    /// What the courier's thread finds when it looks.
    struct Mail {
        let orders: [CourierOrder]
        let cancellations: [UInt64]
        let isStopping: Bool
    }

    let multi: UnsafeMutableRawPointer
    private let limit: Int
    private let state = Mutex(State())

    init(_ multi: UnsafeMutableRawPointer, limit: Int) {
        self.multi = multi
        self.limit = limit
    }

    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.number &+= 1
            return state.number
        }
    }

    /// Why the order is not taken, if it is not.
    func post(_ order: CourierOrder) -> CourierError? {
        state.withLock { state in
            guard state.phase == .open else { return .stopped }
            guard state.underWay < limit else { return .busy }
            state.underWay += 1
            state.orders.append(order)
            curl_multi_wakeup(multi)
            return nil
        }
    }

    func cancel(_ number: UInt64) {
        state.withLock { state in
            guard state.phase == .open else { return }
            state.cancellations.append(number)
            curl_multi_wakeup(multi)
        }
    }

    func stop() {
        state.withLock { state in
            guard state.phase == .open else { return }
            state.phase = .stopping
            curl_multi_wakeup(multi)
        }
    }

    func take() -> Mail {
        state.withLock { state in
            defer {
                state.orders = []
                state.cancellations = []
            }
            return Mail(
                orders: state.orders, cancellations: state.cancellations, isStopping: state.phase != .open)
        }
    }

    func finished() {
        state.withLock { $0.underWay -= 1 }
    }

    /// The owner is about to destroy `multi`.
    func close() {
        state.withLock { $0.phase = .closed }
    }
}
