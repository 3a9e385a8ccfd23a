import Allowance
import Primitives
import Transport

/// The account of one response with a body from a file: what it holds, what it has paid, and which bytes come next.
///
/// Everything is reserved before the first byte; an open-ended range, which players ask for and rarely read to its end,
/// holds a window that slides with the bytes. Each slice is paid before it is handed to the kernel, with the head on
/// top of the first one. What a slice is paid ahead beyond its cost comes back when the kernel has sent it: so it is
/// held for one slice, not for all, and taken again for the next where the account still has it.
struct Payment: Sendable {
    /// What is handed to the kernel at once. Large enough that a call costs nothing, small enough that an aborted
    /// response wastes little (a guess).
    static let slice: Int64 = 1 << 20
    /// What an open-ended range holds ahead.
    static let window: Int64 = 64 << 20

    let traffic: TrafficClass
    /// What bytes cost: all that is held and paid here is a cost, and somewhat more than it will turn out to be.
    let cost: WireCost
    /// Bytes of the head, not yet paid; zero afterwards.
    private(set) var head: Int64
    /// What the connection itself costs, paid with the head.
    private let opening: Int64
    private let isOpenEnded: Bool
    /// The bytes of the file that are not paid yet.
    private(set) var rest: Range<Int64>
    /// Held in the account, not yet paid.
    private(set) var reserved: Int64
    private(set) var paid: Int64 = 0
    /// Bytes of head and body that were paid.
    private(set) var sent: Int64 = 0

    enum Step: Equatable {
        /// These bytes of the file are paid; with `head`, the head too.
        case send(Range<Int64>, head: Bool)
        /// The lease on disk does not reach so far yet; `orResume` will be called.
        case wait
        /// Everything was paid.
        case done
        /// The allowance ended under an open-ended range.
        case exhausted
    }

    /// Nothing when the response does not fit.
    init?(
        head: Int, body: Range<Int64>, isOpenEnded: Bool, traffic: TrafficClass, cost: WireCost = .payload,
        opening: Int64 = 0, account: Account
    ) {
        let count = isOpenEnded ? min(Int64(body.count), Self.window) : Int64(body.count)
        let held = opening + cost.ahead(Int64(head)) + Self.holding(count, cost)
        guard account.reserve(ByteCount(held), for: traffic) else { return nil }
        self.traffic = traffic
        self.cost = cost
        self.head = Int64(head)
        self.opening = opening
        self.isOpenEnded = isOpenEnded
        rest = body
        reserved = held
    }

    mutating func step(_ account: Account, orResume resume: @escaping @Sendable () -> Void) -> Step {
        let isFirst = head > 0
        guard isFirst || !rest.isEmpty else { return .done }
        slide(account)
        let headCost = headCost
        var count = min(Self.slice, Int64(rest.count))
        if cost.of(count) > reserved - headCost { count = min(count, cost.affordable(reserved - headCost)) }
        guard isFirst || count > 0 else { return .exhausted }
        let later = cost.of(max(0, horizon - count), slice: Self.slice)
        let due = headCost + min(cost.ahead(count), max(cost.of(count), reserved - headCost - later))
        guard account.debit(ByteCount(due), from: traffic, orResume: resume) else { return .wait }
        let slice = rest.lowerBound..<rest.lowerBound + count
        rest = slice.upperBound..<rest.upperBound
        reserved -= due
        paid += due
        sent += head + count
        head = 0
        return .send(slice, head: isFirst)
    }

    /// Gives back what will not be sent.
    mutating func settle(_ account: Account) {
        account.release(ByteCount(reserved), of: traffic)
        reserved = 0
        rest = rest.upperBound..<rest.upperBound
        head = 0
    }

    private var headCost: Int64 { head > 0 ? opening + cost.ahead(head) : 0 }

    /// How many of the bytes to come are held for.
    private var horizon: Int64 { isOpenEnded ? min(Int64(rest.count), Self.window) : Int64(rest.count) }

    /// What is held for so many bytes: their cost, and what the next slice is paid ahead beyond its own.
    private static func holding(_ count: Int64, _ cost: WireCost) -> Int64 {
        let next = min(count, slice)
        return cost.of(count, slice: slice) + cost.ahead(next) - cost.of(next)
    }

    /// Keeps the window of an open-ended range a window ahead, and what the next slice is paid ahead.
    private mutating func slide(_ account: Account) {
        let more = Self.holding(horizon, cost) - (reserved - headCost)
        if more > 0, account.reserve(ByteCount(more), for: traffic) { reserved += more }
    }
}
