public import Primitives

/// Where a file is found: `http://host:port/f/<FileID>/<name>`, as it is printed, pasted and typed.
public struct Link: Hashable, Sendable {
    /// Scheme, host and port of the node that the link names, without a slash at the end.
    public var node: String
    public var file: FileID
    /// As people read it, not percent-encoded; empty when the link names none.
    public var name: String

    public init(node: String, file: FileID, name: String) {
        self.node = node
        self.file = file
        self.name = name
    }
}

extension Link: LosslessStringConvertible {
    public var description: String { "\(node)/f/\(file)/\(PercentEncoding.encode(name))" }

    /// Nothing unless it is an `http` or `https` URL of a file. A query and a fragment are left away.
    public init?(_ description: String) {
        let text = description.prefix { $0 != "?" && $0 != "#" }
        guard let schemeEnd = text.firstRange(of: "://")?.upperBound,
            ["http://", "https://"].contains(text[..<schemeEnd].lowercased()),
            let hostEnd = text[schemeEnd...].firstIndex(of: "/"), hostEnd > schemeEnd
        else { return nil }
        let parts = text[hostEnd...].split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), parts[1] == "f", let file = FileID(String(parts[2])),
            let name = PercentEncoding.decode(parts.count == 4 ? parts[3] : "")
        else { return nil }
        self.init(node: String(text[..<hostEnd]), file: file, name: name)
    }

    /// The file that a link names, or an identifier alone.
    public static func file(in text: String) -> FileID? {
        FileID(text) ?? Link(text)?.file
    }
}

/// Percent-encoding of RFC 3986, section 2: what is not unreserved is encoded.
public enum PercentEncoding {
    public static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Nothing when an escape is broken or the bytes are not UTF-8.
    public static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(value), let low = rest.next().flatMap(value) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
