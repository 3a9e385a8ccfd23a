internal import Primitives

/// What routing and those who wait are told.
extension Curator {
    /// Tells routing about a file if that is another picture than before.
    mutating func publishRoute(_ file: FileID) {
        let picture = picture(of: file)
        guard picture != routed[file] else { return }
        routed[file] = picture
        switch picture {
        case .offered(let route): turn.actions.append(.route(route))
        case .ended(let ending): turn.actions.append(.routeEnding(file, ending))
        case nil: turn.actions.append(.unroute(file))
        }
        if files[file]?.holding != nil || pulls[file] != nil { turn.actions.append(.progress(file)) }
    }
}
