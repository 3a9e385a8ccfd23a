/// What can go wrong in a swarm's worlds. Each is on in about half of them, whatever the others are.
enum SwarmFault: String, CaseIterable, Sendable {
    // Wires.
    case loss
    case duplication
    case reordering
    case jitter
    case partition
    case oneWayPartition = "one-way-partition"
    // Machines.
    case crash
    /// Between two actions, soon after something was asked of the node.
    case crashBetweenActions = "crash-between-actions"
    case pause
    /// A node goes and never comes back.
    case death
    // Disks.
    case slowDisk = "slow-disk"
    case fullDisk = "full-disk"
    case tornWrites = "torn-writes"
    // Clocks.
    case clockJump = "clock-jump"
    // Members.
    case join
    case leave
    case understatedSpend = "understated-spend"
    case badPieces = "bad-pieces"
    case foreignURL = "foreign-url"
    // People.
    case withdrawal
    case expiry
    case narrowing
    case denial
    case flashCrowd = "flash-crowd"
}
