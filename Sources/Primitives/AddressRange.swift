/// A block of IP addresses that share their first bits (CIDR, RFC 4632), such as `10.0.0.0/8` or `2001:db8::/32`.
public struct AddressRange: Hashable, Sendable {
    /// The first address of the block: every bit behind the prefix is zero.
    public let first: IPAddress
    /// How many leading bits the addresses of the block have in common.
    public let prefixLength: Int

    /// The block around an address; nothing when the address has fewer bits than the prefix.
    public init?(_ address: IPAddress, prefixLength: Int) {
        let first = address.masked(to: prefixLength)
        guard let first else { return nil }
        self.first = first
        self.prefixLength = prefixLength
    }

    /// An IPv4 address is never in an IPv6 block, nor the other way round.
    public func contains(_ address: IPAddress) -> Bool {
        switch (first, address) {
        case (.v4, .v4), (.v6, .v6): address.masked(to: prefixLength) == first
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}

extension AddressRange: LosslessStringConvertible {
    /// `"10.0.0.0/8"`.
    public var description: String { "\(first)/\(prefixLength)" }

    /// An address and a prefix length, or one address alone. Bits behind the prefix are dropped.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefixLength: address.bitWidth)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, prefixLength: length)
    }
}

extension IPAddress {
    fileprivate var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The address with every bit behind the first `length` cleared; nothing when it has fewer bits than that.
    fileprivate func masked(to length: Int) -> IPAddress? {
        guard (0...bitWidth).contains(length) else { return nil }
        switch self {
        case .v4(let word):
            // Swift's shifts by the full width give zero, so a prefix of no bits needs no case of its own.
            return .v4(word & UInt32.max << (32 - length))
        case .v6(let high, let low):
            return .v6(
                high: high & UInt64.max << max(0, 64 - length), low: low & UInt64.max << min(64, 128 - length))
        }
    }
}
