internal import Primitives

/// What of the overlay crossed a machine's wires, as a provider counts packets: with the headers of IP and UDP, and the
/// seal. What is dropped on the way was sent, and never received.
struct Traffic: Equatable, Sendable {
    var datagramsSent = 0
    var datagramBytesSent = ByteCount.zero
    var datagramsReceived = 0
    var datagramBytesReceived = ByteCount.zero
    /// Questions and answers over HTTP, heads included.
    var callsSent = 0
    var callBytesSent = ByteCount.zero
    var callsReceived = 0
    var callBytesReceived = ByteCount.zero

    /// Of datagrams, questions and answers.
    var sent: ByteCount { datagramBytesSent + callBytesSent }
    var received: ByteCount { datagramBytesReceived + callBytesReceived }

    mutating func sendDatagram(_ size: ByteCount) {
        datagramsSent += 1
        datagramBytesSent += size
    }

    mutating func receiveDatagram(_ size: ByteCount) {
        datagramsReceived += 1
        datagramBytesReceived += size
    }

    mutating func sendCall(_ size: ByteCount) {
        callsSent += 1
        callBytesSent += size
    }

    mutating func receiveCall(_ size: ByteCount) {
        callsReceived += 1
        callBytesReceived += size
    }
}

/// What is beside the payload on the wire.
enum WireCost {
    /// Of IPv4 and UDP.
    static let headers = 20 + 8
    /// What Transport's sealing adds: the format's version, the sender's short id, nonce and tag, and within them the
    /// parcel's kind and token (`DatagramSealer`, `Parcel`).
    static let seal = 1 + 8 + 12 + 16 + 1 + 8
    /// Ethernet's header, which the account pays for as well (`PacketHeaders`).
    static let frame = 14
    /// About what HTTP adds to a question or an answer of the overlay, and to a file: its head and the signature in it.
    static let callHead = 500
    static let fileHead = 600

    /// A datagram with so much in it, as it is counted.
    static func datagram(_ payload: Int) -> ByteCount { ByteCount(payload + headers + seal) }
}
