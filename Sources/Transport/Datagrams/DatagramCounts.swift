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
    /// Authentic, but not an envelope.
    case malformed

    // To be sent.
    /// The receiver has no card here, or no address of a family that this node has a socket for.
    case unroutable
    /// The overlay's class has nothing left, or waits for a lease.
    case unaffordable
    /// The system refused it: no route, no buffer.
    case unsendable
}

/// What became of datagrams since the sockets were bound.
public struct DatagramCounts: Hashable, Sendable {
    public var sent = 0
    public var received = 0
    /// With IP and UDP headers.
    public var bytesSent = ByteCount.zero
    /// With IP and UDP headers.
    public var bytesReceived = ByteCount.zero
    /// By reason; reasons that never occurred are absent.
    public var dropped: [DropReason: Int] = [:]

    public init() {}

    mutating func drop(_ reason: DropReason) {
        dropped[reason, default: 0] &+= 1
    }
}
