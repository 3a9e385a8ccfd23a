import Membership
import Primitives

/// Where this node says that it is reached, beside where others see it.
struct Sighting: Sendable {
    let url: String
    let endpoints: [Endpoint]
    let listen: Endpoint
    let isPrivate: Bool
    /// Of this machine: from which of them it asks others is the system's choice.
    let interfaces: [IPAddress]

    init(_ card: OwnCard, _ settings: Settings) {
        self.init(
            url: card.url, endpoints: card.endpoints, listen: settings.listen, isPrivate: settings.isPrivate,
            interfaces: Reachability.interfaceAddresses())
    }

    init(url: String, endpoints: [Endpoint], listen: Endpoint, isPrivate: Bool, interfaces: [IPAddress]) {
        self.url = url
        self.endpoints = endpoints
        self.listen = listen
        self.isPrivate = isPrivate
        self.interfaces = interfaces
    }

    /// All that is no name.
    var addresses: [Endpoint] {
        guard let authority = NodeURL(url)?.authority, let address = authority.address else { return endpoints }
        let inURL = Endpoint(address: address, port: authority.port)
        return endpoints.contains(inURL) ? endpoints : endpoints + [inURL]
    }

    /// A private address of this node, although it may not use others' private ones.
    var unusable: IPAddress? { isPrivate ? nil : addresses.lazy.map(\.address).first(where: \.isPrivate) }

    /// Where the node was seen, if that is neither where it says that it is, nor of use to nobody.
    func elsewhere(_ seenAs: IPAddress?) -> IPAddress? {
        guard let seenAs, isPrivate || !seenAs.isPrivate else { return nil }
        let named = addresses.map(\.address)
        // Seen over IPv6, a node that names IPv4 addresses only was seen at none that could be one of them.
        guard named.contains(where: { $0.isIPv4 == seenAs.isIPv4 }) else { return nil }
        return named.contains(seenAs) || interfaces.contains(seenAs) ? nil : seenAs
    }

    /// One sentence for the operator, where there is something to look into.
    func advice(on seenAs: IPAddress?) -> String? {
        guard let seen = elsewhere(seenAs),
            let named = addresses.first(where: { $0.address.isIPv4 == seen.isIPv4 })?.address
        else { return nil }
        return
            "Others see this node at \(seen), but it says that it is reached at \(named); unless it is, start it with --url "
            + "http://\(Endpoint(address: seen, port: listen.port))."
    }
}

extension IPAddress {
    var isIPv4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }
}
