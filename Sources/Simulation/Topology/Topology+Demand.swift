public import Primitives

extension Topology {
    /// Something to download.
    public struct File: Equatable, Sendable {
        public var name: String
        public var length: ByteCount
        /// Who posts it: a position in `nodes`.
        public var publisher: Int
        public var postedAt: Duration
        /// Copies wanted beside the publisher's own.
        public var replicas: UInt8

        public init(
            name: String = "", length: ByteCount, publisher: Int, postedAt: Duration = .zero, replicas: UInt8 = 3
        ) {
            self.name = name
            self.length = length
            self.publisher = publisher
            self.postedAt = postedAt
            self.replicas = replicas
        }
    }

    /// What clients ask for, and how often.
    public struct Demand: Equatable, Sendable {
        /// In the whole world, in the mean; flash crowds come on top.
        public var requestsPerDay = 0
        /// The file that is k-th in the list is asked for in proportion to k to the power of −exponent (Zipf): 0 for all
        /// alike, about 1 on the web.
        public var exponent = 0.9
        /// How far requests swing about their mean in a day, by each region's longitude: 0 for not at all, 1 for none
        /// at the quietest hour. Most come at 20:00, fewest at 8:00.
        public var rhythm = 0.0
        public var entry = Entry.publisher
        public var flashCrowds: [FlashCrowd] = []

        public init() {}
    }

    /// Which node clients ask first.
    public enum Entry: String, CaseIterable, Sendable {
        /// Whoever posted the file, as its link says.
        case publisher
        /// Any node that runs.
        case anybody
    }

    /// Everybody wants one file, beside what is asked for otherwise.
    public struct FlashCrowd: Equatable, Sendable {
        /// A position in `files`.
        public var file: Int
        public var at: Duration
        /// Requests come evenly over this time.
        public var duration: Duration
        public var requests: Int

        public init(file: Int, at: Duration, for duration: Duration, requests: Int) {
            self.file = file
            self.at = at
            self.duration = duration
            self.requests = requests
        }
    }
}
