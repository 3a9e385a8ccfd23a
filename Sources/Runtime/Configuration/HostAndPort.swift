public import Primitives

/// A host, by name or address, and a port: what names a node to a person.
public struct HostAndPort: Hashable, Sendable {
    /// A name as DNS has them, in lower case, or an IP address without brackets.
    public let host: String
    public let port: UInt16

    /// The address, when the host is one and not a name.
    public var address: IPAddress? { IPAddress(host) }

    public init(_ endpoint: Endpoint) {
        host = endpoint.address.description
        port = endpoint.port
    }

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension HostAndPort: LosslessStringConvertible {
    /// `"example.org:8080"`, `"192.0.2.1:8080"` or `"[2001:db8::1]:8080"`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    public init?(_ description: String) {
        self.init(description, defaultPort: nil)
    }

    /// - Parameter defaultPort: what holds when no port is written.
    init?(_ description: some StringProtocol, defaultPort: UInt16?) {
        guard let split = Self.split(String(description)) else { return nil }
        let port = split.port.map { Self.port($0) } ?? defaultPort
        guard let port, let host = Self.host(split.host) else { return nil }
        self.init(host: host, port: port)
    }

    /// The text before the port's colon and the text behind it. Brackets keep an IPv6 address's colons together.
    private static func split(_ text: String) -> (host: String, port: String?)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            return host.contains(":") ? (host, rest.isEmpty ? nil : String(rest.dropFirst())) : nil
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        return (String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
    }

    private static func port(_ text: String) -> UInt16? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(text), port > 0 else { return nil }
        return port
    }

    /// An address in its canonical text, or a name of letters, digits, hyphens and dots (RFC 1123, section 2.1).
    private static func host(_ text: String) -> String? {
        if let address = IPAddress(text) { return address.description }
        let labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }
        // What ends in a number is a mistyped address, never a name.
        guard isName, text.utf8.count <= 253, labels.last?.allSatisfy(\.isNumber) == false else { return nil }
        return labels.joined(separator: ".")
    }
}
