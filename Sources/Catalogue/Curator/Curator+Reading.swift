public import Primitives

/// For those who look without touching.
extension Curator {
    /// What routing was told of every file known here, in ascending order.
    public var routes: [FileRoute] { files.ids.compactMap { files[$0]?.routed } }

    /// What routing was told of a file.
    public func route(of file: FileID) -> FileRoute? { files[file]?.routed }

    /// What the operator wants neither held nor served here, in ascending order.
    public var denials: [Denial] { [] }

    /// The withdrawals that are remembered here, by file and publisher.
    public var withdrawals: [Verified<Withdrawal>] { [] }

    /// Why a file known here is not offered any more; nothing when it is, or is not known.
    public func ending(of file: FileID) -> Ending? { nil }

    /// How far handing over is, while this node is leaving.
    public var handover: Handover? { nil }

    /// The sequence that this node's next posting of the file needs, so that it counts for more than any before it.
    public func nextSequence(for file: FileID, at now: WallTime) -> UInt64 {
        let posting = files[file]?.postings.first { $0.value.publisher == own }?.value.sequence ?? 0
        return max(posting == .max ? .max : posting + 1, UInt64(clamping: now.milliseconds))
    }

    /// Whether this node has the file, or some of it, or makes room for it.
    public func holds(_ file: FileID) -> Bool { files[file]?.holding != nil }

    /// The members that keep a file's holders in mind, the first in charge of its replicas.
    public func trackers(of file: FileID) -> [NodeID] { members.trackers(of: file) }

    /// What the files that others published occupy here, those still on their way with all of their length.
    public var heldForOthers: ByteCount {
        files.ids.reduce(.zero) { sum, file in
            guard let holding = files[file]?.holding, !holding.isOwn else { return sum }
            return sum + holding.manifest.value.posting.length
        }
    }
}
