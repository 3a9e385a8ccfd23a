internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

/// One run of a node: what was under way in an earlier one concerns nobody any more.
struct Run: Hashable {
    let node: Int
    let number: Int
}

/// One machine of the virtual network. Only the disk, and the books that the world keeps, outlive a crash.
///
/// It is large, and asked something at every event: a class, so that nothing of it is ever copied.
final class VirtualNode {
    /// What lives and dies with a run.
    final class Process {
        var overlay: Overlay
        var door: VirtualDoor
        /// Whose signatures can be checked here, by their places in the world.
        var keys = BitRow(count: 0)
        /// Who has shown in this run that it is met at the URL that its card names.
        var proven = BitRow(count: 0)
        var clock: TrustedClock
        var turn = PeriodTurn()
        /// When the leases were looked at last.
        var reviewed: Instant
        var wakeAt: Instant?
        var hasLeft = false

        init(overlay: Overlay, door: VirtualDoor, clock: TrustedClock, reviewed: Instant) {
            self.overlay = overlay
            self.door = door
            self.clock = clock
            self.reviewed = reviewed
        }
    }

    let id: NodeID
    let machine: Topology.Node
    let station: Station
    /// Room for copies of others' files.
    var freeDisk: ByteCount
    var card: Verified<Card>
    /// What it draws for its wires, disk and runs: no other node's draws shift these.
    var chance: Generator
    /// How far its wall clock is ahead of the world's.
    var clockError: Duration
    var honesty: Topology.Honesty
    var troubles = Troubles()
    var traffic = Traffic()
    var uplink: Uplink
    var datagramQueue = DatagramQueue()
    /// What came while it stood still.
    var held = Held()
    var disk = VirtualDisk()
    var books = Books()
    /// Of each crash.
    var wastes: [Waste] = []
    var process: Process?
    /// How often it was started.
    var run = 0
    /// How often somebody asked there for proof.
    var askedForProof = 0
    /// Nodes reach those on their side.
    var side = 0
    /// Who handed it its first table; nothing where it was there from the beginning.
    var inviter: Int?
    /// A fault stopped it, and starts it again when it is over.
    var isStopped = false
    /// It said good-bye before it went.
    var hasLeft = false
    /// It never comes back, and its disk neither.
    var isGone = false
    /// What its disk lost, and has not got whole again.
    var damaged: Set<FileID> = []
    /// The latest period that began here, by any clock.
    var lastPeriod: Period?
    /// It crashes when so many more actions have been performed.
    var actionsToCrash: Int?
    /// It crashes when so many more pieces have come that a crash would tear.
    var piecesToCrash: Int?
    /// How long it then stays away.
    var absence = Duration.zero
    /// How many actions it has performed, in all runs.
    var performed = 0

    init(id: NodeID, machine: Topology.Node, access: Duration, card: Verified<Card>, chance: Generator) {
        self.id = id
        self.machine = machine
        self.card = card
        self.chance = chance
        freeDisk = machine.disk
        clockError = machine.clockSkew
        honesty = machine.honesty
        uplink = Uplink(capacity: machine.uplink)
        station = Station(word: id.short.word, place: machine.place, host: machine.host, access: access)
    }

    var isUp: Bool { process != nil }
    var place: Place? { machine.place }
    var share: ByteCount { machine.share }
}

/// What a crash cost the account, and what bounds it: the most that was sent of each class in a second, of those within
/// which leases that are left of a burst are lowered.
struct Waste {
    let size: ClassTotals
    let busiest: ClassTotals
}

/// What really left a node, by the start of the period it was paid in: kept by the world, not by the node.
struct Books {
    private var sent: [WallTime: ClassTotals] = [:]
    /// The last period that something was sent in, and what: nearly all is added there.
    private var current = (period: WallTime(milliseconds: .min), sent: ClassTotals.zero)
    private var recent: [(at: Instant, kind: TrafficClass, size: ByteCount)] = []

    /// Over which the busiest second is looked for: what was leased within it is looked at twice afterwards.
    private static let memory = Conditions.usualRhythm * 2 + .seconds(1)

    func sent(in period: Period) -> ClassTotals {
        period.starts == current.period ? current.sent : sent[period.starts] ?? .zero
    }

    mutating func add(_ size: ByteCount, _ kind: TrafficClass, in period: Period, at now: Instant) {
        if period.starts != current.period {
            sent[current.period] = current.sent
            current = (period.starts, sent[period.starts] ?? .zero)
        }
        current.sent[kind] += size
        recent.append((now, kind, size))
        if let first = recent.first, now - first.at > Self.memory * 2 {
            recent.removeAll { now - $0.at > Self.memory }
        }
    }

    /// Class by class, the most that was sent within a second.
    func busiest(before now: Instant) -> ClassTotals {
        var most = ClassTotals.zero
        var second = ClassTotals.zero
        var first = recent.startIndex
        for entry in recent where now - entry.at <= Self.memory {
            second[entry.kind] += entry.size
            while entry.at - recent[first].at > .seconds(1) {
                if now - recent[first].at <= Self.memory { second[recent[first].kind] -= recent[first].size }
                first += 1
            }
            most = most.max(second)
        }
        return most
    }
}
