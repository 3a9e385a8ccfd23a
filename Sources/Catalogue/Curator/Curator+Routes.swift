internal import Primitives

/// What routing and those who wait are told.
extension Curator {
    /// Tells routing about a file if that is another picture than before.
    mutating func publishRoute(_ file: FileID) {
        guard let route = newRoute(file) else { return }
        turn.actions.append(.route(route))
        if files[file]?.holding != nil || pulls[file] != nil { turn.actions.append(.progress(file)) }
    }

    /// The file's route if it is not the one that routing knows; from now on it is.
    mutating func newRoute(_ file: FileID) -> FileRoute? {
        guard let entry = files[file], let posting = entry.leading?.value else { return nil }
        var holders: [FileRoute.Holder] = []
        for heard in entry.holders where heard.holder != own && !entry.liars.contains(heard.holder) {
            let holder = FileRoute.Holder(id: heard.holder, isComplete: heard.state == .complete)
            if holder.id == posting.publisher { holders.insert(holder, at: 0) } else { holders.append(holder) }
        }
        let copy: FileRoute.OwnCopy
        switch entry.holding {
        case .some(let holding) where holding.isComplete: copy = .complete
        case .some(let holding): copy = .filling(holding.pieces)
        case .none: copy = .none
        }
        let route = FileRoute(posting: posting, holders: holders, own: copy, sha256: entry.holding?.sha256)
        guard route != entry.routed else { return nil }
        files[file]?.routed = route
        return route
    }
}
