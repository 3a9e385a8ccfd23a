import Allowance
import Catalogue
import Membership
import Overlay
import Primitives

extension Reading {
    /// All files that are known here, the newest first; also those posted here or denied that are offered no more.
    func files() -> [FileView] {
        (overlay.curator.routes.map(view) + overlay.curator.ended.map(view))
            .sorted { ($0.postedAt, $0.id) > ($1.postedAt, $1.id) }
    }

    func file(_ id: FileID) -> FileDetailView? {
        guard let route = overlay.curator.route(of: id) else { return nil }
        let posting = route.posting
        let geometry = posting.geometry
        return FileDetailView(
            file: view(route), pieceSize: geometry.pieceSize, pieceCount: geometry.count,
            sha256: route.sha256?.hexadecimal, holders: holders(route),
            trackers: overlay.curator.trackers(of: id).map(name))
    }

    /// What a command prints after a post.
    static func posted(_ manifest: Manifest, facts: NodeFacts) -> PostedView {
        let posting = manifest.posting
        return PostedView(
            id: posting.file, link: Link(node: facts.url, file: posting.file, name: posting.name).description,
            name: posting.name, length: posting.length, sha256: posting.sha256.hexadecimal,
            replicasWanted: Int(posting.replicas))
    }

    var fileCounts: FileCounts {
        overlay.curator.routes.reduce(into: FileCounts()) { counts, route in
            switch route.own {
            case .complete where route.posting.publisher == facts.id: counts.own += 1
            case .complete: counts.held += 1
            case .filling: counts.filling += 1
            case .none: counts.known += 1
            }
        }
    }

    /// Bytes of the files that are whole here.
    var stored: ByteCount {
        overlay.curator.routes.reduce(.zero) { $1.own == .complete ? $0 + $1.posting.length : $0 }
    }

    private func view(_ route: FileRoute) -> FileView {
        let posting = route.posting
        return FileView(
            id: posting.file, name: posting.name, mediaType: posting.mediaType, length: posting.length,
            link: Link(node: facts.url, file: posting.file, name: posting.name).description,
            publisher: posting.publisher, publisherName: name(of: posting.publisher).name,
            isOwn: posting.publisher == facts.id, copy: CopyView(route.own), replicas: replicas(route),
            replicasWanted: Int(posting.replicas), postedAt: posting.postedAt, expires: posting.expires,
            standing: .offered)
    }

    private func view(_ ended: EndedFile) -> FileView {
        let posting: Posting?
        let at: WallTime
        switch ended.trace {
        case .posting(let known): (posting, at) = (known, known.postedAt)
        case .withdrawal(let when): (posting, at) = (nil, when)
        }
        let publisher = posting?.publisher ?? facts.id
        let name = posting?.name ?? ""
        return FileView(
            id: ended.file, name: name, mediaType: posting?.mediaType ?? "", length: posting?.length ?? .zero,
            link: Link(node: facts.url, file: ended.file, name: name).description, publisher: publisher,
            publisherName: self.name(of: publisher).name, isOwn: publisher == facts.id, copy: .none, replicas: 0,
            replicasWanted: 0, postedAt: at, expires: posting?.expires, standing: FileView.Standing(ended.ending))
    }

    /// Complete copies beside the publisher's own, on nodes that answer.
    private func replicas(_ route: FileRoute) -> Int {
        holders(route).count { $0.isComplete && $0.isAlive && !$0.isPublisher }
    }

    private func holders(_ route: FileRoute) -> [HolderView] {
        var holders = route.holders.filter { $0.id != facts.id }.map { holder(route, $0.id, $0.isComplete) }
        switch route.own {
        case .none: break
        case .filling: holders.append(holder(route, facts.id, false))
        case .complete: holders.append(holder(route, facts.id, true))
        }
        return holders.filter(\.isPublisher) + holders.filter { !$0.isPublisher }
    }

    private func holder(_ route: FileRoute, _ id: NodeID, _ isComplete: Bool) -> HolderView {
        let isThisNode = id == facts.id
        let member = overlay.roster[id]
        return HolderView(
            node: name(of: id), isComplete: isComplete,
            isAlive: isThisNode || member?.condition == .alive, isPublisher: id == route.posting.publisher,
            isThisNode: isThisNode, place: isThisNode ? facts.place : member?.card.value.place,
            remaining: isThisNode ? usage.remaining : member?.status?.value.remaining.byteCount)
    }
}

extension FileView.Standing {
    init(_ ending: Ending) {
        switch ending {
        case .withdrawn: self = .withdrawn
        case .expired: self = .expired
        case .denied: self = .denied
        }
    }
}

extension CopyView {
    init(_ copy: FileRoute.OwnCopy) {
        switch copy {
        case .none: self = .none
        case .filling(let pieces): self = .filling(pieces: pieces.setCount, of: pieces.count)
        case .complete: self = .complete
        }
    }
}
