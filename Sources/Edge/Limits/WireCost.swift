import Transport

/// What bytes cost on the wire, where the provider counts: with the headers of the packets that carry them.
struct WireCost: Equatable, Sendable {
    /// The most bytes of one packet's payload; the connection's, since a client that asks for tiny packets makes each
    /// byte dearer.
    var segment: Int64
    /// The headers of a packet.
    var frame: Int64

    /// Payload alone.
    static let payload = WireCost(segment: .max, frame: 0)
    /// Of packets as Ethernet usually takes them, with IPv4 …
    static let usual = WireCost(isIPv6: false)
    /// … and with IPv6.
    static let usual6 = WireCost(isIPv6: true)

    /// Of the bytes, one in so many is expected to be sent again: measured with readers of small buffers, who make the
    /// kernel send 4 in 100 packets again, and the longest ones, 8 in 100 bytes.
    static let againPart: Int64 = 12

    /// Of so many bytes in packets of their own, when all goes well.
    func of(_ count: Int64) -> Int64 {
        guard count > 0 else { return 0 }
        return count + packets(count) * frame
    }

    /// What is set aside for so many bytes that the kernel may go on sending after this process was killed. A reader
    /// with a small window gets packets half as long, and some of them again. What was too much is given back when the
    /// packets are counted.
    func ahead(_ count: Int64) -> Int64 {
        guard count > 0, frame > 0 else { return max(0, count) }
        return count + 2 * packets(count) * frame + count / Self.againPart
    }

    /// What is set aside for bytes that are on their way, in packets that are counted already: some of them again.
    func again(_ count: Int64) -> Int64 {
        guard count > 0, frame > 0 else { return 0 }
        return of(count) / Self.againPart
    }

    /// Of bytes that are handed over slice by slice.
    func of(_ count: Int64, slice: Int64) -> Int64 {
        count / slice * of(slice) + of(count % slice)
    }

    /// The most bytes for which no more than this is set aside.
    func affordable(_ price: Int64) -> Int64 {
        guard frame > 0 else { return max(0, price) }
        guard price > 2 * frame else { return 0 }
        // n bytes are at most n / segment + 1 packets.
        let rest = price - 2 * frame
        let part = Self.againPart
        let divisor = (part + 1) * segment + 2 * part * frame
        let (product, overflow) = rest.multipliedReportingOverflow(by: part * segment)
        return overflow ? rest / divisor * part * segment : product / divisor
    }

    /// Of so many bytes, which are one at least.
    func packets(_ count: Int64) -> Int64 { (count - 1) / segment + 1 }
}

extension WireCost {
    private init(isIPv6: Bool) {
        self.init(segment: PacketHeaders.segment(isIPv6: isIPv6), frame: PacketHeaders.tcp(isIPv6: isIPv6))
    }
}
