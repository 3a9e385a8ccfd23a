internal import Membership
internal import Primitives

/// A datagram fits every path without being cut in pieces.
enum DatagramSize: Checker {
    static let name = "datagram-size"

    static func check(_ size: Int) -> String? {
        size > Envelope.limit ? "sends a datagram of \(size) bytes" : nil
    }
}

/// Datagrams and their bytes: all that was sent, or copied on the way, arrived, was dropped, or is still on its way.
struct Conservation: Checker {
    static let name = "conservation"

    /// So many datagrams, and so many bytes in them.
    struct Count: Equatable, Sendable {
        var datagrams = 0
        var bytes = ByteCount.zero

        mutating func add(_ size: ByteCount) {
            datagrams += 1
            bytes += size
        }
    }

    private(set) var sent = Count()
    private(set) var copied = Count()
    private(set) var dropped = Count()
    private(set) var arrived = Count()

    mutating func noteSent(_ size: ByteCount) { sent.add(size) }
    mutating func noteCopied(_ size: ByteCount) { copied.add(size) }

    mutating func noteDropped(_ size: ByteCount) -> String? {
        dropped.add(size)
        return check()
    }

    mutating func noteArrived(_ size: ByteCount) -> String? {
        arrived.add(size)
        return check()
    }

    /// Still on its way, as these counts have it.
    var flying: Count {
        Count(
            datagrams: sent.datagrams + copied.datagrams - dropped.datagrams - arrived.datagrams,
            bytes: sent.bytes + copied.bytes - dropped.bytes - arrived.bytes)
    }

    private func check() -> String? {
        let flying = flying
        guard flying.datagrams < 0 || flying.bytes < .zero else { return nil }
        return "more datagrams arrived or were dropped than were sent: \(self)"
    }

    /// - Parameter found: what the world still has on its way.
    func check(found: Count) -> String? {
        found == flying ? nil : "\(found) are on their way, and should be \(flying)"
    }
}

/// Nobody answers what nobody asked.
enum Manners: Checker {
    static let name = "manners"

    static func check(isAsked: Bool) -> String? { isAsked ? nil : "answers what nobody asked" }
}

/// Whoever has not shown that it is reached at the URL of its card is neither called nor are clients sent there.
enum Honesty: Checker {
    static let name = "honesty"

    static func check(isHonest: Bool) -> String? { isHonest ? nil : "is taken at its word" }
}
