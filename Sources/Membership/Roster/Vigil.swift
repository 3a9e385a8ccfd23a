public import Primitives

/// The watch over a member that this node sends many clients to: a dead one is found within two seconds, and costs a
/// thousandth of the bytes that clients were sent for.
///
/// Of `n` datagrams to a member that lives and their answers, `p` get lost: 19 % where each way loses a tenth, 36 %
/// where it loses a fifth. Probes are sent one by one; after one that is not answered in time three more follow, a
/// twentieth of a second apart, and when all four stay without an answer, which happens to a live member before p⁴ of the probes
/// (0.13 %, or 1.7 %), it is passed over until it answers, whatever it answers. From its death to then pass at most an
/// interval, two waits and a tenth of a second. At 2 Mbit/s, with a round trip of 300 ms, that is 0.5 + 2 · 0.41 + 0.1 =
/// 1.4 s, 1.6 s where a tenth is lost each way, and 1.8 s where a fifth is, since what repeats takes from the rest.
struct Vigil: Equatable, Sendable {
    /// A probe, its envelope, the seal, and the headers of UDP and IPv6.
    static let probeSize = ByteCount(7 + 46 + 48)
    /// What may be spent on probes of the bytes that clients are sent for: one part in so many.
    static let part = 1_000
    /// Not more often, however much clients are sent for.
    static let shortestInterval = Duration.milliseconds(500)
    /// Of what may be spent, this is kept beside what probes and their repetitions are expected to take.
    static let reserve = 1.05
    /// How much a probe says of how many are answered in time.
    static let learning = 1.0 / 32
    /// What may be saved for when more is lost than usual, in probes; and what is lent in the beginning, since who is
    /// watched was busy before.
    static let creditLimit = 64
    static let loan = 16
    /// A dead member is passed over so long after its last answer at the latest, unless there is nothing to pay with.
    static let promise = Duration.milliseconds(1_950)
    static let unansweredLimit = 4
    /// Until it is seen again whether there is anything to pay with.
    static let patience = Duration.milliseconds(250)
    /// Between probes once one is late.
    static let spacing = Duration.milliseconds(50)
    static let shortestWait = Duration.milliseconds(100)
    static let longestWait = Duration.milliseconds(500)
    /// Once nothing more was heard of clients for so long, nobody is sent there.
    static let lapse = Duration.seconds(3)
    /// After a member was passed over nobody is sent there, and nothing pays for probes. They become ever rarer.
    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(60)
    /// Members watched at a time: who sends clients to more is busy enough for their statuses to be fresh.
    static let limit = 64

    let member: ShortID
    /// When to probe next, or to give up.
    private(set) var due: Instant
    /// Probes since it was last heard.
    private(set) var unanswered = 0
    private(set) var isPassedOver = false
    private(set) var rate: ByteCount
    private var credit = ByteCount(Vigil.probeSize.bytes * Int64(Vigil.loan))
    private var busyUntil: Instant
    private var pause = Vigil.firstPause
    private var lastBegun: Instant
    private var sendings: [Silence.Sending] = []
    private var roundTrips = RoundTrips()
    /// The first answer may have had to wait until the ends had shown each other that they are there.
    private var isAcquainted = false
    /// The part of regular probes that was not answered in time, lately.
    private var lateness = 0.0

    private static let sendingsKept = 8

    enum Step: Equatable {
        case probe
        /// Send a probe, and nobody there.
        case passOver
        case end
    }

    init(over member: ShortID, at now: Instant) {
        self.member = member
        due = now
        busyUntil = now
        lastBegun = now
        rate = .zero
    }

    /// Clients were sent there.
    mutating func paid(_ size: ByteCount, perSecond rate: ByteCount, at now: Instant) {
        self.rate = rate
        busyUntil = now + Self.lapse
        let limit = Self.probeSize.bytes * Int64(Self.creditLimit)
        credit = ByteCount(min(limit, credit.bytes + max(0, size.bytes) / Int64(Self.part)))
    }

    /// What is due now, if anything.
    mutating func next(at now: Instant, knownRoundTrip: Duration?) -> Step? {
        guard due <= now else { return nil }
        if isPassedOver {
            due = now + pause
            pause = min(pause * 2, Self.longestPause)
            credit = max(.zero, credit - Self.probeSize)
            return .probe
        }
        if unanswered >= Self.unansweredLimit {
            isPassedOver = true
            due = now + pause
            return .passOver
        }
        guard unanswered > 0 || now < busyUntil else { return .end }
        // What nobody pays for is not sent; and what is begun must be paid to its end.
        if unanswered == 0, credit.bytes < Self.probeSize.bytes * Int64(Self.unansweredLimit) {
            due = now + Self.patience
            return nil
        }
        credit -= Self.probeSize
        unanswered += 1
        if unanswered == 1 { lastBegun = now }
        if unanswered == 2 { lateness += (1 - lateness) * Self.learning }
        let isWaiting = unanswered == 1 || unanswered == Self.unansweredLimit
        due = now + (isWaiting ? wait(roundTrips.median ?? knownRoundTrip) : Self.spacing)
        return .probe
    }

    mutating func sent(_ number: UInt32, at now: Instant) {
        if sendings.count == Self.sendingsKept { sendings.removeFirst() }
        sendings.append(Silence.Sending(number: number, at: now))
    }

    /// Something came from the member; true when it was passed over until now.
    mutating func heard(at now: Instant) -> Bool {
        guard unanswered > 0 else { return false }
        let wasPassedOver = isPassedOver
        if unanswered == 1 { lateness -= lateness * Self.learning }
        unanswered = 0
        isPassedOver = false
        pause = Self.firstPause
        due = max(now, lastBegun + interval)
        return wasPassedOver
    }

    /// The answer to one of its probes: the round trip, if it tells that.
    mutating func answered(_ number: UInt32, at now: Instant) -> Duration? {
        guard let place = sendings.firstIndex(where: { $0.number == number }) else { return nil }
        let roundTrip = now - sendings.remove(at: place).at
        defer { isAcquainted = true }
        guard isAcquainted else { return nil }
        roundTrips.add(roundTrip)
        return roundTrip
    }

    /// This node itself stood still: the answers may lie unread.
    mutating func forgive(at now: Instant) {
        if due < now, unanswered > 0 { due = now + Self.longestWait }
    }

    /// A quarter of a round trip more, and the stall of a busy machine.
    private func wait(_ roundTrip: Duration?) -> Duration {
        guard let roundTrip else { return Self.longestWait }
        return min(max(roundTrip * 5 / 4 + .milliseconds(30), Self.shortestWait), Self.longestWait)
    }

    /// Between regular probes, after what may be spent.
    private var interval: Duration {
        let seconds = Double(Self.probeSize.bytes * Int64(Self.part)) / Double(max(1, rate.bytes)) * Self.reserve
        let repeating = 1 + lateness * Double(Self.unansweredLimit - 1)
        // Where probes are paid for that keep the promise, what is saved lasts while more than usual is lost.
        let latest = (Self.promise - wait(roundTrips.median) * 2 - Self.spacing * 2) / .seconds(1)
        let interval = seconds <= latest ? min(seconds * repeating, latest) : seconds * repeating
        return max(Self.shortestInterval, .seconds(min(interval, 60)))
    }
}

extension Roster {
    /// Whether clients are not to be sent to this member for now, whatever others say of it: many were, and it answers
    /// none of this node's probes.
    public func isPassedOver(_ id: NodeID) -> Bool {
        guard let place = place(ofVigil: id.short) else { return false }
        return vigils[place].isPassedOver
    }

    private func place(ofVigil member: ShortID) -> Int? {
        let place = vigils.partitioningIndex { $0.member >= member }
        return place < vigils.count && vigils[place].member == member ? place : nil
    }

    /// Clients were sent to a member.
    mutating func watch(_ id: NodeID, _ size: ByteCount, perSecond rate: ByteCount, at now: Instant) {
        guard let index = table.index(of: id), table.members.isPresent(index) else { return }
        let member = id.short
        if place(ofVigil: member) == nil {
            guard makeRoomForVigil(worth: rate) else { return }
            vigils.insert(Vigil(over: member, at: now), at: vigils.partitioningIndex { $0.member >= member })
        }
        guard let place = place(ofVigil: member) else { return }
        vigils[place].paid(size, perSecond: rate, at: now)
    }

    /// The least busy gives way to a busier one, unless it is passed over.
    private mutating func makeRoomForVigil(worth rate: ByteCount) -> Bool {
        guard vigils.count >= Vigil.limit else { return true }
        let idlest = vigils.indices.filter { !vigils[$0].isPassedOver }.min { vigils[$0].rate < vigils[$1].rate }
        guard let idlest, vigils[idlest].rate < rate else { return false }
        vigils.remove(at: idlest)
        return true
    }

    /// Whatever is due to those who are watched.
    mutating func keepVigils(at now: Instant, _ effects: inout Effects) {
        guard vigils.contains(where: { $0.due <= now }) else { return }
        for vigil in vigils where vigil.due <= now {
            guard let place = place(ofVigil: vigil.member) else { continue }
            guard let index = table.index(of: vigil.member), table.members.isPresent(index) else {
                // Dead for all, or gone: nobody is sent there anyway.
                vigils.remove(at: place)
                continue
            }
            switch vigils[place].next(at: now, knownRoundTrip: table[edge: index].roundTrips.median) {
            case .probe: probe(vigil: place, index, at: now, &effects)
            case .passOver:
                effects.changed(table.members.id(index))
                probe(vigil: place, index, at: now, &effects)
            case .end: vigils.remove(at: place)
            case nil: break
            }
        }
    }

    private mutating func probe(vigil place: Int, _ index: Int, at now: Instant, _ effects: inout Effects) {
        let number = nextNumber()
        vigils[place].sent(number, at: now)
        effects.append(.send(Envelope(.probe(number: number)), to: table.members.id(index)))
    }

    /// Something came from a member.
    mutating func heardInVigil(_ index: Int, at now: Instant, _ effects: inout Effects) {
        guard let place = place(ofVigil: table.members.ids[index]) else { return }
        if vigils[place].heard(at: now) { effects.changed(table.members.id(index)) }
    }

    /// The answer to a probe of a vigil: a round trip like any other.
    mutating func vigilAnswered(_ number: UInt32, _ index: Int, saying coordinate: Coordinate?, at now: Instant) {
        guard let place = place(ofVigil: table.members.ids[index]),
            let roundTrip = vigils[place].answered(number, at: now)
        else { return }
        measured(roundTrip, index, saying: coordinate, at: now)
    }

    mutating func forgiveVigils(at now: Instant) {
        for place in vigils.indices { vigils[place].forgive(at: now) }
    }
}
