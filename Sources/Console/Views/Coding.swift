import Foundation
public import Primitives

// How the words of the house look in JSON: counts of bytes as integers, identifiers and places as they are written
// everywhere, times as ISO 8601 in UTC.

extension ByteCount: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

/// What is written as the text that it can be read from.
private protocol CodedAsText: LosslessStringConvertible, Codable {}

extension CodedAsText {
    fileprivate init(text decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "“\(text)” is no \(Self.self)")
        }
        self = value
    }

    fileprivate func write(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension NodeID: CodedAsText {
    public init(from decoder: any Decoder) throws { try self.init(text: decoder) }
    public func encode(to encoder: any Encoder) throws { try write(to: encoder) }
}

extension FileID: CodedAsText {
    public init(from decoder: any Decoder) throws { try self.init(text: decoder) }
    public func encode(to encoder: any Encoder) throws { try write(to: encoder) }
}

extension Place: CodedAsText {
    public init(from decoder: any Decoder) throws { try self.init(text: decoder) }
    public func encode(to encoder: any Encoder) throws { try write(to: encoder) }
}

extension WallTime: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = WallTime(iso8601: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "“\(text)” is no time")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(iso8601)
    }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// `"2026-05-01T12:00:00.000Z"`.
    public var iso8601: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(Self.style)
    }

    public init?(iso8601 text: String) {
        guard let date = try? Date(text, strategy: Self.style) else { return nil }
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
}

extension Bytes32 {
    /// Lower-case hexadecimal, as `sha256sum` writes digests.
    public var hexadecimal: String {
        array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
