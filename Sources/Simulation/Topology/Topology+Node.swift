public import Primitives

extension Topology {
    /// One machine, and what its operator gives.
    public struct Node: Equatable, Sendable {
        public var name: String
        /// Nothing where nobody knows: then delays are those of a place in the middle of nowhere.
        public var place: Place?
        /// What it may send for the network in a period.
        public var share: ByteCount
        /// How long a period of its allowance is; periods follow each other from the world's epoch.
        public var period: Duration
        /// Room for copies of other people's files.
        public var disk: ByteCount
        /// Bytes a second that leave it at most, shared by all transfers.
        public var uplink: ByteCount
        /// How far ahead of the world's its wall clock is; behind, where it is negative.
        public var clockSkew: Duration
        public var honesty: Honesty
        /// When it starts first, after the world's beginning.
        public var startsAt: Duration
        /// Its row in the matrix of delays, where there is one.
        public var host: Int?

        public init(
            name: String = "", place: Place? = nil, share: ByteCount = .gigabytes(8),
            period: Duration = .seconds(30 * 86_400),
            disk: ByteCount = .gigabytes(8), uplink: ByteCount = .megabytes(8), clockSkew: Duration = .zero,
            honesty: Honesty = .honest, startsAt: Duration = .zero, host: Int? = nil
        ) {
            self.name = name
            self.place = place
            self.share = share
            self.period = period
            self.disk = disk
            self.uplink = uplink
            self.clockSkew = clockSkew
            self.honesty = honesty
            self.startsAt = startsAt
            self.host = host
        }
    }

    /// What a member makes others believe.
    public enum Honesty: String, CaseIterable, Sendable {
        case honest
        /// It says that everything remains of its share, whatever it has spent.
        case understatesSpend = "understates-spend"
        /// The pieces that it sends are not the file's.
        case sendsBadPieces = "sends-bad-pieces"
        /// Its card names the URL of somebody who does not belong to the network.
        case namesForeignURL = "names-foreign-url"
    }

    /// Clients at one place.
    public struct Region: Equatable, Sendable {
        public var name: String
        public var place: Place?
        /// How many of all requests come from here, in proportion to the others' weights.
        public var weight: Double

        public init(name: String = "", place: Place? = nil, weight: Double = 1) {
            self.name = name
            self.place = place
            self.weight = weight
        }
    }
}
