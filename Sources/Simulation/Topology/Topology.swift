/// A world to simulate: its nodes, wires, clients, files, what is asked for, and what goes wrong.
///
/// A plain value with defaults for everything, so that tests and swarms write one without a file; groups of nodes are
/// written out, and nodes are named by their position in `nodes`. Together with a seed it determines a run.
public struct Topology: Equatable, Sendable {
    public var name = ""
    /// One sentence on what it shows.
    public var summary = ""
    public var nodes: [Node] = []
    public var links = Links()
    /// Where clients are. None where nobody asks for anything.
    public var clients: [Region] = []
    public var files: [File] = []
    public var demand = Demand()
    public var faults: [Fault] = []
    /// A fixed interval between pulses; nothing where the controller sets it.
    public var pulse: Duration?
    /// How long a run is, if nobody says otherwise.
    public var length: Duration = .seconds(86_400)
    /// The seed of a run, if nobody says otherwise.
    public var seed: UInt64 = 1

    public init() {}

    /// Nodes in one world at most: as many as a member table holds, and the node itself (DESIGN, *Views*).
    public static let nodeLimit = 10_000
    /// Files in one world at most.
    public static let fileLimit = 100_000
    /// Places of clients in one world at most.
    public static let regionLimit = 10_000
    /// Faults in one world at most, those that recur counted once.
    public static let faultLimit = 10_000
    /// The longest run: as long as a year, so that no sum of times overflows.
    public static let longest = Duration.seconds(366 * 86_400)
}
