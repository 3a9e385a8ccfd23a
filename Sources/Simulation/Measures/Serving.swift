internal import Allowance
internal import Catalogue
internal import Primitives
internal import Routing

/// What came of the clients' requests.
struct Serving: Sendable {
    /// One hour's requests and their bytes.
    struct Hour: Equatable, Sendable {
        var requests = 0
        var served = 0
        var refused = 0
        /// Whole files asked for that are offered, and those of them that were sent.
        var wanted = ByteCount.zero
        var sent = ByteCount.zero
    }

    /// Between a place that clients ask from and a node.
    struct Path: Hashable, Comparable, Sendable {
        let place: Int
        let node: Int

        static func < (left: Self, right: Self) -> Bool { (left.place, left.node) < (right.place, right.node) }
    }

    private(set) var hours: [Hour] = []
    /// By reason, in the order in which they first came up.
    private(set) var refusals: [(reason: Refusal, count: Int)] = []
    private(set) var roundTrips = Distribution()
    /// Of the nearest holder that could have served instead.
    private(set) var nearestRoundTrips = Distribution()
    private(set) var redirects = 0

    /// Where clients ask from, in the order in which they came up; beyond the limit they all count as the last.
    private(set) var places: [Place] = []
    private(set) var flows: [Path: ByteCount] = [:]
    private var placeNumbers: [Place: Int] = [:]
    private static let placeLimit = 512

    /// A year and some.
    private static let hourLimit = 10_000

    private mutating func with(_ now: Instant, _ change: (inout Hour) -> Void) {
        let hour = min(Int(now.nanoseconds / 3_600_000_000_000), Self.hourLimit - 1)
        if hour >= hours.count { hours += Array(repeating: Hour(), count: hour + 1 - hours.count) }
        change(&hours[hour])
    }

    /// A request was answered for good.
    /// - Parameters:
    ///   - asked: when it came.
    ///   - length: of the file, if there is such a file.
    mutating func answered(_ outcome: VirtualClient.Outcome, _ length: ByteCount?, redirects: Int, asked: Instant) {
        self.redirects += redirects
        let refusal = Refusal(outcome)
        with(asked) { hour in
            hour.requests += 1
            if refusal == nil { hour.served += 1 } else { hour.refused += 1 }
            guard refusal?.isOffered ?? true, let length else { return }
            hour.wanted += length
            if refusal == nil { hour.sent += length }
        }
        guard let refusal else { return }
        if let known = refusals.firstIndex(where: { $0.reason == refusal }) {
            refusals[known].count += 1
        } else {
            refusals.append((refusal, 1))
        }
    }

    mutating func routed(_ roundTrip: Duration, nearest: Duration) {
        roundTrips.add(roundTrip.wholeNanoseconds)
        nearestRoundTrips.add(nearest.wholeNanoseconds)
    }

    mutating func flowed(_ size: ByteCount, from node: Int, to place: Place) {
        let number =
            placeNumbers[place]
            ?? {
                guard places.count < Self.placeLimit else { return places.count - 1 }
                places.append(place)
                placeNumbers[place] = places.count - 1
                return places.count - 1
            }()
        flows[Path(place: number, node: node), default: .zero] += size
    }

    /// Why a client left without the file.
    enum Refusal: String, CaseIterable, Sendable {
        case notFound
        case postponed
        case gone
        case exhausted
        case filling
        case unproven
        case unreachable
        case cutOff

        /// Nothing where it got what it came for.
        init?(_ outcome: VirtualClient.Outcome) {
            switch outcome {
            case .served: return nil
            case .notFound: self = .notFound
            case .postponed: self = .postponed
            case .gone: self = .gone
            case .unavailable(.exhausted): self = .exhausted
            case .unavailable(.filling): self = .filling
            case .unavailable(.unproven): self = .unproven
            case .unavailable(.unreachable): self = .unreachable
            case .cutOff, .spoilt: self = .cutOff
            }
        }

        /// Somebody who knew everything could have served it.
        var isOffered: Bool {
            switch self {
            case .notFound, .gone: false
            case .postponed, .exhausted, .filling, .unproven, .unreachable, .cutOff: true
            }
        }
    }
}

/// What copying files from node to node took.
struct Copying: Sendable {
    struct File: Sendable {
        let length: ByteCount
        let publisher: Int
        /// Sent for others to hold, by the publisher and in all.
        var fromPublisher = ByteCount.zero
        var sent = ByteCount.zero
        /// Copies that became whole elsewhere.
        var copies = 0
    }

    private(set) var files: [FileID: File] = [:]
    /// Whole copies, wherever they lie.
    private(set) var holders: [FileID: [Int]] = [:]

    mutating func posted(_ file: FileID, _ length: ByteCount, by publisher: Int) {
        if files[file] == nil { files[file] = File(length: length, publisher: publisher) }
    }

    mutating func sent(_ size: ByteCount, of file: FileID, by node: Int) {
        files[file]?.sent += size
        if files[file]?.publisher == node { files[file]?.fromPublisher += size }
    }

    mutating func completed(_ file: FileID, at node: Int) {
        guard holders[file]?.contains(node) != true else { return }
        holders[file, default: []].append(node)
        if files[file]?.publisher != node { files[file]?.copies += 1 }
    }

    mutating func removed(_ file: FileID, at node: Int) { holders[file]?.removeAll { $0 == node } }
}
