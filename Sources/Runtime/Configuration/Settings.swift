public import Catalogue
public import Logging
public import Primitives

/// How a node was told to behave: command line over environment over `node.yaml` over defaults, every value in the type
/// of its unit.
public struct Settings: Equatable, Sendable {
    /// The data directory, as an absolute path.
    public var data: String
    /// What other members' operators read; at most `nameLimit` bytes. Default: the host's name.
    public var name: String
    /// Where HTTP and datagrams come in.
    public var listen: Endpoint
    /// What downloaders and peers use, without a trailing slash. Nothing when it has to be learned from peers, because
    /// the node listens on every address.
    public var url: String?
    /// Where datagrams reach this node. Default: the host of `url`, the port of `listen`; nothing when `url` is.
    public var advertise: HostAndPort?
    /// Peers at private addresses are allowed. Default: when listening on loopback.
    public var isPrivate: Bool
    /// Where the node stands; nothing when that has to be worked out from its address.
    public var location: Place?
    /// What this machine may send, and in which period.
    public var quota: Quota
    /// The part of `quota` that is for the network. Default: `shareDefaultPercent` of it.
    public var share: ByteCount
    /// What copies for others may occupy; nothing stands for a part of what is free, see `diskBudget`.
    public var disk: ByteCount?
    /// Copies wanted beside its own, for what is posted here.
    public var replicas: UInt8
    /// Anybody may join the network without an invite.
    public var isOpen: Bool
    /// A fixed interval between pulses, within `pulseBounds`; nothing leaves it to the node.
    public var pulse: Duration?
    /// A database of countries or places; nothing leaves it to the node to find one.
    public var geo: String?
    /// From these addresses, `X-Forwarded-For` and `Forwarded` name the client.
    public var trustedProxies: [AddressRange]
    /// Which files this node takes copies of.
    public var policy: Policy
    /// Whom files can be posted for, by name.
    public var lists: [String: [NodeID]]
    public var log: Logger.Level

    /// An amount per period.
    public struct Quota: Equatable, Sendable {
        public var limit: ByteCount
        public var period: PeriodKind

        public init(limit: ByteCount, period: PeriodKind) {
            self.limit = limit
            self.period = period
        }
    }

    /// As long as a card has room for.
    public static let nameLimit = 64
    /// As long as a card has room for.
    public static let urlLimit = 200
    /// Entries in a list such as `trustedProxies`; nobody keeps longer ones by hand.
    public static let listLimit = 256
    /// Less than this is taken for a forgotten unit.
    public static let quotaMinimum = ByteCount.megabytes(1)
    public static let shareDefaultPercent: Int64 = 80
    public static let diskDefaultPercent: Int64 = 10
    /// What the membership's traffic controller may choose from, too.
    public static let pulseBounds = Duration.seconds(1)...Duration.seconds(600)

    /// What copies for others may occupy now.
    /// - Parameters:
    ///   - free: what the file system has left.
    ///   - held: what such copies occupy already, which is counted as if it were free: a restart takes nothing away.
    public func diskBudget(free: ByteCount, held: ByteCount) -> ByteCount {
        disk ?? (free + held).percent(Self.diskDefaultPercent)
    }
}
