internal import Allowance
internal import Primitives
internal import Synchronization

/// What one exchange costs on the wire, and who pays for it.
///
/// Paid ahead is the request, and what is to be expected of the connection and of acknowledgements; so what is on its
/// way when this process is killed is paid. While the answer comes, what the kernel has sent is counted, and paid ahead
/// again. The end settles it. What the connection costs later, until another exchange takes it, is counted as well.
final class Toll: Sendable {
    /// The packets of a handshake and of an orderly end, two each, and the acknowledgement of a head.
    private static let packetsAround: Int64 = 5
    /// Of the request's bytes, one in so many is expected to be sent again, as measured with slow readers.
    private static let againPart: Int64 = 16
    /// Acknowledgements paid ahead at most: of half a megabyte.
    private static let acknowledgements: Int64 = 190
    /// Who receives acknowledges every other packet (RFC 9293, section 3.8.6.3).
    private static let packetsAcknowledged: Int64 = 2

    private struct State {
        /// Of what follows: what was paid in a period that is over is done with.
        var era: UInt32
        var paid: Int64 = 0
        var sent: Int64 = 0
        var isSettled = false
    }

    private let account: Account
    private let traffic: TrafficClass
    /// How much is kept paid beyond what was sent.
    private let ahead: Int64
    private let state: Mutex<State>

    private init(_ account: Account, _ traffic: TrafficClass, ahead: Int64, era: UInt32, paid: Int64) {
        self.account = account
        self.traffic = traffic
        self.ahead = ahead
        state = Mutex(State(era: era, paid: paid))
    }

    /// Pays for a request of so many bytes, head included, and for the beginning of an answer of about so many. Nothing
    /// when the account does not have that.
    static func paying(
        for request: ByteCount, answer: ByteCount, from traffic: TrafficClass, of account: Account
    ) async -> Toll? {
        // Which family it will be is not known yet; what is too much comes back.
        let (frame, segment) = (PacketHeaders.tcp(isIPv6: true), PacketHeaders.segment(isIPv6: true))
        let expected = answer.bytes / (packetsAcknowledged * segment) + 1
        let ahead = min(expected, acknowledgements) * frame
        let packets = packetsAround + request.bytes / segment + 1
        let price = request.bytes + request.bytes / againPart + packets * frame + ahead
        // Read before: a credit for what was paid in a later period than it names is void, not wrong.
        let era = account.era
        guard await account.pay(ByteCount(price), for: traffic) else { return nil }
        return Toll(account, traffic, ahead: ahead, era: era, paid: price)
    }

    /// The kernel has sent so much more. False when what is to come cannot be paid any more: then the exchange has to
    /// end.
    @discardableResult
    func count(_ cost: Int64) -> Bool {
        state.withLock { state in
            let era = account.era
            if state.era != era { state = State(era: era, isSettled: state.isSettled) }
            state.sent += cost
            let left = state.paid - state.sent
            guard left < (state.isSettled ? 0 : ahead / 2) else { return true }
            if left >= 0 {
                if account.spend(ByteCount(ahead - left), for: traffic) { state.paid += ahead - left }
                return true
            }
            let likely = state.isSettled ? 0 : ahead
            let counted = account.record(ByteCount(-left), likely: ByteCount(likely), for: traffic, in: era)
            state.paid += counted.bytes
            return state.isSettled || counted.bytes > -left
        }
    }

    /// The exchange has ended: what was paid and not sent is given back.
    func settle() {
        state.withLock { state in
            state.isSettled = true
            let unsent = state.paid - state.sent
            guard unsent > 0 else { return }
            account.credit(ByteCount(unsent), to: traffic, debitedIn: state.era)
            state.paid = state.sent
        }
    }
}
