public import Primitives

/// Why a datagram went no further.
public enum DropReason: String, CaseIterable, Hashable, Sendable {
    // Received.
    case oversized
    case truncated
    case unknownVersion
    /// Nobody by that short id has a card here.
    case unknownSender
    /// The seal does not hold: altered, or made with other keys.
    case undecryptable
    case replayed
    /// Authentic, but without a token that this node has given in this run: from before it, or from a sender who does
    /// not know yet that it was restarted.
    case stale
    /// A response to no challenge of this node's, or the second to one.
    case unasked
    /// More challenges than one member gets responses to.
    case excessive
    /// Authentic, but not a parcel, or an envelope, as this version knows them.
    case malformed

    // To be sent.
    /// The receiver has no card here, or no address of a family that this node has a socket for.
    case unroutable
    /// The receiver's endpoint has not answered a challenge in time.
    case unproven
    /// The overlay's class has nothing left, or waits for a lease.
    case unaffordable
    /// The system refused it: no route, no buffer.
    case unsendable
}

/// What became of datagrams since the sockets were bound.
public struct DatagramCounts: Hashable, Sendable {
    public var sent = 0
    public var received = 0
    /// With the headers of packets.
    public var bytesSent = ByteCount.zero
    /// With the headers of packets.
    public var bytesReceived = ByteCount.zero
    /// By reason; reasons that never occurred are absent.
    public var dropped: [DropReason: Int] = [:]

    public init() {}

    mutating func drop(_ reason: DropReason) {
        dropped[reason, default: 0] &+= 1
    }
}
