public import Primitives

/// What a path asks for.
public enum Target: Hashable, Sendable {
    /// `/`
    case front
    /// `/f/<FileID>/<name>`: the name, decoded once.
    case file(FileID, name: [UInt8])
    /// `/peer/v1/<name>`
    case peer(String)
    case nothing
}

extension HTTPRequestHead {
    /// Reads the path, percent-decoded once. What could mean another path to another reader (dot segments, encoded
    /// slashes, NUL and other controls, broken encodings, text that is not UTF-8) is refused.
    public func target() throws(Refusal) -> Target {
        let segments = bytes[path].dropFirst()
        guard !segments.isEmpty else { return .front }
        let first = segments.prefix { $0 != UInt8(ascii: "/") }
        if first.elementsEqual("f".utf8) {
            let identifier = segments.dropFirst(2).prefix { $0 != UInt8(ascii: "/") }
            let rest = segments[identifier.endIndex...]
            guard let file = FileID(base32: identifier), rest.count > 1 else {
                try checkDecoding(segments)
                return .nothing
            }
            let name = try decode(rest.dropFirst())
            return name.contains(UInt8(ascii: "/")) ? .nothing : .file(file, name: name)
        }
        let decoded = try decode(segments)
        let peer = "peer/v1/".utf8
        guard decoded.starts(with: peer) else { return .nothing }
        return .peer(String(decoding: decoded.dropFirst(peer.count), as: UTF8.self))
    }

    private func checkDecoding(_ segments: ArraySlice<UInt8>) throws(Refusal) {
        _ = try decode(segments)
    }

    /// Decodes segments and the slashes between them.
    private func decode(_ encoded: ArraySlice<UInt8>) throws(Refusal) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(encoded.count)
        var segmentStart = 0
        var position = encoded.startIndex
        while position < encoded.endIndex {
            var byte = encoded[position]
            position += 1
            if byte == UInt8(ascii: "%") {
                guard encoded.endIndex - position >= 2, let high = Self.hexadecimal(encoded[position]),
                    let low = Self.hexadecimal(encoded[position + 1])
                else { throw Refusal(.badRequest, "The path has a percent sign without two hexadecimal digits.") }
                position += 2
                byte = high << 4 | low
                guard byte != UInt8(ascii: "/") else {
                    throw Refusal(.badRequest, "The path has an encoded slash.")
                }
            } else if byte == UInt8(ascii: "/") {
                try Self.checkSegment(decoded[segmentStart...])
                segmentStart = decoded.count + 1
            }
            guard byte >= 0x20, byte != 0x7F else {
                throw Refusal(.badRequest, "The path has an encoded control character.")
            }
            decoded.append(byte)
        }
        try Self.checkSegment(decoded[segmentStart...])
        guard String(validating: decoded, as: UTF8.self) != nil else {
            throw Refusal(.badRequest, "The path is not UTF-8.")
        }
        return decoded
    }

    private static func checkSegment(_ segment: ArraySlice<UInt8>) throws(Refusal) {
        guard !segment.elementsEqual(".".utf8), !segment.elementsEqual("..".utf8) else {
            throw Refusal(.badRequest, "The path has a segment of dots.")
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The value of the first `key=value` of the query, as sent; empty for a bare `key`.
    func queryValue(_ key: StaticString) -> Range<Int>? {
        guard let query else { return nil }
        for item in bytes[query].split(separator: UInt8(ascii: "&")) {
            let name = item.prefix { $0 != UInt8(ascii: "=") }
            if matches(name.startIndex..<name.endIndex, key) {
                return min(name.endIndex + 1, item.endIndex)..<item.endIndex
            }
        }
        return nil
    }
}
