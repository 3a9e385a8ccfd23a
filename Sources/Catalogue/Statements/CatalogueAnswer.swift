public import Primitives

/// What comes back on a `CatalogueRequest`.
public enum CatalogueAnswer: Hashable, Sendable {
    /// To an announcement.
    case noted
    /// To a look-up: what the tracker knows. Some of its publishers may have taken it back.
    case found([Posting], [Announcement], [Withdrawal] = [])
    /// To a look-up: it was offered once, and is no more.
    case withdrawn([Withdrawal])
    /// To a look-up, or a question for pieces: not known here.
    case unknown
    /// To an offer.
    case accepted
    case declined(Refusal)
    case manifest(Manifest)
    case pieces(Bitfield)
    /// To a question whether files are still offered: the withdrawals of those that are not, or not by everyone; what
    /// is still posted of these; and the files of which the tracker knows nobody who offers them, withdrawn or not:
    /// another tracker may know more.
    case confirmed([Posting], [Withdrawal], unknown: [FileID])

    /// Why an offer or an announcement is not taken, or a question not answered.
    public enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
        /// It holds the file already.
        case held = 1
        /// Its own policy: size, media type, publisher.
        case policy = 2
        /// The publisher does not vouch for it.
        case notVouched = 3
        case noDisk = 4
        case noAllowance = 5
        /// It fetches as many files as it may at a time, or tracks as many as it may, or does not know the answer yet.
        case busy = 6
        /// The offer's pieces or group make no sense.
        case malformed = 7
        /// Its tracker, as this node sees the members, is somebody else.
        case notTracker = 8
        /// It is about to leave, or none of the holders named can be reached from it.
        case unable = 9
        /// It holds as much for this publisher as it does for one.
        case publisherShare = 10
    }

    public static let postingLimit = 8
    public static let announcementLimit = 64
    public static let withdrawalLimit = 16
}

extension CatalogueAnswer: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .noted:
            writer.write(1 as UInt8)
        case .found(let postings, let announcements, let withdrawals):
            writer.write(2 as UInt8)
            writer.write(list: postings)
            writer.write(list: announcements)
            writer.write(list: withdrawals)
        case .unknown:
            writer.write(3 as UInt8)
        case .accepted:
            writer.write(4 as UInt8)
        case .declined(let refusal):
            writer.write(5 as UInt8)
            writer.write(refusal.rawValue)
        case .manifest(let manifest):
            writer.write(6 as UInt8)
            writer.write(manifest)
        case .pieces(let pieces):
            writer.write(7 as UInt8)
            writer.write(pieces)
        case .withdrawn(let withdrawals):
            writer.write(8 as UInt8)
            writer.write(list: withdrawals)
        case .confirmed(let postings, let withdrawals, let unknown):
            writer.write(9 as UInt8)
            writer.write(list: postings)
            writer.write(list: withdrawals)
            writer.write(files: unknown)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .noted
        case 2:
            let postings = try reader.list(of: Posting.self, limit: Self.postingLimit, what: "postings of a file")
            let holders = try reader.list(
                of: Announcement.self, limit: Self.announcementLimit, what: "holders of a file")
            self = .found(
                postings, holders, try reader.list(limit: Self.withdrawalLimit, what: "withdrawals of a file"))
        case 3: self = .unknown
        case 4: self = .accepted
        case 5:
            guard let refusal = Refusal(rawValue: try reader.uint8()) else {
                throw .malformed("a refusal for an unknown reason")
            }
            self = .declined(refusal)
        case 6: self = .manifest(try reader.value())
        case 7: self = .pieces(try reader.value())
        case 8: self = .withdrawn(try reader.list(limit: Self.withdrawalLimit, what: "withdrawals of a file"))
        case 9:
            let files = CatalogueRequest.confirmLimit
            let postings = try reader.list(
                of: Posting.self, limit: files * Self.postingLimit, what: "postings of withdrawn files")
            let withdrawals = try reader.list(
                of: Withdrawal.self, limit: files * Self.withdrawalLimit, what: "withdrawals at once")
            self = .confirmed(postings, withdrawals, unknown: try reader.files(limit: files, what: "unknown files"))
        default: throw .malformed("a catalogue answer of an unknown kind")
        }
    }
}

extension CatalogueAnswer: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .found(let postings, let announcements, let withdrawals):
            postings as [any Statement] + announcements + withdrawals
        case .withdrawn(let withdrawals): withdrawals
        case .confirmed(let postings, let withdrawals, _): postings as [any Statement] + withdrawals
        case .manifest(let manifest): manifest.statements
        case .noted, .unknown, .accepted, .declined, .pieces: []
        }
    }
}
