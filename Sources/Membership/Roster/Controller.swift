internal import Primitives

/// What keeps the overlay nearly free (DESIGN, *Frugal*): how often a node pulses, and how often it says something new
/// of itself, follow from what its members give.
///
/// A quarter of what may be spent goes into pulses, a quarter into statuses. What is left is for what follows from
/// neither: mentions, probes, questions over HTTP, comings and goings; and for who has more neighbours than most, and
/// hears and tells more: one in a hundred spends half as much again as the middle. A pulse costs its sender one datagram an interval on
/// each edge. A status costs every member about as much as its bytes, told word for word a few times and mentioned on
/// the other edges; so all who talk pay for who has most to say, and its rate follows from what the smaller members can
/// pay, not from its own purse.
struct Controller: Equatable, Sendable {
    /// What this node gives in a month.
    var monthly: ByteCount
    /// What the lower quartile of the members gives.
    var quartile: ByteCount

    /// The part of what is given that the overlay may take, and the least that it takes where that is less.
    private static let part: Int64 = 100
    private static let least = ByteCount.megabytes(3)
    private static let month = Duration.seconds(30 * 86_400)
    /// A pulse on the wire: body, seal, UDP and IPv4 headers, and a few mentions.
    private static let pulseBytes: Int64 = 130
    /// What a status costs each member, on average: told in some ninety bytes about two and a half times.
    private static let statusBytes: Int64 = 240
    private static let intervals: ClosedRange<Duration> = .seconds(1) ... .seconds(600)
    /// Statuses that may be said in a row, as far as they are less than a sixteenth of a month's.
    private static let bursts = 2...8

    /// Of the overlay's part of what is given in a month, what goes into pulses, and as much into statuses.
    private static func purse(_ monthly: ByteCount) -> Int64 { max(monthly.bytes / part, least.bytes) / 4 }

    /// How often to pulse on so many edges.
    func interval(edges: Int) -> Duration {
        let monthly = Self.pulseBytes * Int64(max(edges, 1))
        let interval = Self.month / Int(max(1, Self.purse(self.monthly) / monthly))
        return min(max(interval, Self.intervals.lowerBound), Self.intervals.upperBound)
    }

    /// How often to say something new where there are so many members.
    func statuses(members: Int) -> Rate {
        let once = Self.statusBytes * Int64(max(members, 1))
        let count = Int(max(1, Self.purse(quartile) / once))
        let burst = min(max(count / 16, Self.bursts.lowerBound), Self.bursts.upperBound)
        return Rate(burst: burst, every: max(Self.month / count, Self.intervals.lowerBound))
    }
}

extension Roster {
    /// How often this node wants to exchange pulses.
    var pulse: Duration { settings.pulse ?? tempo }

    /// The interval follows the number of edges.
    mutating func retune() { tempo = controller.interval(edges: view.members.count) }

    /// What the others give, as far as a few drawn at random tell.
    mutating func sampleShares() {
        var shares: [ByteCount] = [controller.monthly]
        for _ in 0..<settings.drawings where !table.members.isEmpty {
            let index = Int.random(in: table.members.indices, using: &generator)
            if table.members.isPresent(index) { shares.append(table.members.share(index)) }
        }
        shares.sort()
        controller.quartile = shares[shares.count / 4]
    }
}
