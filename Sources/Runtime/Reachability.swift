import Foundation
import Glibc
import Primitives

/// Where others find this node, worked out from what it was told and from its machine.
struct Reachability {
    let url: String
    /// For datagrams; at most one of each address family.
    let endpoints: [Endpoint]

    init(_ settings: Settings) throws(SettingsError) {
        let advertise: HostAndPort
        if let given = settings.advertise {
            advertise = given
        } else {
            let addresses = Self.interfaceAddresses()
            guard let address = addresses.first(where: { !$0.isPrivate }) ?? addresses.first else {
                throw SettingsError(
                    sentence:
                        "This machine has no address that others could use; say with --url where they reach this node.")
            }
            guard settings.isPrivate || !address.isPrivate else {
                throw SettingsError(
                    sentence:
                        "This machine has only private addresses, such as \(address); say with --url where others reach this "
                        + "node, or allow private addresses with --private.")
            }
            advertise = HostAndPort(Endpoint(address: address, port: settings.listen.port))
        }
        url = settings.url ?? "http://\(advertise)"
        endpoints = Self.addresses(of: advertise.host).map { Endpoint(address: $0, port: advertise.port) }
        guard !endpoints.isEmpty else {
            throw SettingsError(
                sentence:
                    "The host \(advertise.host) has no address in the DNS; say with --advertise where datagrams reach this "
                    + "node.")
        }
    }

    /// The first address of each family.
    private static func addresses(of host: String) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        let all = sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
            .compactMap { $0?.pointee.ai_addr }.compactMap { IPAddress($0) }
        return [all.first { $0.isIPv4 }, all.first { !$0.isIPv4 }].compactMap(\.self)
    }

    /// The machine's addresses but for loopback and link-local ones, in the order of its interfaces, IPv4 first.
    private static func interfaceAddresses() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        let all = sequence(first: list, next: { $0?.pointee.ifa_next }).prefix { $0 != nil }
            .compactMap { $0?.pointee.ifa_addr }.compactMap { IPAddress($0) }
            .filter { !$0.isLoopback && !$0.isLinkLocal }
        return all.filter(\.isIPv4) + all.filter { !$0.isIPv4 }
    }
}

extension IPAddress {
    fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let word = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
            self = .v4(UInt32(bigEndian: word))
        case AF_INET6:
            var bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
            guard let address = withUnsafeBytes(of: &bytes, { IPAddress(networkOrder: Array($0)) }) else { return nil }
            self = address
        default:
            return nil
        }
    }

    fileprivate var isIPv4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }

    fileprivate var isLinkLocal: Bool {
        switch self {
        case .v4(let word): word >> 16 == 0xA9FE
        case .v6(let high, _): high >> 54 == 0xFE80 >> 6
        }
    }
}
