public import Primitives

/// What this node agrees to hold for others.
public struct Policy: Equatable, Sendable {
    /// Files longer than this are declined.
    public var longestFile: ByteCount
    /// Only these media types, by prefix (`video/`, `application/pdf`); empty: all.
    public var mediaTypes: [String]
    /// Only these publishers' files; empty: everyone's.
    public var publishers: [NodeID]
    /// Never these publishers' files.
    public var denied: [NodeID]
    /// Never these media types, by prefix.
    public var deniedMediaTypes: [String]
    /// What part of the disk for the files of others may go to those of one publisher, in percent: 1 to 100.
    public var publisherPercent: Int64

    public static let publisherPercents = 1...100 as ClosedRange<Int64>
    /// DESIGN, "Fairness".
    public static let publisherPercentDefault: Int64 = 10

    public init(
        longestFile: ByteCount = PieceGeometry.lengthLimit, mediaTypes: [String] = [], publishers: [NodeID] = [],
        denied: [NodeID] = [], deniedMediaTypes: [String] = [],
        publisherPercent: Int64 = publisherPercentDefault
    ) {
        precondition(Self.publisherPercents.contains(publisherPercent), "nobody gets more than all of the disk")
        self.longestFile = longestFile
        self.mediaTypes = mediaTypes
        self.publishers = publishers
        self.denied = denied
        self.deniedMediaTypes = deniedMediaTypes
        self.publisherPercent = publisherPercent
    }

    /// Whether a file posted so may be held here.
    public func allows(_ posting: Posting) -> Bool {
        posting.length <= longestFile
            && (mediaTypes.isEmpty || mediaTypes.contains { posting.mediaType.hasPrefix($0) })
            && (publishers.isEmpty || publishers.contains(posting.publisher))
            && !denied.contains(posting.publisher)
            && !deniedMediaTypes.contains { posting.mediaType.hasPrefix($0) }
    }
}
