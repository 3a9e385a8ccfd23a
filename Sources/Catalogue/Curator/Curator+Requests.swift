internal import Primitives

/// What other nodes ask.
extension Curator {
    mutating func answer(_ request: Verified<CatalogueRequest>, from asker: NodeID, _ id: RequestID) {
        switch request.value {
        case .announce(let announcements, let postings, _):
            answer(id, noted(request, announcements, postings, from: asker))
        case .lookUp(let file):
            answer(id, found(file))
        case .offer(let offer):
            answer(id, consider(request.part { _ in offer }, from: asker))
        case .manifest(let file):
            answer(id, files[file]?.holding.map { .manifest($0.manifest.value) } ?? .unknown)
        case .pieces(let file):
            if let holding = files[file]?.holding {
                answer(id, .pieces(holding.pieces))
            } else if let swarm = pulls[file]?.swarm {
                answer(id, .pieces(swarm.have))
            } else {
                answer(id, .unknown)
            }
        case .confirm(let files):
            answer(id, .confirmed([], [], unknown: files.filter { self.files[$0] == nil }))
        }
    }

    private mutating func answer(_ id: RequestID, _ answer: CatalogueAnswer) {
        turn.actions.append(.answer(id, answer))
    }

    /// A holder, or another tracker, tells this node as a tracker.
    private mutating func noted(
        _ request: Verified<CatalogueRequest>, _ announcements: [Announcement], _ postings: [Posting],
        from asker: NodeID
    ) -> CatalogueAnswer {
        var isTaken = true
        for posting in postings {
            let file = posting.file
            guard hasRoom(for: file) else {
                isTaken = false
                continue
            }
            let isHeld = files[file]?.holding != nil
            anchor(file)
            insert(request.part { _ in posting }, into: file)
            // Told as a holder, of the others; else as a tracker, even if this node does not think that it is one.
            if !isHeld || members.trackers(of: file).contains(own) { track(file) }
        }
        for announcement in announcements {
            let novelty = insert(request.part { _ in announcement }, into: announcement.file)
            relay(announcement.file, from: announcement.holder, novelty)
            let known = files[announcement.file]?.heard(from: announcement.holder)?.announcement.value
            if announcement.holder == asker, let known, known.version > announcement.version {
                // Its clock was ahead once: shown what it said then, it will say more than that.
                send(announcement.file, to: asker, everything: true)
            }
        }
        for announcement in announcements where files[announcement.file]?.placement != nil { place(announcement.file) }
        return isTaken ? .noted : .declined(.busy)
    }

    /// Everything known of a file that is held or tracked here; what was only looked up is not passed on.
    private func found(_ file: FileID) -> CatalogueAnswer {
        guard let entry = files[file], entry.freshUntil == nil, !entry.postings.isEmpty else { return .unknown }
        let holders = entry.holders.filter { members.isAlive($0.holder) }
        let whole = holders.filter { $0.state == .complete }
        let filling = holders.filter { $0.state == .filling }
        let told = (whole + filling).prefix(CatalogueAnswer.announcementLimit).map(\.announcement.value)
        return .found(entry.postings.prefix(CatalogueAnswer.postingLimit).map(\.value), told)
    }
}
