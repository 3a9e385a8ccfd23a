/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is the IPv4 address it maps.
public enum IPAddress: Hashable, Comparable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// From 4 or 16 bytes in network order; nothing of any other length.
    public init?(networkOrder bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            let low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
            self =
                Self.isMapped(high: high, low: low)
                ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
        default:
            return nil
        }
    }

    /// `::ffff:0:0/96` (RFC 4291, section 2.5.5.2).
    fileprivate static func isMapped(high: UInt64, low: UInt64) -> Bool { high == 0 && low >> 32 == 0xFFFF }

    public var isLoopback: Bool {
        switch self {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// Not an address of one host on the public internet: loopback, private, link-local, shared, documentation,
    /// benchmarking, multicast or reserved (RFC 6890 and its registries).
    public var isPrivate: Bool {
        switch self {
        case .v4(let word):
            Self.reserved4.contains { word >> (32 - $0.length) == $0.prefix >> (32 - $0.length) }
        case .v6(let high, _):
            high >> 61 != 1 || Self.reserved6.contains { high >> (64 - $0.length) == $0.prefix >> (64 - $0.length) }
        }
    }

    /// Within 2000::/3: protocol assignments with Teredo, benchmarking and ORCHID; documentation, old and new; 6to4,
    /// which hides an IPv4 address.
    private static let reserved6: [(prefix: UInt64, length: UInt64)] = [
        (0x2001_0000_0000_0000, 23), (0x2001_0DB8_0000_0000, 32), (0x2002_0000_0000_0000, 16),
        (0x3FFF_0000_0000_0000, 20),
    ]

    private static let reserved4: [(prefix: UInt32, length: UInt32)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
        (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16), (0xC612_0000, 15),
        (0xC633_6400, 24),
        (0xCB00_7100, 24), (0xE000_0000, 3),
    ]
}

/// Where datagrams reach a node.
public struct Endpoint: Hashable, Comparable, Sendable {
    public let address: IPAddress
    public let port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}

extension IPAddress: LosslessStringConvertible {
    /// Dotted decimal, or the canonical text of RFC 5952.
    public var description: String {
        switch self {
        case .v4(let word):
            return [24, 16, 8, 0].map { String(word >> $0 & 255) }.joined(separator: ".")
        case .v6(let high, let low):
            let groups = [high, low].flatMap { word in [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: word >> $0) } }
            guard let zeros = Self.longestZeros(in: groups) else { return Self.join(groups) }
            return Self.join(groups[..<zeros.lowerBound]) + "::" + Self.join(groups[zeros.upperBound...])
        }
    }

    public init?(_ description: String) {
        let address = description.contains(":") ? Self.parse6(description) : Self.parse4(description)
        guard let address else { return nil }
        self = address
    }

    private static func join(_ groups: some Sequence<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func longestZeros(in groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(1, best?.count ?? 0) { best = start..<end }
            start = max(end, start + 1)
        }
        return best
    }

    private static func parse4(_ text: some StringProtocol) -> IPAddress? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 48, let byte = UInt8(part)
            else { return nil }
            word = word << 8 | UInt32(byte)
        }
        return .v4(word)
    }

    private static func parse6(_ text: String) -> IPAddress? {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2, let front = groups(halves[0], mayEndInIPv4: halves.count == 1) else { return nil }
        var all = front
        if halves.count == 2 {
            guard let back = groups(halves[1], mayEndInIPv4: true), front.count + back.count < 8 else { return nil }
            all += Array(repeating: 0, count: 8 - front.count - back.count) + back
        }
        guard all.count == 8 else { return nil }
        return IPAddress(networkOrder: all.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
    }

    /// Groups of hexadecimal digits; the last of an address may be an IPv4 address. Empty text is no groups.
    private static func groups(_ text: Substring, mayEndInIPv4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, part.contains(".") {
                guard case .v4(let word)? = parse4(part) else { return nil }
                groups += [UInt16(word >> 16), UInt16(word & 0xFFFF)]
            } else {
                guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                    let group = UInt16(part, radix: 16)
                else {
                    return nil
                }
                groups.append(group)
            }
        }
        return groups
    }
}

extension Endpoint: LosslessStringConvertible {
    /// `"192.0.2.1:8080"` or `"[2001:db8::1]:8080"`.
    public var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }

    public init?(_ description: String) {
        guard let colon = description.lastIndex(of: ":"),
            case let digits = description[description.index(after: colon)...],
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
        else { return nil }
        var host = description[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = IPAddress(String(host)) else { return nil }
        self.init(address: address, port: port)
    }
}

extension Endpoint: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch address {
        case .v4(let word):
            writer.write(4 as UInt8)
            writer.write(word)
        case .v6(let high, let low):
            writer.write(6 as UInt8)
            writer.write(high)
            writer.write(low)
        }
        writer.write(port)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let address: IPAddress
        switch try reader.uint8() {
        case 4: address = .v4(try reader.uint32())
        case 6:
            let (high, low) = (try reader.uint64(), try reader.uint64())
            // Else one address had two forms, and one of them would pass as no loopback address.
            guard !IPAddress.isMapped(high: high, low: low) else {
                throw .malformed("an IPv4 address in the form of IPv6")
            }
            address = .v6(high: high, low: low)
        default: throw .malformed("an address that is neither IPv4 nor IPv6")
        }
        self.init(address: address, port: try reader.uint16())
    }
}
