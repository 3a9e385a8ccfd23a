internal import Primitives

/// Fetching one file from many holders, so that copying it R times costs the origin about one copy.
///
/// The members that fetch at the same time, the *group*, divide the file's runs of pieces among themselves: each takes
/// its own stripe from the *whole* holders and everything else from the other members of the group, its *peers*, as
/// their bitfields show it. A peer that does not show up, or stops getting on, loses its share to the others, in the
/// end to whoever is left: so nobody waits for ever, and nearly nothing is fetched twice from the origin.
public struct Swarm: Sendable {
    struct Source: Sendable {
        enum Role: Sendable {
            /// Has had everything since before this swarm.
            case whole
            /// Is filling too, or was; nothing until its first bitfield.
            case peer(Bitfield?)
        }

        let id: NodeID
        var role: Role
        var underWay = 0
        var failures = 0
        var restsUntil: Instant
        /// Sent a piece that is not the file's.
        var isLiar = false
        /// When its bitfield last grew.
        var grewAt: Instant
        var pollAt: Instant
        var pollPause: Duration
        var isAsked = false
    }

    struct Flight: Equatable, Sendable {
        let id: FetchID
        let pieces: Range<Int>
        let source: NodeID
    }

    let own: NodeID
    let geometry: PieceGeometry
    let settings: Settings
    /// In ascending order, this node among them.
    private(set) var group: [NodeID]
    private(set) var have: Bitfield
    /// Pieces that are here or under way.
    private var closed: Bitfield
    private(set) var flights: [Flight] = []
    /// In ascending order.
    private(set) var sources: [Source] = []
    private var began: Instant
    private let runLength: Int
    /// All runs before this one are here.
    private var firstOpenRun = 0
    private var lastStored: Instant
    private var longestWait = Duration.zero

    init(
        own: NodeID, group: [NodeID], geometry: PieceGeometry, have: Bitfield, settings: Settings, at now: Instant
    ) {
        self.own = own
        self.geometry = geometry
        self.settings = settings
        self.have = have
        self.group = []
        closed = have
        began = now
        lastStored = now
        runLength = Int(max(1, min(Int64(settings.longestRun), settings.runSize.bytes / geometry.pieceSize.bytes)))
        join(group, at: now)
    }

    /// Adds members to the group.
    mutating func join(_ members: [NodeID], at now: Instant) {
        group = Set(group + members + [own]).sorted()
        for peer in group where peer != own { add(peer, isWhole: false, at: now) }
    }

    /// A holder is known; what is known of it already stays.
    mutating func add(_ id: NodeID, isWhole: Bool, at now: Instant) {
        guard id != own else { return }
        if let index = index(of: id) {
            if isWhole, case .peer = sources[index].role {
                note(Bitfield(count: have.count, full: true), of: id, at: now)
            }
            return
        }
        guard sources.count < settings.sources else { return }
        let index = sources.firstIndex { $0.id > id } ?? sources.count
        sources.insert(
            Source(
                id: id, role: isWhole ? .whole : .peer(nil), restsUntil: now, grewAt: now, pollAt: now,
                pollPause: settings.shortestPoll),
            at: index)
    }

    /// Fetching begins only now: the peers have as long to show up as if they had just been named.
    mutating func restart(at now: Instant) {
        began = now
        lastStored = now
        for index in sources.indices {
            sources[index].grewAt = now
            sources[index].pollAt = now
            sources[index].pollPause = settings.shortestPoll
        }
    }

    /// A holder is one no longer.
    mutating func remove(_ id: NodeID) {
        guard let index = index(of: id), !sources[index].isLiar else { return }
        sources.remove(at: index)
        group.removeAll { $0 == id }
    }

    var isFull: Bool { have.isFull }

    func index(of id: NodeID) -> Int? { sources.firstIndex { $0.id == id } }

    // MARK: What comes in

    /// A peer's answer.
    mutating func note(_ pieces: Bitfield, of peer: NodeID, at now: Instant) {
        guard let index = index(of: peer), case .peer(let known) = sources[index].role else { return }
        sources[index].isAsked = false
        sources[index].failures = 0
        guard pieces.count == have.count else {
            sources[index].isLiar = true
            return
        }
        if known == nil || pieces.setCount > known?.setCount ?? 0 {
            sources[index].grewAt = now
            sources[index].pollPause = settings.shortestPoll
        } else {
            lengthenPoll(of: index, at: now)
        }
        sources[index].pollAt = now + sources[index].pollPause
        sources[index].role = .peer(pieces)
    }

    /// A peer does not know the file, or not yet.
    mutating func missed(_ peer: NodeID, at now: Instant) {
        guard let index = index(of: peer) else { return }
        sources[index].isAsked = false
        lengthenPoll(of: index, at: now)
        sources[index].pollAt = now + sources[index].pollPause
    }

    /// A source could not be reached, or would not serve.
    mutating func failed(_ id: NodeID, at now: Instant) {
        guard let index = index(of: id) else { return }
        sources[index].isAsked = false
        let doublings = min(sources[index].failures, 10)
        sources[index].failures += 1
        let rest = min(settings.firstRest * (1 << doublings), settings.longestRest)
        sources[index].restsUntil = now + rest
        lengthenPoll(of: index, at: now)
        sources[index].pollAt = max(sources[index].pollAt, now + max(rest, sources[index].pollPause))
    }

    /// After nothing new. While a whole group waits for a holder that is away, its members would ask each other for
    /// ever: from then on each asks the less often the longer nothing came, and no more often where there are many.
    private mutating func lengthenPoll(of index: Int, at now: Instant) {
        let wait = now - sources[index].grewAt - settings.patience
        let idle = wait * sources.count { $0.isFilling } / settings.idlePolls
        let longest = min(max(settings.longestPoll, idle), settings.longestIdlePoll)
        sources[index].pollPause = min(sources[index].pollPause * 3 / 2, longest)
    }

    /// What was stuck gets on: with the others as well, most likely.
    private mutating func hurryPolls(at now: Instant) {
        for index in sources.indices where sources[index].failures == 0 {
            sources[index].pollPause = settings.shortestPoll
            sources[index].pollAt = min(sources[index].pollAt, now + settings.shortestPoll)
        }
    }

    /// Pieces of a flight were verified and written.
    mutating func stored(_ pieces: Range<Int>, by fetch: FetchID, at now: Instant) {
        guard let flight = flights.first(where: { $0.id == fetch }) else { return }
        have.insert(pieces.clamped(to: flight.pieces))
        if now - lastStored >= settings.patience { hurryPolls(at: now) }
        longestWait = max(longestWait, now - lastStored)
        lastStored = now
    }

    /// A flight is over; what it did not bring is open again.
    mutating func ended(_ fetch: FetchID, _ outcome: FetchOutcome, at now: Instant) -> Flight? {
        guard let position = flights.firstIndex(where: { $0.id == fetch }) else { return nil }
        let flight = flights.remove(at: position)
        for piece in flight.pieces { closed[piece] = have[piece] }
        guard let index = index(of: flight.source) else { return flight }
        sources[index].underWay -= 1
        switch outcome {
        case .finished: sources[index].failures = 0
        case .unavailable, .failed: failed(flight.source, at: now)
        case .corrupt: sources[index].isLiar = true
        case .unwritable: break
        }
        return flight
    }

    // MARK: What to do next

    /// The peers to ask for their pieces now, unless there is work known for them already; each counts as asked.
    mutating func peersToAsk(at now: Instant, isAlive: (NodeID) -> Bool) -> [NodeID] {
        var peers: [NodeID] = []
        for index in sources.indices {
            let source = sources[index]
            guard case .peer(let pieces) = source.role, !source.isAsked, !source.isLiar, source.pollAt <= now,
                pieces?.isFull != true, source.underWay * 2 < settings.fetchesPerPeer, isAlive(source.id)
            else { continue }
            sources[index].isAsked = true
            peers.append(source.id)
        }
        return peers
    }

    /// The next run to fetch and whom from, or nothing for now. The own stripe goes first: it is what the others wait
    /// for.
    func next(at now: Instant, member: (NodeID) -> MemberFacts?) -> (pieces: Range<Int>, source: NodeID)? {
        guard flights.count < settings.fetchesPerFile else { return nil }
        let usable = sources.filter { !$0.isLiar && member($0.id)?.isAlive == true }
        let ready = usable.filter {
            $0.restsUntil <= now && $0.underWay < $0.limit(settings.fetchesPerPeer, fetchesPerWhole)
        }
        guard !ready.isEmpty else { return nil }
        let whole = mostToSpare(of: ready, member)
        let present = group.filter { id in
            id == own || usable.contains { $0.id == id && !hasDroppedOut($0, at: now) }
        }
        let peers = usable.filter { $0.failures < 2 }
        let shift = (group.firstIndex(of: own) ?? 0) * runCount / group.count
        var best: (rarity: Int, turn: Int, pieces: Range<Int>, source: NodeID)?
        for run in firstOpenRun..<runCount {
            guard let pieces = openPieces(of: run) else { continue }
            let worthwhile = min(pieces.count, leastRun)
            var rarity = 0
            var idlest: (source: Source, part: Range<Int>)?
            for peer in peers {
                let part = peer.part(of: pieces)
                guard part.count >= worthwhile else { continue }
                rarity += 1
                guard peer.restsUntil <= now, peer.underWay < settings.fetchesPerPeer else { continue }
                if let idlest, (idlest.source.underWay, -idlest.part.count) <= (peer.underWay, -part.count) { continue }
                idlest = (peer, part)
            }
            if rarity == 0 {
                guard let whole, owner(of: run, among: present) == own else { continue }
                return (pieces, whole)
            }
            let turn = (run + runCount - shift) % runCount
            guard let idlest else { continue }
            if let best, (best.rarity, best.turn) < (rarity, turn) { continue }
            best = (rarity, turn, idlest.part, idlest.source.id)
        }
        return best.map { ($0.pieces, $0.source) }
    }

    mutating func begin(_ fetch: FetchID, _ pieces: Range<Int>, from source: NodeID) {
        flights.append(Flight(id: fetch, pieces: pieces, source: source))
        closed.insert(pieces)
        if let index = index(of: source) { sources[index].underWay += 1 }
    }

    /// Moves on past what is here; cheap, and saves `next` from looking at it again.
    mutating func skipClosedRuns() {
        while firstOpenRun < runCount, have.contains(self.pieces(of: firstOpenRun)) { firstOpenRun += 1 }
    }

    /// When time alone may change what is to be done next.
    func nextChange(after now: Instant) -> Instant? {
        var next: Instant?
        func consider(_ moment: Instant) {
            if moment > now { next = min(next ?? moment, moment) }
        }
        for source in sources where !source.isLiar {
            consider(source.restsUntil)
            guard case .peer(let pieces) = source.role, pieces?.isFull != true else { continue }
            if !source.isAsked { consider(source.pollAt) }
            consider(pieces == nil ? began + settings.joinPatience : source.grewAt + patience)
        }
        return next
    }

    /// Some source might still give what is missing, now or after a rest.
    func hasSource(_ isAlive: (NodeID) -> Bool) -> Bool {
        sources.contains { source in
            guard !source.isLiar, source.failures < 4, isAlive(source.id) else { return false }
            switch source.role {
            case .whole: return true
            case .peer(let pieces): return pieces?.isFull == true
            }
        }
    }

    // MARK: Dividing the work

    private var runCount: Int { (geometry.count + runLength - 1) / runLength }

    private func pieces(of run: Int) -> Range<Int> {
        run * runLength..<min((run + 1) * runLength, geometry.count)
    }

    /// The first stretch of a run that is neither here nor under way.
    private func openPieces(of run: Int) -> Range<Int>? {
        let pieces = pieces(of: run)
        guard let start = closed.firstMissing(in: pieces) else { return nil }
        let end = closed.firstPresent(in: start..<pieces.upperBound) ?? pieces.upperBound
        return start..<end
    }

    /// Whose stripe a run is in: the group's in turn; the shares of absent ones go round those who are there.
    private func owner(of run: Int, among present: [NodeID]) -> NodeID {
        let first = group[run % group.count]
        return present.contains(first) ? first : present[run / group.count % present.count]
    }

    private var patience: Duration {
        min(max(settings.patience, longestWait * Int(settings.patienceFactor)), settings.longestPatience)
    }

    private func hasDroppedOut(_ source: Source, at now: Instant) -> Bool {
        guard source.failures < 2 else { return true }
        switch source.role {
        case .whole: return false
        case .peer(nil): return now >= began + settings.joinPatience
        case .peer(let pieces?): return !pieces.isFull && now >= source.grewAt + patience
        }
    }

    /// Less than this is not worth a fetch from a peer, unless it is all there is to fetch.
    private var leastRun: Int { max(1, runLength / 4) }

    /// A group together keeps a whole holder as busy as one node alone would: more at a time would only delay the
    /// moment when a run is whole and can be passed on.
    private var fetchesPerWhole: Int {
        max(2, min(settings.fetchesPerWhole, 3 * settings.fetchesPerWhole / group.count))
    }

    /// The whole holder with the least under way, then the most allowance left.
    private func mostToSpare(of ready: [Source], _ member: (NodeID) -> MemberFacts?) -> NodeID? {
        var best: (source: Source, remaining: ByteCount)?
        for source in ready {
            guard case .whole = source.role else { continue }
            let remaining = member(source.id)?.remaining ?? .zero
            if let best,
                best.source.underWay < source.underWay
                    || (best.source.underWay == source.underWay && best.remaining >= remaining)
            {
                continue
            }
            best = (source, remaining)
        }
        return best?.source.id
    }
}

extension Swarm.Source {
    func limit(_ perPeer: Int, _ perWhole: Int) -> Int {
        switch role {
        case .whole: perWhole
        case .peer: perPeer
        }
    }

    /// It may get more than it has.
    var isFilling: Bool {
        switch role {
        case .whole: false
        case .peer(let pieces): !isLiar && pieces?.isFull != true
        }
    }

    /// As much of a run, from its start, as this peer has.
    func part(of pieces: Range<Int>) -> Range<Int> {
        guard case .peer(let known?) = role else { return pieces.lowerBound..<pieces.lowerBound }
        return pieces.lowerBound..<(known.firstMissing(in: pieces) ?? pieces.upperBound)
    }
}
