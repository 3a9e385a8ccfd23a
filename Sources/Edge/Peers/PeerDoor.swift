public import Catalogue
public import Overlay
public import Primitives

/// What stands behind the public door: the running node, as far as a request needs it.
public protocol PeerDoor: Sendable {
    /// Answers what a member asks. Nothing when the node cannot answer now (it is stopping, its inbox is full): the
    /// asker is told `503`.
    func handle(_ request: Verified<PeerRequest>, from: NodeID) async -> PeerAnswer?

    /// Lets a newcomer in, or says why not. `signedBy` is the newcomer's own key, which the request was verified with.
    func join(_ body: [UInt8], signedBy: NodeID, from: IPAddress) async -> (status: Int, body: [UInt8])

    /// Asks the trackers for a file that the routing table does not have; returns when it does, or when they have been
    /// given up on (≤ 3 s). Nobody is told that there is no such file unless that is `settled`.
    func resolve(_ file: FileID) async -> LookUpOutcome

    /// The piece hashes of a file, if this node has them.
    func manifest(of file: FileID) async -> Manifest?
}
