public import Primitives

/// A publisher's signed statement that it offers a file no more: a tombstone for each of its postings of the file up to
/// a sequence. Of two for one file and publisher, the higher sequence counts.
///
/// It is signed with the publisher's own key, so nobody can withdraw what another posted.
public struct Withdrawal: Statement {
    public static let context = "potluck withdrawal 1"

    public let file: FileID
    public let publisher: NodeID
    /// Every posting of the file by this publisher with this sequence or a lower one is void.
    public let sequence: UInt64
    public let at: WallTime
    /// Nobody needs to remember it for longer: by then the postings have expired everywhere. Nothing: they never
    /// expire.
    public let keptUntil: WallTime?
    public var signature: Signature

    /// How long a withdrawal is kept beyond its posting's expiry: clocks may differ, but hardly by so much.
    public static let afterlife = Duration.seconds(86_400)

    /// A draft when no signature is given.
    public init(
        file: FileID, publisher: NodeID, sequence: UInt64, at: WallTime, keptUntil: WallTime?,
        signature: Signature = .none
    ) {
        self.file = file
        self.publisher = publisher
        self.sequence = sequence
        self.at = at
        self.keptUntil = keptUntil
        self.signature = signature
    }

    /// A draft that withdraws this posting, and all before it.
    public init(of posting: Posting, at now: WallTime) {
        self.init(
            file: posting.file, publisher: posting.publisher, sequence: posting.sequence, at: now,
            keptUntil: posting.expires.map { min($0 + Self.afterlife, .latest) })
    }

    public var signer: Signer { .node(publisher) }

    /// Whether this makes the posting void.
    public func voids(_ posting: Posting) -> Bool {
        posting.file == file && posting.publisher == publisher && posting.sequence <= sequence
    }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(file)
        writer.write(publisher)
        writer.write(sequence)
        writer.write(at)
        writer.write(keptUntil != nil)
        if let keptUntil { writer.write(keptUntil) }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        file = try reader.fileID()
        publisher = try reader.nodeID()
        sequence = try reader.uint64()
        at = try reader.wallTime()
        keptUntil = try reader.bool() ? try reader.wallTime() : nil
        signature = try reader.signature()
    }
}
