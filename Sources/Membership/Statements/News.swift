public import Primitives

/// What members tell each other about members. Copies share the statement: tables are large.
public indirect enum News: Hashable, Sendable {
    case card(Card)
    case status(Status)
    case verdict(Verdict)
    case departure(Departure)

    /// The member it is about.
    public var subject: ShortID {
        switch self {
        case .card(let card): card.nodeID.short
        case .status(let status): status.node
        case .verdict(let verdict): verdict.subject
        case .departure(let departure): departure.node
        }
    }

    /// The member whose card checks its signature.
    public var author: ShortID {
        switch self {
        case .card, .status, .departure: subject
        case .verdict(let verdict): verdict.issuer
        }
    }
}

extension News {
    /// Whose card it is, without a copy of the card.
    var cardholder: NodeID? { if case .card(let card) = self { card.nodeID } else { nil } }
    /// Of what its subject says; nought for what is said of it once.
    var version: UInt64 {
        switch self {
        case .card(let card): card.version
        case .status(let status): status.version
        case .verdict, .departure: 0
        }
    }
    var card: Card? { if case .card(let card) = self { card } else { nil } }
    var status: Status? { if case .status(let status) = self { status } else { nil } }

    /// Two that are alike have the same; others hardly.
    var digest: UInt32 {
        let signature =
            switch self {
            case .card(let card): card.signature
            case .status(let status): status.signature
            case .verdict(let verdict): verdict.signature
            case .departure(let departure): departure.signature
            }
        return UInt32(
            truncatingIfNeeded: Generator.mix(signature.first.words.0 ^ Generator.mix(signature.second.words.0)))
    }
}

extension News: StatementBearing {
    /// The one statement. A card's certificate is not listed: its chain is checked with the card.
    public var statements: [any Statement] {
        switch self {
        case .card(let card): [card]
        case .status(let status): [status]
        case .verdict(let verdict): [verdict]
        case .departure(let departure): [departure]
        }
    }
}

extension News: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .card(let card):
            writer.write(1 as UInt8)
            writer.write(card)
        case .status(let status):
            writer.write(2 as UInt8)
            writer.write(status)
        case .verdict(let verdict):
            writer.write(3 as UInt8)
            writer.write(verdict)
        case .departure(let departure):
            writer.write(4 as UInt8)
            writer.write(departure)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .card(try reader.value())
        case 2: self = .status(try reader.value())
        case 3: self = .verdict(try reader.value())
        case 4: self = .departure(try reader.value())
        default: throw .malformed("news of an unknown kind")
        }
    }
}
