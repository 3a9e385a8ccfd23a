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

    public init(
        longestFile: ByteCount = PieceGeometry.lengthLimit, mediaTypes: [String] = [], publishers: [NodeID] = [],
        denied: [NodeID] = [], deniedMediaTypes: [String] = []
    ) {
        self.longestFile = longestFile
        self.mediaTypes = mediaTypes
        self.publishers = publishers
        self.denied = denied
        self.deniedMediaTypes = deniedMediaTypes
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
