/// What packets carry beside their payload, as network interfaces count it, and with them who rents out machines: from
/// Ethernet's header on. Everything that this node sends is paid for with these.
public enum PacketHeaders {
    static let ethernet: Int64 = 14
    static let udpAlone: Int64 = 8
    /// With timestamps, as both ends usually have them.
    static let tcpAlone: Int64 = 32
    /// What acknowledgements have more where packets are missing: three ranges of what has come (RFC 2018).
    static let missing: Int64 = 28

    /// Of one datagram.
    public static func udp(isIPv6: Bool) -> Int64 { ethernet + ip(isIPv6) + udpAlone }

    /// Of one packet of a TCP connection.
    public static func tcp(isIPv6: Bool) -> Int64 { ethernet + ip(isIPv6) + tcpAlone }

    /// The most payload of a packet of a TCP connection on Ethernet.
    public static func segment(isIPv6: Bool) -> Int64 { 1500 - ip(isIPv6) - tcpAlone }

    private static func ip(_ isIPv6: Bool) -> Int64 { isIPv6 ? 40 : 20 }
}
