public import Primitives

/// For those who look without touching.
extension Curator {
    /// What routing was told of every file known here, in ascending order.
    public var routes: [FileRoute] { files.ids.compactMap { files[$0]?.routed } }

    /// What routing was told of a file.
    public func route(of file: FileID) -> FileRoute? { files[file]?.routed }

    /// The members that keep a file's holders in mind, the first in charge of its replicas.
    public func trackers(of file: FileID) -> [NodeID] { members.trackers(of: file) }
}
