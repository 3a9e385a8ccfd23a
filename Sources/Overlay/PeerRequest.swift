public import Catalogue
public import Membership
public import Primitives

/// What one node asks another over HTTP: `POST /peer/v1/<name>`, signed by who asks.
public enum PeerRequest: Hashable, Sendable {
    case catalogue(CatalogueRequest)
    /// "This is me, and who I know": for members that may not hold the asker's card yet. Answered with the whole table.
    case introduce([News])

    /// The name of `introduce`.
    public static let introduction = "introduce"

    /// The last part of its path.
    public var name: String {
        switch self {
        case .catalogue(let request): request.name
        case .introduce: Self.introduction
        }
    }
}

/// What a node answers to a `PeerRequest`.
public enum PeerAnswer: Hashable, Sendable {
    case catalogue(CatalogueAnswer)
    case table([News])
}

/// The most statements a table carries: a card, a status and a verdict for each of 10,000 members.
public let tableLimit = 30_000

/// The most statements an introduction carries: one card, and a little room for what a later version may add.
public let introductionLimit = 8

extension PeerRequest: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .catalogue(let request): request.statements
        case .introduce(let news): news.flatMap(\.statements)
        }
    }
}

extension PeerAnswer: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .catalogue(let answer): answer.statements
        case .table(let news): news.flatMap(\.statements)
        }
    }
}

private let wireVersion: UInt8 = 1

private enum Kind {
    static let catalogue: UInt8 = 1
    static let membership: UInt8 = 2
}

extension WireReader {
    fileprivate mutating func expectVersion() throws(WireError) {
        let version = try uint8()
        guard version == wireVersion else { throw .unknownVersion(version) }
    }
}

extension PeerRequest: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(wireVersion)
        switch self {
        case .catalogue(let request):
            writer.write(Kind.catalogue)
            writer.write(request)
        case .introduce(let news):
            writer.write(Kind.membership)
            writer.write(list: news)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.uint8() {
        case Kind.catalogue: self = .catalogue(try reader.value())
        case Kind.membership: self = .introduce(try reader.list(limit: introductionLimit, what: "news"))
        default: throw .malformed("a request of unknown kind")
        }
    }
}

extension PeerAnswer: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(wireVersion)
        switch self {
        case .catalogue(let answer):
            writer.write(Kind.catalogue)
            writer.write(answer)
        case .table(let news):
            writer.write(Kind.membership)
            writer.write(list: news)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.uint8() {
        case Kind.catalogue: self = .catalogue(try reader.value())
        case Kind.membership: self = .table(try reader.list(limit: tableLimit, what: "news"))
        default: throw .malformed("an answer of unknown kind")
        }
    }
}
