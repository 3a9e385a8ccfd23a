public import Primitives

/// Round trips that were measured between hosts.
public struct Matrix: Equatable, Sendable {
    public struct Host: Equatable, Sendable {
        public let name: String
        /// Nothing where it is not known.
        public let place: Place?

        public init(name: String, place: Place? = nil) {
            self.name = name
            self.place = place
        }
    }

    public let hosts: [Host]
    /// Row by row, in microseconds; `unknown` where it was not measured.
    private let micros: [Int32]

    private static let unknown: Int32 = -1
    /// No round trip on Earth takes longer.
    public static let longest = Duration.seconds(60)
    /// Hosts at most.
    public static let hostLimit = 2_000

    /// - Parameter roundTrips: row by row, as many rows and columns as there are hosts; nothing where it is unknown.
    public init(hosts: [Host], roundTrips: [Duration?]) {
        precondition(roundTrips.count == hosts.count * hosts.count, "a round trip for each two hosts")
        self.hosts = hosts
        micros = roundTrips.map { roundTrip in
            roundTrip.map { Int32(min($0, Self.longest).wholeNanoseconds / 1000) } ?? Self.unknown
        }
    }

    /// From one host to the other and back; what was measured the other way round where that is unknown. Nothing where
    /// nobody knows.
    public func roundTrip(from: Int, to: Int) -> Duration? {
        let there = micros[from * hosts.count + to]
        let known = there == Self.unknown ? micros[to * hosts.count + from] : there
        return known == Self.unknown ? nil : .microseconds(Int64(known))
    }

    /// The middle of all that is known between two hosts: for those of which nothing is.
    public var median: Duration {
        var known: [Int32] = []
        for row in hosts.indices {
            for column in hosts.indices where row != column && micros[row * hosts.count + column] != Self.unknown {
                known.append(micros[row * hosts.count + column])
            }
        }
        known.sort()
        return known.isEmpty ? .zero : .microseconds(Int64(known[known.count / 2]))
    }
}
