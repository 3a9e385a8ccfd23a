/// How a file is shown: its type and its name, as far as a browser may be trusted with what a stranger posted.
///
/// Every file of a node has the same origin, so a page or a drawing with a script in it could act as the whole site:
/// only types that carry no scripts are shown in place, everything else is saved.
struct Presentation: Sendable {
    /// The media type as posted, or `application/octet-stream` where that is not one.
    let mediaType: String
    /// The value of `Content-Disposition` (RFC 6266).
    let disposition: String

    init(name: String, mediaType: String) {
        let type = Self.isMediaType(mediaType) ? mediaType : "application/octet-stream"
        self.mediaType = type
        disposition = (Self.isShown(type) ? "inline" : "attachment") + Self.parameters(of: name)
    }

    private static func isShown(_ type: String) -> Bool {
        let essence = type.prefix { $0 != ";" }.lowercased()
        switch essence {
        case "application/pdf", "text/plain", "image/avif", "image/gif", "image/jpeg", "image/png", "image/webp":
            return true
        default:
            return essence.hasPrefix("audio/") || essence.hasPrefix("video/")
        }
    }

    /// A type, a subtype and parameters, of the characters these are made of (RFC 9110, section 8.3.1).
    private static func isMediaType(_ text: String) -> Bool {
        let halves = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty, let first = halves[1].first, first != UInt8(ascii: ";") else {
            return false
        }
        return text.utf8.count <= 127 && halves[0].allSatisfy(isTypeCharacter)
            && halves[1].allSatisfy { isTypeCharacter($0) || ";= \"".utf8.contains($0) }
    }

    private static func isTypeCharacter(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$&-^_.+".utf8.contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }

    /// The name twice where that is needed: in ASCII for old readers, and in UTF-8 (RFC 8187) for all others.
    private static func parameters(of name: String) -> String {
        let plain = name.unicodeScalars.map { scalar in
            scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F && !"\"\\/%".unicodeScalars.contains(scalar)
                ? Character(scalar) : "_"
        }
        let fallback = "; filename=\"\(String(plain))\""
        guard String(plain) != name else { return fallback }
        let hexadecimal = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in name.utf8 {
            if isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%\(hexadecimal[Int(byte >> 4)])\(hexadecimal[Int(byte & 15)])"
            }
        }
        return fallback + "; filename*=UTF-8''" + encoded
    }
}
