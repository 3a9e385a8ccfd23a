public import Primitives

/// What the defaults of memberlist, HashiCorp's SWIM library that Consul, Nomad and Loki gossip with, send in a network
/// of the same size: computed from what its source says, not measured. All guesses favour it.
///
/// Source: github.com/hashicorp/memberlist, `config.go` (`DefaultLANConfig`, `DefaultWANConfig`), `util.go`
/// (`pushPullScale`, `retransmitLimit`), `state.go` and `net.go` (what is sent when). Nothing is signed there and
/// nothing encrypted by default. Each node sends on average what it receives: the figures are for either direction.
public struct Memberlist: Hashable, Sendable {
    /// `ProbeInterval`
    public var probeInterval: Duration
    /// `PushPullInterval`
    public var pushPullInterval: Duration
    /// `GossipInterval` and `GossipNodes`
    public var gossipInterval: Duration
    public var gossipNodes: Int

    public static let lan = Memberlist(
        probeInterval: .seconds(1), pushPullInterval: .seconds(30), gossipInterval: .milliseconds(200), gossipNodes: 3)
    public static let wan = Memberlist(
        probeInterval: .seconds(5), pushPullInterval: .seconds(60), gossipInterval: .milliseconds(500), gossipNodes: 4)

    /// `RetransmitMult`
    private static let retransmitFactor = 4
    /// `pushPullScaleThreshold`
    private static let scaleThreshold = 32

    /// IPv4 and UDP.
    private static let datagramHeaders = 28.0
    /// A message's type and the datagram's checksum.
    private static let framing = 6.0
    /// A ping in MessagePack, whose maps spell their keys: SeqNo, Node, SourceAddr, SourcePort, SourceNode; names of
    /// ten characters.
    private static let ping = 80.0
    /// SeqNo and an empty Payload.
    private static let acknowledgement = 21.0
    /// What a status says, as the node's metadata.
    private static let metadata = 12.0
    /// Incarnation, Node, Addr, Port, Meta, Vsn.
    private static let alive = 74.0 + metadata
    /// Name, Addr, Port, Meta, Incarnation, State, Vsn: one entry of a state exchange …
    private static let entry = 83.0 + metadata
    /// … of which LZW (`EnableCompression`) leaves, as a guess, half.
    private static let compressed = 0.5
    /// IPv4 and TCP around full segments, and opening and closing a connection.
    private static let segmentFactor = 1500.0 / 1448
    private static let connection = 400.0

    private static let month = 30.0 * 86_400

    /// A ping and, for whoever pings this node, an acknowledgement, each probe interval: whatever the network's size.
    public func probes(nodes count: Int) -> ByteCount {
        guard count > 1 else { return .zero }
        let exchange = Self.ping + Self.acknowledgement + 2 * (Self.framing + Self.datagramHeaders)
        return Self.bytes(Self.month / probeInterval.inSeconds * exchange)
    }

    /// The interval between two exchanges of whole tables: beyond 32 nodes ⌈log₂ N − log₂ 32⌉ + 1 times the configured
    /// one.
    public func pushPullInterval(nodes count: Int) -> Duration {
        guard count > Self.scaleThreshold else { return pushPullInterval }
        var doublings = 0
        while Self.scaleThreshold << doublings < count { doublings += 1 }
        return pushPullInterval * (doublings + 1)
    }

    /// The whole table to one other node each such interval, and to whoever begins such an exchange with this one.
    public func tables(nodes count: Int) -> ByteCount {
        guard count > 1 else { return .zero }
        let exchange = Double(count) * Self.entry * Self.compressed * Self.segmentFactor + Self.connection
        return Self.bytes(2 * Self.month / pushPullInterval(nodes: count).inSeconds * exchange)
    }

    /// Every node passes every change on `RetransmitMult` · ⌈log₁₀(N + 1)⌉ times, in datagrams of which there are at
    /// most `GossipNodes` each gossip interval, and none when there is nothing to tell.
    public func gossip(nodes count: Int, updatesPerNodeAndDay updates: Double) -> ByteCount {
        guard count > 1 else { return .zero }
        var digits = 0
        var power = 1
        while power < count + 1 {
            power *= 10
            digits += 1
        }
        let messages = Double(count) * updates * 30 * Double(Self.retransmitFactor * digits)
        let datagrams = min(messages, Self.month / gossipInterval.inSeconds * Double(gossipNodes))
        return Self.bytes(messages * Self.alive + datagrams * (Self.framing + Self.datagramHeaders))
    }

    /// All of it.
    public func monthly(nodes count: Int, updatesPerNodeAndDay updates: Double) -> ByteCount {
        probes(nodes: count) + tables(nodes: count) + gossip(nodes: count, updatesPerNodeAndDay: updates)
    }

    private static func bytes(_ count: Double) -> ByteCount { ByteCount(Int64(count.rounded())) }
}

extension Duration {
    /// As a number.
    var inSeconds: Double { Double(wholeNanoseconds) / 1_000_000_000 }
}
