public import Primitives

/// What came of a run: only what the topology and the seed determine, so that the same run gives the same report, byte
/// for byte. How long it took to compute is not in it.
///
/// `text` is for a terminal, `json` for programs, `html` for people.
public struct WorldReport: Equatable, Sendable {
    public var world: World
    /// Promises that were broken, as the checkers say; none in a good run.
    public var violations: [String] = []
    public var gossip = Gossip()
    public var pulses = Pulses()
    public var news = News()
    public var liveness = Liveness()
    public var agreement = Agreement()
    public var spending = Spending()
    public var service = Service()
    public var coordinates: [Coordinates] = []
    public var map = Map()

    public init(world: World) { self.world = world }

    /// What was simulated.
    public struct World: Equatable, Sendable {
        public var name: String
        public var summary: String
        public var seed: UInt64
        public var length: Duration
        public var nodes: Int
        /// Of those that ran at the end.
        public var running: Int
        public var files: Int
        /// In the mean of all nodes.
        public var share: ByteCount
        /// Of datagrams, 0 to 1.
        public var loss: Double

        public init(
            name: String, summary: String = "", seed: UInt64, length: Duration, nodes: Int, running: Int, files: Int,
            share: ByteCount, loss: Double
        ) {
            self.name = name
            self.summary = summary
            self.seed = seed
            self.length = length
            self.nodes = nodes
            self.running = running
            self.files = files
            self.share = share
            self.loss = loss
        }
    }

    /// What the overlay costs a node in a month of 30 days, with all headers: the start-up once, the rest prolonged.
    public struct Gossip: Equatable, Sendable {
        public var sent: Quantiles<ByteCount>?
        public var received: Quantiles<ByteCount>?
        /// In the mean of all nodes.
        public var sentFor = Uses()
        public var receivedFor = Uses()
        /// What is allowed in a month: of each period's share the larger of 1 % and 3 MB, but a tenth of it at most. That of
        /// the middle node.
        public var bound: ByteCount = .zero
        /// Nodes above it.
        public var beyondBound = 0
        /// How many nodes sent how much: bins of equal width in the logarithm.
        public var bins: [Bin] = []
        /// Statuses that a node signs in a day.
        public var statusesPerNodeAndDay = 0.0
        /// memberlist's defaults in a network of this size, with as many updates, computed.
        public var memberlist: [Rival] = []
    }

    /// Bytes by what they are for.
    public struct Uses: Equatable, Sendable {
        public var pulses: ByteCount = .zero
        public var news: ByteCount = .zero
        public var probes: ByteCount = .zero
        public var http: ByteCount = .zero
    }

    public struct Bin: Equatable, Sendable {
        public var from: ByteCount
        public var to: ByteCount
        public var nodes: Int
    }

    /// Another protocol's bytes, in a month and in either direction.
    public struct Rival: Equatable, Sendable {
        public var name: String
        public var probes: ByteCount
        public var tables: ByteCount
        public var gossip: ByteCount
        public var total: ByteCount { probes + tables + gossip }
    }

    public struct Pulses: Equatable, Sendable {
        /// From one exchange on an edge to the next.
        public var interval: Quantiles<Duration>?
        public var meanInterval: Duration?
        /// Of a pulse or a reply, with all headers.
        public var size: Quantiles<ByteCount>?
        public var meanSize: ByteCount?
    }

    /// How fast what members say reaches the others.
    public struct News: Equatable, Sendable {
        /// Over pairs of a status and a node that was up when it was signed.
        public var age: Quantiles<Duration>?
        /// Pairs that had not come together within `patience`: they count in `age` with that.
        public var missing = 0
        public var patience: Duration = .zero
        public var statuses = 0
        /// From the moment of signing until 99 of a hundred nodes know.
        public var exhausted: Quantiles<Duration>?
        public var refilled: Quantiles<Duration>?
        /// From the moment of the third verdict.
        public var deaths: Quantiles<Duration>?
        /// Urgent statements that never got so far within `patience`.
        public var unspread = 0
        /// Statements that were not followed, there being too many at a time.
        public var unfollowed = 0
    }

    /// What the nodes thought of each other's lives.
    public struct Liveness: Equatable, Sendable {
        /// Nodes that stopped without a good-bye.
        public var stopped = 0
        /// From that moment until the first verdict, the one that made it enough, and 99 of a hundred knowing.
        public var firstVerdict: Quantiles<Duration>?
        public var lastVerdict: Quantiles<Duration>?
        public var known: Quantiles<Duration>?
        /// Live nodes that were declared dead.
        public var falseDeaths = 0
        public var falseDeathsPerNodeAndDay = 0.0
        /// Times that a node took a live one, which it could reach, for silent.
        public var wrongSuspicions = 0
        public var wrongSuspicionsPerNodeAndDay = 0.0
        /// How long each went on.
        public var wrongSpell: Quantiles<Duration>?
        /// From the moment a busy holder stops until a node that sends clients there sends them elsewhere.
        public var passedOver: Quantiles<Duration>?
        /// Times that this befell live ones, how long each went on, and what part of the time that busy holders were
        /// watched in that is; nothing where none were.
        public var wrongPasses = 0
        public var wrongPassSpell: Quantiles<Duration>?
        public var wrongPassShare: Double?
    }

    /// How far the tables of running nodes agree with who is running.
    public struct Agreement: Equatable, Sendable {
        public var samples: [Sample] = []
        /// The start-up first, then each fault that ended.
        public var recoveries: [Recovery] = []
        /// At the end of the run.
        public var isComplete = true

        public struct Sample: Equatable, Sendable {
            public var at: Duration
            /// Nodes that are right about everybody, 0 to 1.
            public var nodes: Double
            /// Entries of all tables that are right, 0 to 1.
            public var entries: Double
        }

        public struct Recovery: Equatable, Sendable {
            public var at: Duration
            /// Nothing where it did not come to that.
            public var took: Duration?
        }
    }

    /// What nodes sent of what they give.
    public struct Spending: Equatable, Sendable {
        /// Of all nodes, all periods.
        public var serving: ByteCount = .zero
        public var replication: ByteCount = .zero
        public var overlay: ByteCount = .zero
        public var answers: ByteCount = .zero
        /// The most that any node spent of its share in a period, 0 to 1.
        public var most = 0.0
        public var samples: [Sample] = []
        /// The same node by node, of small worlds.
        public var lines: [[Double?]] = []
        /// Of the first node: where the calendar stood in its period at each sample.
        public var period: Duration = .zero

        public struct Sample: Equatable, Sendable {
            public var at: Duration
            public var p10: Double
            public var p50: Double
            public var p90: Double
            public var max: Double
        }
    }

    /// What clients got.
    public struct Service: Equatable, Sendable {
        public var requests = 0
        public var served = 0
        public var redirects = 0
        /// Reasons and how many, the most frequent first.
        public var refused: [Refusal] = []
        public var wanted: ByteCount = .zero
        public var sent: ByteCount = .zero
        /// What somebody who knew every request in advance could have sent at most.
        public var optimum: ByteCount = .zero
        public var hours: [Hour] = []
        /// To the node that served, and to the nearest that could have.
        public var roundTrip: Quantiles<Duration>?
        public var meanRoundTrip: Duration?
        public var nearest: Quantiles<Duration>?
        public var meanNearest: Duration?
        /// How far away the nearest fiftieth of all downloads came from at most, two fiftieths, and so on.
        public var roundTripCurve: [Duration] = []
        public var nearestCurve: [Duration] = []
        /// Copies made, what publishers sent for them, and what all sent, in copies of the file: 1.1 means a tenth more.
        public var replicas = 0
        public var originPerReplica: Double?
        public var sentPerReplica: Double?
        /// What the publisher sent of its file, in copies, over files with replicas: the median.
        public var originCopies: Double?

        public struct Refusal: Equatable, Sendable {
            public var reason: String
            public var count: Int
        }

        public struct Hour: Equatable, Sendable {
            public var at: Duration
            public var served: Int
            public var refused: Int
        }

        public var refusedCount: Int { refused.reduce(0) { $0 + $1.count } }
        /// Of what could have been sent at most, 0 to 1; nothing where nobody asked.
        public var shareOfOptimum: Double? { optimum > .zero ? sent.fraction(of: optimum) : nil }
    }

    /// How well coordinates predict round trips, at one moment.
    public struct Coordinates: Equatable, Sendable {
        public var at: Duration
        /// Of a node, in the mean.
        public var samples: Double
        /// Median over pairs of |predicted − true| ÷ true.
        public var error: Double
        /// How much farther the predicted nearest of three random nodes is than the true nearest, in the mean.
        public var penalty: Duration
    }

    public struct Map: Equatable, Sendable {
        public var nodes: [Node] = []
        public var regions: [Region] = []
        /// The largest first.
        public var flows: [Flow] = []
        /// Flows kept at most.
        static let flowLimit = 120

        public struct Node: Equatable, Sendable {
            public var name: String
            public var place: Place
            public var share: ByteCount
            /// Of all periods.
            public var spent: ByteCount
            public var isUp: Bool
        }

        public struct Region: Equatable, Sendable {
            public var place: Place
            public var received: ByteCount
        }

        /// Positions in `regions` and `nodes`.
        public struct Flow: Equatable, Sendable {
            public var region: Int
            public var node: Int
            public var size: ByteCount
        }
    }
}
