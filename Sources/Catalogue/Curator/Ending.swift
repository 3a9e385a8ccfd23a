public import Primitives

/// Why a file that was offered is not any more.
public enum Ending: Hashable, Sendable {
    /// All its publishers took it back.
    case withdrawn
    /// The time for which it was posted is over.
    case expired
    /// This node's operator wants nothing to do with it, or with its publishers.
    case denied
}

/// A file that was posted here, or is denied here, and is not offered any more.
public struct EndedFile: Equatable, Sendable {
    public let file: FileID
    public let ending: Ending
    public let trace: Trace

    /// What is still known of it.
    public enum Trace: Equatable, Sendable {
        case posting(Posting)
        /// Only that this node took it back, then.
        case withdrawal(at: WallTime)
    }
}

/// What this node's operator wants neither held nor served here.
public enum Denial: Hashable, Sendable {
    case file(FileID)
    /// Whatever this node posts, unless somebody else posts it too.
    case publisher(NodeID)
}

extension Denial: Comparable {
    /// Files first.
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.file(let one), .file(let other)): one < other
        case (.publisher(let one), .publisher(let other)): one < other
        case (.file, .publisher): true
        case (.publisher, .file): false
        }
    }
}

/// How far the holdings of a node that leaves are in other hands.
public struct Handover: Equatable, Sendable {
    /// Files that are still to be copied elsewhere.
    public let left: Int
    /// Files that were held when it began.
    public let of: Int

    public init(left: Int, of: Int) {
        self.left = left
        self.of = of
    }
}
