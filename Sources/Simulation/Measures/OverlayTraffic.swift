internal import Membership
internal import Primitives

/// What the overlay's bytes are for.
enum OverlayUse: Int, CaseIterable, Sendable {
    /// Pulses and their replies, without the news they carry; and comparisons of what is quiet.
    case pulses
    /// Cards, statuses, verdicts and farewells, in whatever datagram they ride.
    case news
    /// Direct ones, those for others, and suspicions.
    case probes
    /// Questions between nodes and their answers.
    case http

    init(_ message: Message) {
        switch message {
        case .pulse, .pulseReply, .buckets, .rows: self = .pulses
        case .tidings: self = .news
        case .probe, .probeReply, .indirectProbe, .indirectReply, .indirectFailure, .suspicion: self = .probes
        }
    }
}

/// Bytes by use.
struct OverlayBytes: Equatable, Sendable {
    private var bytes: [4 of Int64] = [0, 0, 0, 0]

    subscript(use: OverlayUse) -> Int64 {
        get { bytes[use.rawValue] }
        set { bytes[use.rawValue] = newValue }
    }

    var sum: Int64 { OverlayUse.allCases.reduce(0) { $0 + self[$1] } }

    mutating func add(_ size: Int64, _ use: OverlayUse) { bytes[use.rawValue] += size }

    static func - (left: Self, right: Self) -> Self {
        var difference = left
        for use in OverlayUse.allCases { difference[use] -= right[use] }
        return difference
    }

    static func == (left: Self, right: Self) -> Bool { OverlayUse.allCases.allSatisfy { left[$0] == right[$0] } }
}

/// What each node sent and received for the overlay, with the headers of IP and UDP and the seal.
///
/// A start-up is not what a month is made of: what was sent until the network had settled counts once, and what was
/// sent since is prolonged to 30 days.
struct OverlayTraffic: Sendable {
    struct Node: Sendable {
        var sent = OverlayBytes()
        var received = OverlayBytes()
        /// The same when the network had settled.
        fileprivate(set) var early: (sent: OverlayBytes, received: OverlayBytes) = (OverlayBytes(), OverlayBytes())
        fileprivate(set) var upTime = Duration.zero
        fileprivate(set) var upSince: Instant?
    }

    /// A month, as reports count it.
    static let month = Duration.seconds(30 * 86_400)
    /// Who was up for less than this since the network had settled says nothing about a month.
    static let leastUpTime = Duration.seconds(600)

    private(set) var nodes: [Node] = []
    private let settled: Instant

    init(settled: Instant) { self.settled = settled }

    mutating func sent(_ size: Int, _ use: OverlayUse, by sender: Int) { nodes[sender].sent.add(Int64(size), use) }

    mutating func received(_ size: Int, _ use: OverlayUse, by receiver: Int) {
        nodes[receiver].received.add(Int64(size), use)
    }

    mutating func began(_ node: Int, at now: Instant) {
        while nodes.count <= node { nodes.append(Node()) }
        nodes[node].upSince = now
    }

    mutating func ended(_ node: Int, at now: Instant) {
        if let since = nodes[node].upSince { nodes[node].upTime += max(.zero, now - max(since, settled)) }
        nodes[node].upSince = nil
    }

    /// The network has settled: comes once, at the moment that was told at the beginning.
    mutating func settle() {
        for node in nodes.indices { nodes[node].early = (nodes[node].sent, nodes[node].received) }
    }

    /// Since the network had settled.
    func upTime(of node: Int, at now: Instant) -> Duration {
        let running = nodes[node].upSince.map { max(.zero, now - max($0, settled)) } ?? .zero
        return nodes[node].upTime + running
    }

    /// A node's bytes in a month; nothing where it was hardly up.
    func monthly(of node: Int, at now: Instant) -> (sent: Monthly, received: Monthly)? {
        let upTime = upTime(of: node, at: now)
        let node = nodes[node]
        guard upTime >= Self.leastUpTime else { return nil }
        let factor = (Self.month - (settled - .zero)) / upTime
        return (
            Monthly(early: node.early.sent, later: node.sent - node.early.sent, factor: factor),
            Monthly(early: node.early.received, later: node.received - node.early.received, factor: factor)
        )
    }

    struct Monthly {
        let early: OverlayBytes
        let later: OverlayBytes
        let factor: Double

        subscript(use: OverlayUse) -> ByteCount {
            ByteCount(early[use] + Int64((Double(later[use]) * factor).rounded()))
        }

        var sum: ByteCount { OverlayUse.allCases.reduce(.zero) { $0 + self[$1] } }
    }
}
