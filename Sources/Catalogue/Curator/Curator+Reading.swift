public import Primitives

/// For those who look without touching.
extension Curator {
    /// What routing was told of every file known here, in ascending order.
    public var routes: [FileRoute] { files.ids.compactMap { route(of: $0) } }

    /// What routing was told of a file.
    public func route(of file: FileID) -> FileRoute? {
        if case .offered(let route)? = routed[file] { route } else { nil }
    }

    /// What the operator wants neither held nor served here, in ascending order.
    public var denials: [Denial] { denied.sorted() }

    /// The withdrawals that are remembered here, by file and publisher.
    public var withdrawn: [Verified<Withdrawal>] { withdrawals.all }

    /// Why a file known here is not offered any more; nothing when it is, or is not known.
    public func ending(of file: FileID) -> Ending? {
        if case .ended(let ending)? = routed[file] { ending } else { nil }
    }

    /// Whether somebody took the file back, and nobody is known here who still offers it; another tracker may know of
    /// one.
    public func isWithdrawn(_ file: FileID) -> Bool { route(of: file) == nil && isTakenBack(file) }

    /// The files that were posted here, or are denied here, and are not offered any more, as far as anything is known
    /// of them, in ascending order.
    public var ended: [EndedFile] {
        let known = files.ids.compactMap { file -> EndedFile? in
            guard let ending = ending(of: file) else { return nil }
            let posting = ownPosting(of: file) ?? (ending == .denied ? files[file]?.postings.first?.value : nil)
            return posting.map { EndedFile(file: file, ending: ending, trace: .posting($0)) }
        }
        let named = Set(known.map(\.file))
        let withdrawn = withdrawals.all.compactMap { withdrawal -> EndedFile? in
            let file = withdrawal.value.file
            guard withdrawal.value.publisher == own, route(of: file) == nil, !named.contains(file) else { return nil }
            return EndedFile(file: file, ending: .withdrawn, trace: .withdrawal(at: withdrawal.value.at))
        }
        return (known + withdrawn).sorted { $0.file < $1.file }
    }

    /// Whether this node itself offers the file.
    public func isPosted(here file: FileID) -> Bool {
        ownPosting(of: file).map { isInForce($0) } ?? false
    }

    /// How far handing over is, while this node is leaving.
    public var handover: Handover? {
        leaving.map { Handover(left: notHandedOver, of: $0.files) }
    }

    /// The sequence that this node's next posting of the file needs, so that it counts for more than any before it.
    public func nextSequence(for file: FileID, at now: WallTime) -> UInt64 {
        let last = max(ownPosting(of: file)?.sequence ?? 0, withdrawals.sequence(of: file, by: own) ?? 0)
        return max(last == .max ? .max : last + 1, UInt64(clamping: now.milliseconds))
    }

    /// Whether this node has the file, or some of it, or makes room for it.
    public func holds(_ file: FileID) -> Bool { files[file]?.holding != nil }

    /// The members that keep a file's holders in mind, the first in charge of its replicas.
    public func trackers(of file: FileID) -> [NodeID] { members.trackers(of: file) }

    /// What the files that others published occupy here, those still on their way with all of their length.
    public var heldForOthers: ByteCount { files.heldForOthers }
}
