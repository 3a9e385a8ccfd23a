internal import Primitives

/// What still counts: which postings are in force, what this node may hold under them, and what clients are told where
/// nothing is left.
extension Curator {
    /// Its time is not over. Withdrawn ones are not kept in the first place.
    func isInForce(_ posting: Posting) -> Bool {
        guard let expires = posting.expires, let wall else { return true }
        return wall < expires
    }

    /// Its publisher took it back, as far as this node remembers.
    public func isVoid(_ posting: Posting) -> Bool {
        if let sequence = withdrawals.sequence(of: posting.file, by: posting.publisher), posting.sequence <= sequence {
            return true
        }
        return files[posting.file]?.withdrawals.contains { $0.value.voids(posting) } ?? false
    }

    func inForce(_ entry: FileEntry) -> [Verified<Posting>] { entry.postings.filter { isInForce($0.value) } }

    /// The posting that speaks for the file where only one can: the one it is held under, else the one that was heard
    /// of first, since nobody can be sooner than who posted the file; one whose length was disproved is not kept.
    /// Nothing when none is in force.
    func leading(_ entry: FileEntry) -> Verified<Posting>? {
        if let holding = entry.holding { return holding.manifest.part(\.posting) }
        return inForce(entry).first
    }

    /// Some publisher lets this member hold the file and serve it to anyone.
    func isVouched(_ id: NodeID, _ entry: FileEntry) -> Bool {
        inForce(entry).contains { $0.value.publisher == id || $0.value.audience.vouches(for: id) }
    }

    /// Whether this node may hold the file under this posting.
    func mayHold(_ posting: Posting) -> Bool {
        guard posting.publisher != own else { return true }
        return posting.audience.vouches(for: own) && !isDenied(posting) && !isRefused(posting)
    }

    /// The posting to hold the file under: this node's own, else that of the publisher it is held for, else another's.
    /// - Parameter isFit: what another's must be beside; what is here already is not held against anything.
    func basis(
        _ entry: FileEntry, preferring publisher: NodeID?, if isFit: (Posting) -> Bool = { _ in true }
    ) -> Verified<Posting>? {
        let grounds = inForce(entry).filter { mayHold($0.value) && ($0.value.publisher == own || isFit($0.value)) }
        return grounds.first { $0.value.publisher == own } ?? grounds.first { $0.value.publisher == publisher }
            ?? grounds.first
    }

    /// Holds the file against what its publishers, the operator and the calendar say now.
    mutating func review(_ file: FileID) {
        touch(file)
        guard clock != nil, let entry = files[file] else { return }
        if var holding = entry.holding {
            let known = holding.manifest.value.posting
            let basis = basis(entry, preferring: known.publisher)
            guard basis != nil || mayStand(entry) else { return giveUp(file) }
            if let basis, basis.value != known {
                let pieces = holding.manifest.value.pieces
                holding = Holding(
                    manifest: basis.part { Manifest(posting: $0, pieces: pieces) }, pieces: holding.pieces,
                    sha256: holding.sha256, isOwn: basis.value.publisher == own)
                files[file]?.holding = holding
                turn.actions.append(.persist([.holding(holding)], then: []))
            }
        } else if pulls[file] != nil, basis(entry, preferring: nil) == nil {
            abandon(file)
        }
        if files[file]?.placement != nil { place(file) } else { letGo(file) }
    }

    // MARK: What clients are told

    /// What routing is to know of a file.
    enum Picture: Equatable, Sendable {
        case offered(FileRoute)
        case ended(Ending)
    }

    func picture(of file: FileID) -> Picture? {
        let isDenied = denied.contains(.file(file))
        guard let entry = files[file] else { return isDenied ? .ended(.denied) : nil }
        guard entry.confirmation == nil else { return nil }
        guard !entry.isUnsure else { return isDenied ? .ended(.denied) : nil }
        return picture(entry)
    }

    /// As it follows from what is known.
    func picture(_ entry: FileEntry) -> Picture? {
        let (file, inForce) = (entry.file, inForce(entry))
        guard !inForce.isEmpty else {
            if denied.contains(.file(file)) { return .ended(.denied) }
            if !entry.postings.isEmpty { return .ended(.expired) }
            // Who took it back does not speak for other publishers, of whom another tracker may know: it is asked
            // first.
            return isTakenBack(file) && entry.goneUntil.map { now < $0 } ?? false ? .ended(.withdrawn) : nil
        }
        let shown = inForce.filter { $0.value.publisher == own || !self.isDenied($0.value) }
        guard let first = shown.first else { return .ended(.denied) }
        let posting = entry.holding.map(\.manifest.value.posting) ?? first.value
        return .offered(route(entry, posting, audience: Self.audience(of: shown)))
    }

    private func route(_ entry: FileEntry, _ posting: Posting, audience: Audience) -> FileRoute {
        var holders: [FileRoute.Holder] = []
        for heard in entry.holders where heard.holder != own && !entry.liars.contains(heard.holder) {
            let holder = FileRoute.Holder(id: heard.holder, isComplete: heard.isWhole)
            if holder.id == posting.publisher { holders.insert(holder, at: 0) } else { holders.append(holder) }
        }
        let copy: FileRoute.OwnCopy
        switch entry.lendable {
        case .some(let holding) where holding.isComplete: copy = .complete
        case .some(let holding): copy = .filling(holding.pieces)
        case .none: copy = .none
        }
        return FileRoute(
            posting: posting, audience: audience, holders: holders, own: copy, sha256: entry.holding?.sha256)
    }

    /// Whom any of the publishers lets serve the file.
    private static func audience(of postings: [Verified<Posting>]) -> Audience {
        guard postings.count > 1 else { return postings.first?.value.audience ?? .network }
        var nodes: [NodeID] = []
        for posting in postings {
            guard case .named(let named) = posting.value.audience else { return .network }
            nodes += named + [posting.value.publisher]
        }
        return .named(Set(nodes).sorted())
    }

    // MARK: The calendar

    /// A posting or a withdrawal ends then.
    mutating func noteEnd(_ end: WallTime?) {
        guard let end else { return }
        calendar.soonest = min(calendar.soonest ?? end, end)
        arrangeExpiry()
    }

    /// Looks at the calendar when the next end comes, if that is soon; the clock is read often enough for the rest.
    mutating func arrangeExpiry() {
        guard let wall, let soonest = calendar.soonest, !calendar.isArranged, soonest < wall + settings.calendarReach
        else { return }
        calendar.isArranged = true
        agenda.add(.expire, at: max(now + max(soonest - wall, .zero), mayLookAgain))
    }

    /// When the calendar may be gone through again.
    private var mayLookAgain: Instant { calendar.lookedAt.map { $0 + settings.calendarPause } ?? now }

    mutating func clockRead() {
        if let wall, let soonest = calendar.soonest, soonest <= wall { expire() }
        arrangeExpiry()
    }

    /// What has ended is over; at most once a second, however the ends are strewn.
    mutating func expire() {
        guard let wall, now >= mayLookAgain else { return }
        calendar.lookedAt = now
        calendar.soonest = nil
        for file in files.ids {
            guard let entry = files[file] else { continue }
            let ends = entry.postings.compactMap(\.value.expires)
            if let next = ends.filter({ $0 > wall }).min() {
                calendar.soonest = min(calendar.soonest ?? next, next)
            }
            if ends.contains(where: { $0 <= wall }) { review(file) }
        }
        guard let confirmedWall else { return }
        let forgotten = withdrawals.purge(at: confirmedWall)
        if !forgotten.isEmpty { turn.actions.append(.persist(forgotten.map { $0.forgetting }, then: [])) }
        for withdrawal in forgotten { touch(withdrawal.value.file) }
        if let end = withdrawals.soonestEnd { calendar.soonest = min(calendar.soonest ?? end, end) }
    }
}

extension Verified<Withdrawal> {
    var forgetting: HoldingRecord { .withdrawalForgotten(value.file, value.publisher) }
}
