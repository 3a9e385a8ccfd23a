public import Primitives

/// What one node's catalogue asks another's.
public enum CatalogueRequest: Hashable, Sendable {
    /// To a tracker: who holds what. Postings come along for those who do not know the file.
    case announce([Announcement], [Posting])
    /// To a tracker: who posted the file, who holds it?
    case lookUp(FileID)
    /// From a tracker: hold this file.
    case offer(Offer)
    /// To a holder: the piece hashes.
    case manifest(FileID)
    /// To a holder: which pieces are there?
    case pieces(FileID)

    public static let announcementLimit = 256
    public static let postingLimit = 64

    /// The last part of the request's path.
    public var name: String {
        switch self {
        case .announce: "announce"
        case .lookUp: "lookup"
        case .offer: "offer"
        case .manifest: "manifest"
        case .pieces: "pieces"
        }
    }
}

extension CatalogueRequest: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .announce(let announcements, let postings):
            writer.write(1 as UInt8)
            writer.write(list: announcements)
            writer.write(list: postings)
        case .lookUp(let file):
            writer.write(2 as UInt8)
            writer.write(file)
        case .offer(let offer):
            writer.write(3 as UInt8)
            writer.write(offer)
        case .manifest(let file):
            writer.write(4 as UInt8)
            writer.write(file)
        case .pieces(let file):
            writer.write(5 as UInt8)
            writer.write(file)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 1:
            let announcements = try reader.list(
                of: Announcement.self, limit: Self.announcementLimit, what: "announcements at once")
            self = .announce(
                announcements, try reader.list(limit: Self.postingLimit, what: "postings at once"))
        case 2: self = .lookUp(try reader.fileID())
        case 3: self = .offer(try reader.value())
        case 4: self = .manifest(try reader.fileID())
        case 5: self = .pieces(try reader.fileID())
        default: throw .malformed("a catalogue request of an unknown kind")
        }
    }
}

extension CatalogueRequest: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .announce(let announcements, let postings): announcements as [any Statement] + postings
        case .offer(let offer): offer.statements
        case .lookUp, .manifest, .pieces: []
        }
    }
}
