public import Catalogue
public import Membership
public import Primitives

/// What one node asks another over HTTP: `POST /peer/v1/<name>`, signed by who asks.
public enum PeerRequest: Hashable, Sendable {
    case catalogue(CatalogueRequest)
    /// "This is me": for members that may not hold the asker's card yet. Answered with the whole table, where that is
    /// wanted: it is far larger than anything else that nodes ask each other for.
    case introduce([News], wantsTable: Bool = true)
    /// "Are you there?", at the URL on the asked node's card; the asker's own card goes along, for those that may not
    /// hold it yet. Answered with a proof.
    case prove(nonce: Bytes32, by: Card)
    /// "Call me back at every address of this card of mine." Answered with what came of it, and where the asked node
    /// knows a newer one, with that.
    case callBack(Card)

    /// The name of `introduce`.
    public static let introduction = "introduce"
    /// The name of `prove`.
    public static let proof = "prove"
    /// The name of `callBack`.
    public static let callBack = "call-back"

    /// The last part of its path.
    public var name: String {
        switch self {
        case .catalogue(let request): request.name
        case .introduce: Self.introduction
        case .prove: Self.proof
        case .callBack: Self.callBack
        }
    }
}

/// What a node answers to a `PeerRequest`.
public enum PeerAnswer: Hashable, Sendable {
    case catalogue(CatalogueAnswer)
    case table([News])
    case proof(AddressProof)
    case reached(Reached)
}

/// The most statements a table carries: a card, a status and a verdict for each of 10,000 members.
public let tableLimit = 30_000

/// The most statements an introduction carries: one card, and a little room for what a later version may add.
public let introductionLimit = 8

extension PeerRequest: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .catalogue(let request): request.statements
        case .introduce(let news, _): news.flatMap(\.statements)
        case .prove(_, let card), .callBack(let card): [card]
        }
    }
}

extension PeerAnswer: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .catalogue(let answer): answer.statements
        case .table(let news): news.flatMap(\.statements)
        case .proof(let proof): [proof]
        case .reached(let reached): reached.newer.map { [$0] } ?? []
        }
    }
}

private let wireVersion: UInt8 = 1

private enum Kind {
    static let catalogue: UInt8 = 1
    static let membership: UInt8 = 2
    static let proof: UInt8 = 3
    static let callBack: UInt8 = 4
    static let acquaintance: UInt8 = 5
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
        case .introduce(let news, let wantsTable):
            writer.write(wantsTable ? Kind.membership : Kind.acquaintance)
            writer.write(list: news)
        case .prove(let nonce, let card):
            writer.write(Kind.proof)
            writer.write(nonce)
            writer.write(card)
        case .callBack(let card):
            writer.write(Kind.callBack)
            writer.write(card)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.uint8() {
        case Kind.catalogue: self = .catalogue(try reader.value())
        case Kind.proof: self = .prove(nonce: try reader.bytes32(), by: try reader.value())
        case Kind.callBack: self = .callBack(try reader.value())
        case Kind.membership: self = .introduce(try reader.list(limit: introductionLimit, what: "news"))
        case Kind.acquaintance:
            self = .introduce(try reader.list(limit: introductionLimit, what: "news"), wantsTable: false)
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
        case .proof(let proof):
            writer.write(Kind.proof)
            writer.write(proof)
        case .reached(let reached):
            writer.write(Kind.callBack)
            writer.write(reached)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.uint8() {
        case Kind.catalogue: self = .catalogue(try reader.value())
        case Kind.proof: self = .proof(try reader.value())
        case Kind.callBack: self = .reached(try reader.value())
        case Kind.membership: self = .table(try reader.list(limit: tableLimit, what: "news"))
        default: throw .malformed("an answer of unknown kind")
        }
    }
}

extension PeerRequest: Siftable {
    public func keeping(_ holds: (Int) -> Bool) -> PeerRequest {
        if case .catalogue(let request) = self { .catalogue(request.keeping(holds)) } else { self }
    }
}

extension PeerAnswer: Siftable {
    public func keeping(_ holds: (Int) -> Bool) -> PeerAnswer {
        if case .catalogue(let answer) = self { .catalogue(answer.keeping(holds)) } else { self }
    }
}
