public import Primitives

/// The plain content of one datagram between members.
public struct Envelope: Hashable, Sendable {
    public var message: Message
    public var news: [News]

    /// Most bytes in wire form, before sealing: sealed and with headers it is still one packet everywhere.
    public static let limit = 1_120
    /// The format written, and the only one read.
    public static let version: UInt8 = 1

    public init(_ message: Message, news: [News] = []) {
        self.message = message
        self.news = news
    }

    /// The same envelope with only the news that can be checked here. News by a member whose card is not known yet are
    /// no reason to doubt who sent the envelope: they come again.
    public func keeping(_ isKnown: (News) -> Bool) -> Envelope {
        Envelope(message, news: news.filter(isKnown))
    }
}

extension Envelope: StatementBearing {
    public var statements: [any Statement] { news.flatMap(\.statements) }
}

extension Envelope: WireCodable {
    /// Smallest news in wire form (a departure), which bounds how many an envelope holds.
    private static let leastNews = 1 + 8 + 8 + Signature.byteCount

    public func encode(into writer: inout WireWriter) {
        writer.write(Self.version)
        writer.write(message)
        writer.write(UInt8(truncatingIfNeeded: news.count))
        for item in news { writer.write(item) }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        guard reader.remaining <= Self.limit else {
            throw .tooLong(what: "a datagram", count: reader.remaining, limit: Self.limit)
        }
        let version = try reader.uint8()
        guard version == Self.version else { throw .unknownVersion(version) }
        message = try reader.value()
        let count = Int(try reader.uint8())
        guard count <= Self.limit / Self.leastNews else {
            throw .tooLong(what: "the news in a datagram", count: count, limit: Self.limit / Self.leastNews)
        }
        news = []
        for _ in 0..<count { news.append(try reader.value()) }
    }
}
