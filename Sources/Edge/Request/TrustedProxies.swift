public import Primitives

/// The proxies in front of this node, whose word is taken for who the client is.
public struct TrustedProxies: Sendable {
    public let blocks: [AddressRange]

    public init(_ blocks: [AddressRange] = []) {
        self.blocks = blocks
    }

    public func contains(_ address: IPAddress) -> Bool {
        blocks.contains { $0.contains(address) }
    }

    /// Who sent this request, when `peer` is at the other end of the connection: seen from here, the first address in
    /// `X-Forwarded-For` or `Forwarded` (RFC 7239) that is not a trusted proxy's. Where both fields are there and
    /// disagree, the proxy wrote one of them and a stranger the other: neither is believed.
    public func client(of head: HTTPRequestHead, from peer: IPAddress) -> IPAddress {
        guard contains(peer) else { return peer }
        let listed = walk(head.forwardedFor, from: peer)
        let forwarded = walk(head.forwarded, from: peer)
        return switch (listed, forwarded) {
        case (let client?, nil), (nil, let client?): client
        case (let one?, let other?): one == other ? one : peer
        case (nil, nil): peer
        }
    }

    /// Nothing when the field is not there. An entry that is not an address ends the walk: what is beyond it nobody
    /// trusted wrote.
    private func walk(_ entries: [IPAddress?]?, from peer: IPAddress) -> IPAddress? {
        guard let entries else { return nil }
        var client = peer
        for entry in entries.reversed() {
            guard contains(client), let entry else { break }
            client = entry
        }
        return client
    }
}

extension HTTPRequestHead {
    /// The addresses of `X-Forwarded-For`, in order.
    fileprivate var forwardedFor: [IPAddress?]? {
        var entries: [IPAddress?]?
        for value in values(of: "x-forwarded-for") {
            entries = (entries ?? []) + items(of: value).map { Self.address(text($0)) }
        }
        return entries
    }

    /// The `for` parameters of `Forwarded`, in order.
    fileprivate var forwarded: [IPAddress?]? {
        var entries: [IPAddress?]?
        for value in values(of: "forwarded") {
            let elements = items(of: value).map { element -> IPAddress? in
                for pair in text(element).split(separator: ";") {
                    let parts = pair.split(separator: "=", maxSplits: 1)
                    guard parts.count == 2, parts[0].trimmingBlanks.lowercased() == "for" else { continue }
                    var node = parts[1].trimmingBlanks
                    if node.count >= 2, node.hasPrefix("\""), node.hasSuffix("\"") {
                        node = String(node.dropFirst().dropLast())
                    }
                    return Self.address(node)
                }
                return nil
            }
            entries = (entries ?? []) + elements
        }
        return entries
    }

    /// An address, perhaps in brackets, perhaps with a port.
    private static func address(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        if let endpoint = Endpoint(text) { return endpoint.address }
        guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        return IPAddress(String(text.dropFirst().dropLast()))
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
