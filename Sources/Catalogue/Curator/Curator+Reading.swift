public import Primitives

/// For those who look without touching.
extension Curator {
    /// What routing was told of every file known here, in ascending order.
    public var routes: [FileRoute] { files.ids.compactMap { files[$0]?.routed } }

    /// What routing was told of a file.
    public func route(of file: FileID) -> FileRoute? { files[file]?.routed }

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
