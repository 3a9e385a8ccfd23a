public import Primitives

/// What a datagram is for. News may ride along with any of them.
public enum Message: Hashable, Sendable {
    /// Begins an exchange: are you there, here is what you have not acknowledged.
    case pulse(Pulse)
    /// Ends it, under the pulse's number.
    case pulseReply(Pulse)
    /// Are you there? Nothing else.
    case probe(number: UInt32)
    /// With where the sender stands, unless its status tells that well enough.
    case probeReply(number: UInt32, coordinate: Coordinate? = nil)
    /// Please probe this member for me.
    case indirectProbe(number: UInt32, target: ShortID)
    /// It answered.
    case indirectReply(number: UInt32)
    /// It did not, so far: whoever hears this is at least heard itself.
    case indirectFailure(number: UInt32)
    /// You do not answer me, and I know your status of this version. To be answered like a probe; and, where I go on, to
    /// be refuted by a status of a higher version.
    case suspicion(number: UInt32, version: UInt64)
    /// Our tables differ: these are my hashes, by the first byte of the members' ids, of what was quiet at a minute.
    case buckets(minute: UInt32, hashes: [UInt32])
    /// Those of them differ from mine, and this is what I hold there.
    case rows(RowDigests)
    /// Nothing but the news beside it, which cannot wait for the next pulse.
    case tidings
}

/// Both halves of an exchange.
public struct Pulse: Hashable, Sendable {
    public var number: UInt32
    /// How often the sender wants to exchange pulses; an edge runs at its slower end's interval.
    public var interval: Duration
    /// What part of the sender's change log the news in this envelope are.
    public var carriage: Carriage
    /// How far the sender has taken in the receiver's log.
    public var acknowledgement: Cursor
    /// There was more than fits.
    public var hasMore: Bool
    /// The receiver is in the sender's active view.
    public var isNeighbour: Bool
    /// Digests of news in that stretch that the receiver probably has: it asks for what it lacks.
    public var mentions: [UInt32]
    /// Digests of what was mentioned to the sender, and it lacks.
    public var wants: [UInt32]
    /// The hash of what was quiet in the sender's table at a minute of the calendar.
    public var minute: UInt32
    public var quietHash: UInt32
    /// Where the sender stands, unless its status tells that well enough.
    public var coordinate: Coordinate?

    /// Longest interval that can be told: the controller's range ends at ten minutes.
    public static let longestInterval = Duration.seconds(3600)
    /// Most of either.
    public static let digestLimit = 128

    public init(
        number: UInt32, interval: Duration, carriage: Carriage, acknowledgement: Cursor, hasMore: Bool = false,
        isNeighbour: Bool = true, mentions: [UInt32] = [], wants: [UInt32] = [], minute: UInt32, quietHash: UInt32,
        coordinate: Coordinate? = nil
    ) {
        self.number = number
        self.interval = interval
        self.carriage = carriage
        self.acknowledgement = acknowledgement
        self.hasMore = hasMore
        self.isNeighbour = isNeighbour
        self.mentions = mentions
        self.wants = wants
        self.minute = minute
        self.quietHash = quietHash
        self.coordinate = coordinate
    }
}

/// A position in a node's change log. A log lives as long as the run that began it, its epoch.
public struct Cursor: Hashable, Sendable {
    public var epoch: UInt32
    public var position: UInt64

    public init(epoch: UInt32, position: UInt64) {
        self.epoch = epoch
        self.position = position
    }

    /// Of no log.
    public static let none = Cursor(epoch: 0, position: 0)
}

/// A stretch of the sender's change log: all changes after `after` up to `through`.
public struct Carriage: Hashable, Sendable {
    public var epoch: UInt32
    public var after: UInt64
    public var through: UInt64

    public init(epoch: UInt32, after: UInt64, through: UInt64) {
        self.epoch = epoch
        self.after = after
        self.through = through
    }
}

/// Some of the 256 buckets.
public struct BucketSet: Hashable, Sendable {
    private var words: [4 of UInt64] = [0, 0, 0, 0]

    public init() {}

    public static let count = 256

    public var isEmpty: Bool { (0..<4).allSatisfy { words[$0] == 0 } }

    public func contains(_ bucket: UInt8) -> Bool { words[Int(bucket / 64)] >> UInt64(bucket % 64) & 1 == 1 }

    public mutating func insert(_ bucket: UInt8) { words[Int(bucket / 64)] |= 1 << UInt64(bucket % 64) }

    public static func == (left: Self, right: Self) -> Bool {
        (0..<4).allSatisfy { left.words[$0] == right.words[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        for index in 0..<4 { hasher.combine(words[index]) }
    }
}

/// What a node holds of the quiet in some buckets: of each member a few bits of its id, and a hash.
public struct RowDigests: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        /// The first half of the member's short id.
        public var id: UInt32
        public var hash: UInt32

        public init(id: UInt32, hash: UInt32) {
            self.id = id
            self.hash = hash
        }
    }

    /// The minute of the calendar that the comparison is about.
    public var minute: UInt32
    /// All that is held in these is listed.
    public var buckets: BucketSet
    public var rows: [Row]
    /// The same is wanted from the receiver.
    public var isQuestion: Bool

    /// So many fit an envelope.
    public static let limit = 128

    public init(minute: UInt32, buckets: BucketSet, rows: [Row], isQuestion: Bool) {
        self.minute = minute
        self.buckets = buckets
        self.rows = rows
        self.isQuestion = isQuestion
    }
}
