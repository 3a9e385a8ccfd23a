import Foundation
import Glibc
import Primitives

/// Where others find this node, worked out from what it was told and from its machine.
struct Reachability {
    let url: String
    /// For datagrams; at most one of each address family.
    let endpoints: [Endpoint]

    /// - Parameter isArriving: this node is about to ask a member to be let in, which says what is to be done about an
    ///   address that is no use, and where it saw this node.
    init(_ settings: Settings, isArriving: Bool = false) throws(SettingsError) {
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
            guard settings.isPrivate || isArriving || !address.isPrivate else {
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
        guard !isArriving, !settings.isPrivate, let address = endpoints.lazy.map(\.address).first(where: \.isPrivate)
        else {
            return
        }
        throw SettingsError(
            sentence:
                "The host \(advertise.host) stands for \(address) here, a private address that others cannot use; say "
                + "with --advertise where datagrams reach this node, or allow private addresses with --private.")
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
    static func interfaceAddresses() -> [IPAddress] {
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
    /// Nothing when it is of another family than the two, or good on one link only.
    fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>) {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        self.init(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    fileprivate var isLinkLocal: Bool {
        switch self {
        case .v4(let word): word >> 16 == 0xA9FE
        case .v6(let high, _): high >> 54 == 0xFE80 >> 6
        }
    }
}
