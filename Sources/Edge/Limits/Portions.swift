import Primitives
import Synchronization
import Transport

/// What each prefix was served today: no one party takes a node's month (DESIGN, "Fairness").
///
/// A sketch keeps it: never too little, and with 8 GB served in a day, half a megabyte too much on average.
final class Portions: Sendable {
    static let columns = 16_384
    /// A prefix may always have a file so many times in a day …
    static let copies: Int64 = 2
    /// … and of a small file, this part of what the node has left.
    static let part: Int64 = 20

    private struct State {
        var day = Int64.min
        var served = Sketch<AddressRange, Int64>(columns: columns)
        /// What is set aside for responses under way: no more prefixes than there are responses.
        var held: [AddressRange: Int64] = [:]

        mutating func begin(_ day: Int64) {
            guard self.day != day else { return }
            self.day = day
            served = Sketch(columns: columns)
        }

        mutating func hold(_ size: Int64, for prefix: AddressRange) {
            let held = held[prefix, default: 0] &+ size
            self.held[prefix] = held == 0 ? nil : held
        }
    }

    /// What a response holds for what it has yet to send.
    struct Portion: Sendable {
        fileprivate let prefix: AddressRange
        fileprivate let file: ByteCount
        /// Of the response, and counted as served.
        fileprivate(set) var sent: Int64 = 0
        fileprivate(set) var held: Int64
    }

    enum Outcome {
        case taken(Portion)
        /// What is left of the day is set aside for other responses, which may not need it.
        case held
        /// The prefix had its share of the day.
        case served
    }

    private let state: Mutex<State>

    init() {
        state = Mutex(State())
    }

    /// How many prefixes have something set aside.
    var prefixesHolding: Int { state.withLock(\.held.count) }

    /// Sets aside `size` bytes of a file for a prefix, if they are within its share of the day.
    func take(
        _ size: Int64, of file: ByteCount, for prefix: AddressRange, remaining: ByteCount, at time: WallTime
    ) -> Outcome {
        state.withLock { state in
            state.begin(Self.day(time))
            let left = Self.most(of: file, remaining) - state.served[prefix]
            guard size <= left else { return .served }
            guard size <= left - state.held[prefix, default: 0] else { return .held }
            state.hold(size, for: prefix)
            return .taken(Portion(prefix: prefix, file: file, held: size))
        }
    }

    /// A response has sent so much by now, and wants to hold what is `ahead` of that; where it cannot, what it needs
    /// for the `next` step. False when not even that is within the prefix's share.
    func slide(
        _ portion: inout Portion, sent: Int64, next: Int64, ahead: Int64, remaining: ByteCount, at time: WallTime
    ) -> Bool {
        state.withLock { state in
            state.begin(Self.day(time))
            Self.count(sent, of: &portion, in: &state)
            guard portion.held < ahead else { return true }
            let left =
                Self.most(of: portion.file, remaining) - state.served[portion.prefix]
                - state.held[portion.prefix, default: 0]
            if let wanted = [ahead, next].first(where: { $0 - portion.held <= left }), wanted > portion.held {
                state.hold(wanted - portion.held, for: portion.prefix)
                portion.held = wanted
            }
            return portion.held >= next
        }
    }

    /// The response has ended with so much sent: what else was set aside is the prefix's again.
    func settle(_ portion: Portion, sent: Int64, at time: WallTime) {
        var portion = portion
        state.withLock { state in
            state.begin(Self.day(time))
            Self.count(sent, of: &portion, in: &state)
            state.hold(-portion.held, for: portion.prefix)
        }
    }

    private static func count(_ sent: Int64, of portion: inout Portion, in state: inout State) {
        let more = min(max(0, sent - portion.sent), portion.held)
        guard more > 0 else { return }
        portion.sent += more
        portion.held -= more
        state.hold(-more, for: portion.prefix)
        state.served.add(more, for: portion.prefix)
    }

    private static func most(of file: ByteCount, _ remaining: ByteCount) -> Int64 {
        let (twice, overflow) = file.bytes.multipliedReportingOverflow(by: copies)
        return max(overflow ? Int64.max : twice, remaining.bytes / part)
    }

    /// Until everybody begins anew.
    static func untilTomorrow(from time: WallTime) -> Int64 {
        max(1, (day(time) + 1) * 86_400 - time.milliseconds / 1000)
    }

    /// Days of UTC.
    private static func day(_ time: WallTime) -> Int64 { max(0, time.milliseconds) / 86_400_000 }
}
