internal import CLinux
internal import Glibc
internal import Primitives

/// The courier's connections, and what each of them has cost on the wire so far: told to who pays for the exchange that
/// has it, or had it last. Lives on the courier's thread.
final class CourierConnections {
    /// The packets of an orderly end; one more, since the first of a connection has a longer header.
    private static let packetsAfter: Int64 = 3
    /// Most packets of a sender that has heard no acknowledgement yet (RFC 6928).
    private static let firstPackets: Int64 = 10
    /// What did not come for so long is not on its way any more.
    private static let quiet: UInt32 = 1_000

    private struct Connection {
        let frame: Int64
        var toll: Toll
        /// What its cost was when it was looked at last.
        var counted: Int64 = 0
        /// An answer is to come.
        var isExpecting = true
        /// 0 until it has one.
        var localPort: UInt16 = 0

        /// All that has left on the connection, and will at its end.
        func cost(_ facts: clinux_tcp_info) -> Int64 {
            Int64(clamping: facts.bytes_sent) + (Int64(facts.segs_out) + CourierConnections.packetsAfter) * frame
                + Int64(facts.rcv_ooopack) * PacketHeaders.missing
        }
    }

    private var connections: [Int32: Connection] = [:]

    // MARK: Told by libcurl

    func opened(_ descriptor: Int32, isIPv6: Bool, by toll: Toll) {
        connections[descriptor] = Connection(frame: PacketHeaders.tcp(isIPv6: isIPv6), toll: toll)
    }

    /// A request is about to go out on the connection between these: which it is.
    func take(from localPort: UInt16, to peer: Endpoint, for toll: Toll) -> Int32? {
        for descriptor in connections.keys where connections[descriptor]?.localPort == 0 {
            connections[descriptor]?.localPort = endpoint(descriptor, getsockname)?.port ?? 0
        }
        let candidates = connections.keys.filter { connections[$0]?.localPort == localPort }
        guard let descriptor = candidates.first(where: { endpoint($0, getpeername) == peer }) else { return nil }
        // What came about since its last exchange is that one's.
        look(descriptor)
        connections[descriptor]?.toll = toll
        connections[descriptor]?.isExpecting = true
        return descriptor
    }

    /// Counts what the connection has cost since the last time; false when its exchange has to end, since nobody pays.
    @discardableResult
    func look(_ descriptor: Int32) -> Bool {
        guard let connection = connections[descriptor], let facts = facts(of: descriptor) else { return true }
        let cost = connection.cost(facts)
        connections[descriptor]?.counted = cost
        return connection.toll.count(cost - connection.counted)
    }

    /// The exchange has ended. If its connection has too, another may have that number.
    func release(_ descriptor: Int32, of toll: Toll) {
        guard connections[descriptor]?.toll === toll else { return }
        look(descriptor)
        connections[descriptor]?.isExpecting = false
    }

    /// The descriptor is about to be closed.
    func closing(_ descriptor: Int32) {
        guard let connection = connections[descriptor] else { return }
        look(descriptor)
        connections[descriptor] = nil
        guard connection.isExpecting, let facts = facts(of: descriptor), facts.last_data_recv < Self.quiet
        else { return }
        // Each packet of an answer that is still on its way is answered with a reset.
        let segment = max(1, Int64(facts.rcv_mss))
        let window = min(Int64(facts.rcv_ssthresh), Int64(clamping: facts.bytes_received) + Self.firstPackets * segment)
        connection.toll.count(window / segment * connection.frame)
    }

    // MARK: The kernel

    private func facts(of descriptor: Int32) -> clinux_tcp_info? {
        var facts = clinux_tcp_info()
        var length = socklen_t(MemoryLayout<clinux_tcp_info>.size)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &facts, &length) == 0 else { return nil }
        return facts
    }

    private func endpoint(
        _ descriptor: Int32,
        _ name: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Endpoint? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        return withUnsafeBytes(of: storage) { bytes in
            // In both kinds, the port is behind the family, and the address behind that; IPv6 has a flow label between.
            let place = storage.ss_family == sa_family_t(AF_INET6) ? 8..<24 : 4..<8
            guard let address = IPAddress(networkOrder: bytes[place]) else { return nil }
            return Endpoint(address: address, port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        }
    }
}
