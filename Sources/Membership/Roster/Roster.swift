public import Primitives

/// Who is in the network, what they last said about themselves, and whether they are alive.
///
/// A pure machine: events and the time go in, actions come out. It never acts by itself; whoever runs it performs the
/// actions in order, delivers `.wake` when `nextDeadline` has come, and answers every `.sign` with `.signed`.
///
/// How it works, in one breath: with every member of the active view there is one exchange of pulses per interval. A
/// pulse carries what the other has not acknowledged of this node's change log; its reply, the same the other way.
/// Urgent news go to all neighbours at once, and on from there. Who does not reply is asked again, then through helpers (SWIM: Das,
/// Gupta and Motivala, 2002), then told of the suspicion, which it answers, or, where answers are in vain, refutes with a
/// status of a higher version; if it stays silent, this node signs a verdict, and enough verdicts make it dead.
public struct Roster: Sendable {
    public enum Event: Equatable, Sendable {
        /// Begin: take a version, say who is here. Comes once, after a first `.measured`.
        case start(WallTime)
        /// The next deadline has come.
        case wake
        /// What the calendar says now.
        case wallClock(WallTime)
        /// A datagram from a member. News that could not be checked were left out of it.
        case received(Verified<Envelope>, from: NodeID)
        /// News that came otherwise, and are to be passed on: the card of a node that was admitted here, an
        /// introduction.
        case told([Verified<News>])
        /// The whole table of another member, the answer to an introduction: taken in, not passed on.
        case table([Verified<News>])
        /// What `.sign` asked for.
        case signed(Verified<News>)
        /// This node joined a network: its new own card, and the table it was handed.
        case admitted(Verified<Card>, [Verified<News>])
        /// This node's own new card, kept on disk already.
        case renewed(Verified<Card>)
        /// What this node gives in a month, which the overlay's part follows from.
        case granted(monthly: ByteCount)
        /// Facts about this node. They become a status when their quantised values change.
        case measured(remaining: ByteCount, load: UInt8, freeDisk: ByteCount)
        /// Clients were sent to this member: so much since that was last told, and so much a second for a while now. To
        /// be told every second or so while it is worth a watch.
        case redirected(to: NodeID, ByteCount, perSecond: ByteCount)
        /// Say good-bye.
        case leave
    }

    public enum Action: Equatable, Sendable {
        case send(Envelope, to: NodeID)
        /// Tell this member over HTTP who this node is, since it may not know the key yet; and ask for its table, where
        /// that is wanted. The answer comes back as `.table`; without one nothing need be said.
        case introduce(to: NodeID, wantsTable: Bool = true)
        /// Sign this draft; it comes back as `.signed`, drafts in their order.
        case sign(News)
        indirect case persist([MemberRecord], then: [Action])
        /// Nothing was known of this member before: look it up.
        case joined(NodeID)
        /// This member's card, status or condition changed, or whether it is passed over, or it was forgotten: look it
        /// up.
        case changed(NodeID)
    }

    public internal(set) var settings: Settings
    var table: Table
    var view = View()
    /// Somebody came or went since the view was drawn.
    var isViewStale = false
    var reviewDue: Instant?
    /// When something is due on an edge.
    private var exchangeDue: Instant?
    var controller: Controller
    /// What the controller says.
    var tempo: Duration
    var flood = Flood()
    var voice: Voice
    var errands: [Errand] = []
    var introduction: Introduction?
    var deadProbeDue: Instant?
    /// When a member of another side of a partition last came back.
    var reunited: Instant?
    /// The last reading of the calendar, and when it was taken.
    var calendar: (wallTime: WallTime, at: Instant)?
    var vivaldi: Vivaldi
    /// So far, since it last said where it stands, that the others should know.
    var hasMoved = false
    var excursion = Excursion()
    /// In order of the members' ids.
    var vigils: [Vigil] = []
    var health = LocalHealth()
    var generator: Generator
    private var lastNumber: UInt32

    /// - Parameters:
    ///   - known: what was persisted, in any order; this node's own card may be among it.
    ///   - lastVersion: the highest own version persisted, 0 if none.
    public init(
        own: Verified<Card>, known: [Verified<News>], lastVersion: UInt64, settings: Settings, generator: Generator
    ) {
        self.settings = settings
        self.generator = generator
        table = Table(own: Member(card: own, since: .zero))
        vivaldi = Vivaldi(place: own.value.place, generator: self.generator.split())
        controller = Controller(monthly: own.value.share, quartile: own.value.share)
        tempo = controller.interval(edges: 0)
        voice = Voice(lastVersion: lastVersion)
        lastNumber = UInt32(truncatingIfNeeded: self.generator.next())
        restore(known)
    }

    public mutating func handle(_ event: Event, at now: Instant, into actions: inout [Action]) {
        forgiveOwnPause(at: now)
        var effects = Effects()
        switch event {
        case .start(let wallTime): start(wallTime, at: now, &effects)
        case .wake: break
        case .wallClock(let wallTime): calendar = (wallTime, now)
        case .received(let envelope, let sender): receive(envelope, from: sender, at: now, &effects)
        case .told(let news): take(news, .passOn(from: nil), at: now, &effects)
        case .table(let news):
            introduction = nil
            take(news, .keep, at: now, &effects)
        case .signed(let news): signed(news, at: now, &effects)
        case .admitted(let card, let news): admitted(card, news, at: now, &effects)
        case .renewed(let card): renewed(card, at: now, &effects)
        case .measured(let remaining, let load, let freeDisk):
            voice.facts = Voice.Facts(
                remaining: QuarterPower(remaining), load: min(load, Status.heaviestLoad),
                freeDisk: QuarterPower(freeDisk))
        case .redirected(let member, let size, let rate): watch(member, size, perSecond: rate, at: now)
        case .granted(let monthly):
            controller.monthly = monthly
            retune()
        case .leave: leave(at: now, &effects)
        }
        advance(at: now, &effects)
        exchangeDue = table.nextDeadline
        effects.append(to: &actions)
    }

    /// When `.wake` is due.
    public var nextDeadline: Instant? {
        guard voice.isSpeaking else { return nil }
        var next: Instant?
        func consider(_ due: Instant?) {
            if let due { next = min(next ?? due, due) }
        }
        consider(exchangeDue)
        consider(deadProbeDue)
        consider(introduction?.due)
        consider(statusDue)
        consider(reviewDue)
        consider(flood.due)
        consider(excursion.due)
        consider(errandDue)
        for vigil in vigils { consider(vigil.due) }
        return next
    }

    public var own: Member { table.own }

    /// Who else speaks with this node's key, as far as it was heard.
    public var twin: Twin? { voice.twins.twin }

    /// The others, the dead and those who left among them, in order of their ids.
    public var members: some RandomAccessCollection<Member> { table.members }

    public var memberCount: Int { table.members.count }

    /// A member or this node itself.
    public subscript(id: NodeID) -> Member? {
        id == own.id ? own : table.index(of: id).map { table.members[$0] }
    }

    /// Whether a member's card is known, or it is this node's own.
    public func knows(_ id: ShortID) -> Bool { table.isKnown(id) }

    /// The whole table, this node included, all cards first: what a newcomer is handed.
    public var news: [News] {
        let all = ([own.id.short] + table.members.ids).map { table.news(of: $0).map(\.value) }
        return all.map { $0[0] } + all.flatMap { $0.dropFirst() }
    }

    /// Whether there are others, and none of those this node exchanges pulses with answers.
    public var isCutOff: Bool {
        let isHeard = view.members.contains { id in
            table.index(of: id).map { table.members.conditions[$0] == .alive } ?? false
        }
        return !isHeard && table.members.conditions.contains { $0 != .left }
    }

    /// Round trips that this node's coordinate was learnt from, in this run.
    public var roundTripsMeasured: Int { vivaldi.count }

    /// The members this node exchanges pulses with, in order of their ids.
    public var neighbours: [NodeID] { view.members }

    /// The calendar, as far as it was read.
    func wallTime(at now: Instant) -> WallTime {
        guard let calendar else { return WallTime(milliseconds: 0) }
        return calendar.wallTime + (now - calendar.at)
    }

    mutating func nextNumber() -> UInt32 {
        lastNumber &+= 1
        return lastNumber
    }

    /// A random part of a duration.
    mutating func part(of duration: Duration) -> Duration {
        .nanoseconds(Int64.random(in: 0...max(0, duration.wholeNanoseconds), using: &generator))
    }
}

/// What one event leads to, gathered so that it comes out in a useful order: what is to be kept, then what changed, so
/// that the keys of new members are known before something is sent to them, then the rest.
struct Effects {
    var records: [MemberRecord] = []
    private var changes: [Roster.Action] = []
    private var isChanged: Set<NodeID> = []
    private var actions: [Roster.Action] = []

    mutating func joined(_ id: NodeID) {
        if isChanged.insert(id).inserted { changes.append(.joined(id)) }
    }

    mutating func changed(_ id: NodeID) {
        if isChanged.insert(id).inserted { changes.append(.changed(id)) }
    }

    mutating func append(_ action: Roster.Action) { actions.append(action) }

    func append(to actions: inout [Roster.Action]) {
        if !records.isEmpty { actions.append(.persist(records, then: [])) }
        actions += changes
        actions += self.actions
    }
}
