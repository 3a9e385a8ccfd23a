public import Primitives

/// What one node's catalogue asks another's.
public enum CatalogueRequest: Hashable, Sendable {
    /// To a tracker: who holds what. Postings come along for those who do not know the file, withdrawals for those who
    /// do not know that it is gone. The same to a holder, of the others.
    case announce([Announcement], [Posting], [Withdrawal] = [])
    /// To a tracker: who posted the file, who holds it?
    case lookUp(FileID)
    /// From a tracker: hold this file.
    case offer(Offer)
    /// To a holder: the piece hashes.
    case manifest(FileID)
    /// To a holder: which pieces are there?
    case pieces(FileID)
    /// To a tracker, from a holder that was away: are these still offered?
    case confirm([FileID])

    public static let announcementLimit = 256
    public static let postingLimit = 64
    public static let withdrawalLimit = 64
    public static let confirmLimit = 256

    /// The last part of the request's path.
    public var name: String {
        switch self {
        case .announce: "announce"
        case .lookUp: "lookup"
        case .offer: "offer"
        case .manifest: "manifest"
        case .pieces: "pieces"
        case .confirm: "confirm"
        }
    }
}

extension CatalogueRequest: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .announce(let announcements, let postings, let withdrawals):
            writer.write(1 as UInt8)
            writer.write(list: announcements)
            writer.write(list: postings)
            writer.write(list: withdrawals)
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
        case .confirm(let files):
            writer.write(6 as UInt8)
            writer.write(files: files)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 1:
            let announcements = try reader.list(
                of: Announcement.self, limit: Self.announcementLimit, what: "announcements at once")
            let postings = try reader.list(of: Posting.self, limit: Self.postingLimit, what: "postings at once")
            self = .announce(
                announcements, postings, try reader.list(limit: Self.withdrawalLimit, what: "withdrawals at once"))
        case 2: self = .lookUp(try reader.fileID())
        case 3: self = .offer(try reader.value())
        case 4: self = .manifest(try reader.fileID())
        case 5: self = .pieces(try reader.fileID())
        case 6: self = .confirm(try reader.files(limit: Self.confirmLimit, what: "files to confirm at once"))
        default: throw .malformed("a catalogue request of an unknown kind")
        }
    }
}

extension CatalogueRequest: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .announce(let announcements, let postings, let withdrawals):
            announcements as [any Statement] + postings + withdrawals
        case .offer(let offer): offer.statements
        case .lookUp, .manifest, .pieces, .confirm: []
        }
    }
}

extension WireWriter {
    mutating func write(files: [FileID]) {
        write(UInt32(files.count))
        for file in files { write(file) }
    }
}

extension WireReader {
    mutating func files(limit: Int, what: String) throws(WireError) -> [FileID] {
        let count = Int(try uint32())
        guard count <= limit else { throw .tooLong(what: what, count: count, limit: limit) }
        var files: [FileID] = []
        for _ in 0..<count { files.append(try fileID()) }
        return files
    }
}
