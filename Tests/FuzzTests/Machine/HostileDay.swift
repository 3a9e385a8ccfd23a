import Allowance
import Catalogue
import Membership
import Overlay
@_spi(Verification) import Primitives
import Routing

/// A day in the life of one node among members who sign anything: what each input decides is who says what when, and
/// what the node's own shell reports.
///
/// Nothing here is malformed or forged. Members say what the wire can carry, signed by whom it names; the shell keeps
/// its own promises (no piece is stored that was not fetched, nobody answers twice). All else may happen.
struct HostileDay {
    static let memberCount = 12
    static let ids: [NodeID] = (0..<UInt64(memberCount)).map { number in
        NodeID(Bytes32(Generator.mix(number + 1), number, 0, 0))
    }
    static let own = ids[5]
    static let others = ids.filter { $0 != own }
    static let dawn = WallTime(milliseconds: 1_790_000_000_000)

    var choices: Choices
    var overlay: Overlay
    var router: Router
    var now = Instant(nanoseconds: 1_000_000_000)
    var wall = dawn

    // What is under way between the node and its shell.
    var calls: [(id: CallID, request: PeerRequest)] = []
    var drafts: [Draft] = []
    var fetches: [(id: FetchID, file: FileID, pieces: Range<Int>)] = []
    var preparing: [FileID] = []
    var completing: [FileID] = []
    var proving: [NodeID] = []
    /// What this node has signed: nobody else can, but anybody can repeat it.
    var said: [News] = []
    var announced: [Announcement] = []
    /// The numbers, the epoch and the digests that this node's last datagrams named.
    var numbers: [UInt32] = []
    var epoch: UInt32 = 0
    var mentions: [UInt32] = []
    var requests: UInt64 = 0
    var hasLeft = false

    static let rosterSettings: Roster.Settings = {
        var settings = Roster.Settings(pulse: .seconds(60))
        settings.memberLimit = 9
        settings.viewLimit = 5
        settings.guestLimit = 3
        settings.errandLimit = 4
        return settings
    }()
    static let limits: Curator.Limits = {
        var limits = Curator.Limits()
        limits.files = 6
        limits.cached = 2
        limits.negatives = 2
        limits.lookUps = 2
        limits.postings = 2
        limits.holders = 4
        limits.pulls = 2
        limits.fetches = 3
        limits.relays = 3
        limits.announced = 3
        return limits
    }()
    static let terms = Terms(share: .gigabytes(8))
    static let period = Period(starts: dawn, ends: dawn + .seconds(86_400))

    init(_ bytes: [UInt8]) {
        choices = Choices(bytes)
        let seed = UInt64(choices.byte())
        overlay = Overlay(
            roster: Roster(
                own: Verified(checked: Self.card(of: Self.own, version: 1)), known: [], lastVersion: 0,
                settings: Self.rosterSettings, generator: Generator(seed: seed)),
            curator: Curator(
                own: Self.own, holdings: [], policy: Policy(), generator: Generator(seed: seed), limits: Self.limits),
            ledger: Ledger(terms: Self.terms, period: Self.period, restored: nil), terms: Self.terms)
        router = Router(own: Self.own, generator: Generator(seed: seed))
    }

    /// Lives through the day.
    /// - Throws: `Finding`
    mutating func live() throws {
        try deliver(.measured(freeDisk: .gigabytes(100), load: 0))
        try deliver(.remaining(.gigabytes(5)))
        try deliver(.start(wall))
        var events = 0
        while !choices.isExhausted, events < 2000 {
            events += 1
            try happen()
        }
        try comeToRest()
    }

    private mutating func happen() throws {
        switch choices.below(16) {
        case 0, 1: try passTime()
        case 2: try deliver(.wake)
        case 3, 4, 5: try receiveDatagram()
        case 6, 7, 8: try beAsked()
        case 9, 10: try beAnswered()
        case 11, 12: try signDraft()
        case 13, 14: try reportTransfer()
        default: try reportMachine()
        }
    }

    // MARK: Time

    private mutating func passTime() throws {
        let spans: [Duration] = [
            .zero, .nanoseconds(1), .milliseconds(1), .milliseconds(300), .seconds(1), .seconds(10), .seconds(61),
            .seconds(700), .seconds(7 * 3600), .seconds(40 * 86_400),
        ]
        if choices.bool(), let deadline = overlay.nextDeadline {
            let wait = max(.zero, deadline - now)
            now = now + wait
            wall = wall + wait
            try deliver(.wake)
        } else {
            let span = choices.pick(spans)
            now = now + span
            wall = wall + span
            if choices.bool() { try deliver(.wake) }
        }
    }

    /// Nothing more comes in: the node may work off what it has to do, and then has to wait for something.
    private mutating func comeToRest() throws {
        for _ in 0..<300 {
            guard let deadline = overlay.nextDeadline else { return }
            now = max(now, deadline)
            try deliver(.wake)
            guard let next = overlay.nextDeadline else { return }
            if next > now { continue }
            // A few rounds at one moment are order, many are a loop that never sleeps.
            var rounds = 0
            while let due = overlay.nextDeadline, due <= now {
                rounds += 1
                try claim(rounds < 20, "woken \(rounds) times at one moment, it wants to be woken again")
                try deliver(.wake)
            }
        }
    }

    // MARK: The node

    mutating func deliver(_ event: Overlay::Event) throws {
        var actions: [Overlay::Action] = []
        overlay.handle(event, at: now, into: &actions)
        try claim(actions.count < 500, "\(actions.count) actions after one event")
        for action in actions { try perform(action) }
        try claimBounds()
    }

    private mutating func perform(_ action: Overlay::Action) throws {
        switch action {
        case .persist(_, let then): for action in then { try perform(action) }
        case .send(let envelope, let receiver):
            let bytes = envelope.wireBytes
            try claim(bytes.count <= Envelope.limit, "a datagram of \(bytes.count) bytes")
            try claim((try? Envelope(wireBytes: bytes)) == envelope, "a datagram that others cannot read: \(envelope)")
            try claim(receiver != Self.own, "a datagram to itself")
            listen(to: envelope.message)
        case .call(let id, let request, let receiver):
            try claim(
                (try? PeerRequest(wireBytes: request.wireBytes)) == request,
                "a request that others cannot read: \(request)")
            try claim(request.wireBytes.count <= 256 << 10, "a request of \(request.wireBytes.count) bytes")
            try claim(receiver != Self.own, "a request to itself: \(request)")
            try claim(!calls.contains { $0.id == id }, "two calls of one number")
            calls.append((id, request))
        case .answer(_, let answer):
            try claim(
                (try? PeerAnswer(wireBytes: answer.wireBytes)) == answer, "an answer that others cannot read: \(answer)"
            )
        case .sign(let draft): drafts.append(draft)
        case .fetch(let id, let file, let pieces, let source):
            try claim(!pieces.isEmpty, "an empty fetch")
            try claim(source != Self.own, "a fetch from itself")
            fetches.append((id, file, pieces))
        case .prepare(let manifest): preparing.append(manifest.file)
        case .complete(let file): completing.append(file)
        case .prove(let member): proving.append(member)
        case .route(let change): router.apply(change)
        default: break
        }
    }

    /// What those who got it know.
    private mutating func listen(to message: Message) {
        switch message {
        case .pulse(let pulse), .pulseReply(let pulse):
            numbers.append(pulse.number)
            epoch = pulse.carriage.epoch
            if !pulse.mentions.isEmpty { mentions = pulse.mentions }
        case .probe(let number), .indirectProbe(let number, _), .suspicion(let number, _): numbers.append(number)
        case .probeReply, .indirectReply, .indirectFailure, .buckets, .rows, .tidings: break
        }
        if numbers.count > 8 { numbers.removeFirst() }
    }

    private func claimBounds() throws {
        let (roster, curator) = (overlay.roster, overlay.curator)
        try claim(roster.members.count <= Self.rosterSettings.memberLimit, "\(roster.members.count) members")
        let neighbours = Self.rosterSettings.viewLimit + Self.rosterSettings.guestLimit
        try claim(roster.neighbours.count <= neighbours, "\(roster.neighbours.count) neighbours")
        try claim(curator.routes.count <= Self.limits.files + Self.hoard.count, "\(curator.routes.count) routes")
        try claim(fetches.count <= Self.limits.fetches, "\(fetches.count) fetches under way")
    }
}
