internal import Primitives

/// Pieces come in from many holders, become durable, and in the end a replica.
extension Curator {
    /// Does what can be done now for a file that is being fetched, and arranges the next look.
    mutating func pump(_ file: FileID) {
        guard let pull = pulls[file] else { return }
        if let lookAt = pull.lookAt, lookAt <= now { pulls[file]?.lookAt = nil }
        switch pull.stage {
        case .describing:
            if !isUndescribed(pull) { askPeers(file) }
            askForManifest(file)
        case .preparing, .completing:
            return
        case .fetching:
            if pull.swarm?.isFull == true { return complete(file) }
            fetchMore(file)
            askPeers(file)
            searchIfStuck(file)
        }
        if let pull = pulls[file], !isUndescribed(pull), let next = pull.swarm?.nextChange(after: now) {
            wake(file, at: next)
        }
    }

    /// Whether it has been unknown for some time what the file consists of: nothing can be fetched before, so that what
    /// the others have of it is no use.
    func isUndescribed(_ pull: Pull) -> Bool {
        if case .describing = pull.stage { now >= pull.began + settings.manifestHedge } else { false }
    }

    mutating func wake(_ file: FileID, at moment: Instant) {
        if let lookAt = pulls[file]?.lookAt, lookAt <= moment { return }
        pulls[file]?.lookAt = moment
        agenda.add(.pull(file), at: moment)
    }

    private mutating func fetchMore(_ file: FileID) {
        guard let pull = pulls[file], var swarm = pull.swarm else { return }
        guard pull.restsUntil <= now else { return wake(file, at: pull.restsUntil) }
        pulls[file]?.swarm = nil
        swarm.skipClosedRuns()
        while fetches.count < limits.fetches, let (pieces, source) = swarm.next(at: now, member: { members[$0] }) {
            let id = FetchID(nextNumber())
            fetches[id] = file
            swarm.begin(id, pieces, from: source)
            turn.actions.append(.fetch(id, file, pieces: pieces, from: source))
        }
        pulls[file]?.swarm = swarm
    }

    private mutating func askPeers(_ file: FileID) {
        let members = members
        guard let peers = pulls[file]?.swarm?.peersToAsk(at: now, isAlive: { members[$0]?.isAlive == true }) else {
            return
        }
        for peer in peers { call(.pieces(file), .pieces(file), to: peer) }
    }

    /// Nobody left to fetch from: perhaps the trackers know of others by now.
    private mutating func searchIfStuck(_ file: FileID) {
        guard let pull = pulls[file], let swarm = pull.swarm, swarm.flights.isEmpty else { return }
        guard !swarm.hasSource(members.isAlive) else { return }
        if pull.searchAt <= now {
            let rest = pause(settings.firstSearch, afterFailures: pull.searches, longest: settings.longestSearch)
            pulls[file]?.searches += 1
            pulls[file]?.searchAt = now + rest
            wake(file, at: now + rest)
            lookUp(file, isWanted: false)
        } else {
            wake(file, at: pull.searchAt)
        }
    }

    mutating func piecesAnswered(_ file: FileID, by peer: NodeID, _ answer: CatalogueAnswer?) {
        guard pulls[file]?.swarm != nil else { return }
        switch answer {
        case .pieces(let pieces): pulls[file]?.swarm?.note(pieces, of: peer, at: now)
        case .unknown: pulls[file]?.swarm?.missed(peer, at: now)
        case .noted, .found, .withdrawn, .accepted, .declined, .manifest, .confirmed, nil:
            pulls[file]?.swarm?.failed(peer, at: now)
        }
        pump(file)
    }

    mutating func stored(_ pieces: Range<Int>, by fetch: FetchID) {
        guard let file = fetches[fetch], pulls[file] != nil else { return }
        pulls[file]?.swarm?.stored(pieces, by: fetch, at: now)
        pulls[file]?.searches = 0
        guard let swarm = pulls[file]?.swarm else { return }
        files[file]?.holding?.pieces = swarm.have
        touch(file)
        if pulls[file]?.saveAt == nil {
            pulls[file]?.saveAt = now + settings.saveInterval
            agenda.add(.save(file), at: now + settings.saveInterval)
        }
    }

    /// Makes durable what came since the last time.
    mutating func save(_ file: FileID) {
        guard let pull = pulls[file], let swarm = pull.swarm, let saveAt = pull.saveAt, saveAt <= now else { return }
        pulls[file]?.saveAt = nil
        guard case .fetching = pull.stage, swarm.have.setCount > pull.saved else { return }
        pulls[file]?.saved = swarm.have.setCount
        turn.actions.append(.persist([.pieces(file, swarm.have)], then: []))
    }

    mutating func fetchEnded(_ fetch: FetchID, _ outcome: FetchOutcome) {
        guard let file = fetches.removeValue(forKey: fetch) else { return }
        if let flight = pulls[file]?.swarm?.ended(fetch, outcome, at: now) {
            switch outcome {
            case .corrupt: exclude(flight.source, from: file)
            case .unwritable: pulls[file]?.restsUntil = now + settings.diskPause
            case .finished, .unavailable, .failed: break
            }
        }
        pump(file)
        for other in pullOrder where other != file && fetches.count < limits.fetches { pump(other) }
    }

    private mutating func exclude(_ source: NodeID, from file: FileID) {
        note(.wrongPiece, by: source, of: file)
        guard var liars = files[file]?.liars, !liars.contains(source) else { return }
        liars.insert(source, at: liars.firstPosition { $0 > source })
        files[file]?.liars = Array(liars.prefix(limits.holders))
        touch(file)
        if files[file]?.placement != nil { agenda.add(.place(file), at: now) }
    }

    // MARK: The end

    private mutating func complete(_ file: FileID) {
        guard pulls[file]?.swarm?.flights.isEmpty == true else { return }
        pulls[file]?.stage = .completing
        turn.actions.append(.complete(file))
    }

    mutating func completed(_ file: FileID, sha256: Bytes32) {
        guard let pull = pulls[file], case .completing = pull.stage, var holding = files[file]?.holding else { return }
        guard !isDoubtful(sha256, of: file) else { return damaged(file) }
        cancelPull(file)
        refuseLies(about: file, sha256: sha256)
        review(file)
        guard let reviewed = files[file]?.holding else { return }
        holding = reviewed
        holding.sha256 = sha256
        files[file]?.holding = holding
        keep([.pieces(file, holding.pieces), .complete(file, sha256: sha256)], of: file)
    }

    /// What is on disk is not the file: begin anew, and after a few times no more.
    mutating func damaged(_ file: FileID) {
        guard var holding = files[file]?.holding else { return }
        cancelPull(file)
        files[file]?.damages += 1
        guard files[file]?.damages ?? 0 < limits.damages else { return giveUp(file) }
        holding.pieces = Bitfield(count: holding.pieces.count)
        holding.sha256 = nil
        files[file]?.holding = holding
        touch(file)
        turn.actions.append(.persist([.pieces(file, holding.pieces)], then: []))
        if files[file]?.confirmation == nil { resume(holding) }
    }
}
