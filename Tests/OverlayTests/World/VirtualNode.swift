import Allowance
import Catalogue
import Membership
import Overlay
import Primitives

/// One run of a node: what was under way in an earlier one concerns nobody any more.
struct Run: Hashable {
    let node: Int
    let number: Int
}

/// One machine of the virtual network. Only the disk, and the books that the world keeps, outlive a crash.
struct VirtualNode {
    /// What lives and dies with a run.
    struct Process {
        var overlay: Overlay
        var door: VirtualDoor
        var wakeAt: Instant?
        var hasLeft = false
    }

    let id: NodeID
    let place: Place?
    let share: ByteCount
    var freeDisk = ByteCount.gigabytes(8)
    var card: Verified<Card>
    var disk = VirtualDisk()
    var books = Books()
    var process: Process?
    /// How often it was started.
    var run = 0
    /// Its card names its own URL, and not somebody else's, who must not be bothered.
    var isHonest = true
    /// How often somebody asked there for proof.
    var askedForProof = 0
    /// Nodes reach those on their side.
    var side = 0
    /// It said good-bye before it went.
    var hasLeft = false
    /// It crashes when so many more actions have been performed.
    var actionsToCrash: Int?
    /// How long it then stays away.
    var absence = Duration.zero
    /// How many actions it has performed, in all runs.
    var performed = 0

    var isUp: Bool { process != nil }
}

/// What really left a node, by the start of the period it was paid in: kept by the world, not by the node.
struct Books {
    private var sent: [WallTime: ClassTotals] = [:]

    func sent(in period: Period) -> ClassTotals { sent[period.starts] ?? .zero }

    mutating func add(_ size: ByteCount, _ kind: TrafficClass, in period: Period) {
        sent[period.starts, default: .zero][kind] += size
    }
}
