internal import Primitives

/// Random worlds, each from its seed: what a person would not think of goes wrong in them, and all checkers look on.
public struct Swarm: Sendable {
    /// What came of one seed.
    public struct Outcome: Sendable {
        public let seed: UInt64
        /// What went wrong in this world, by name.
        public let faults: [String]
        /// Broken promises: checker, virtual time, node, and what happened. None where all went well.
        public let failures: [String]
        /// The name of the checker that failed first.
        public let checker: String?
        /// Of the journal: one line for each happening and action, with all that it says.
        public let digest: UInt64
        public let lines: Int
        public let nodes: Int
        /// How much virtual time passed.
        public let length: Duration
        /// From healing to peace; nothing where that did not come.
        public let peace: Duration?
        /// All that happened, in words, where it was asked for.
        public let log: [String]

        /// The one command that shows what happened.
        public var command: String { "node simulate --swarm --seeds \(seed) --log" }

        /// What there is to say of the seed in one line, the same in every process.
        public var line: String {
            let word = String(digest, radix: 16)
            let digest = String(repeating: "0", count: 16 - word.count) + word
            return "\(seed) \(digest) \(lines) \(checker ?? "ok")"
        }
    }

    /// Every checker, by name.
    public static var checkers: [String] {
        (Checkers.names + [EqualTables.name, Discovery.name, Removal.name, Replication.name]).sorted()
    }

    /// Every fault, by name. Each is on in about half of the seeds.
    public static var faults: [String] { SwarmFault.allCases.map(\.rawValue) }

    /// The world of a seed, without what people do in it.
    public static func world(seed: UInt64) -> Topology { SwarmWorld(seed: seed).topology }

    /// What goes wrong in the world of a seed, by name.
    public static func faults(seed: UInt64) -> [String] { SwarmWorld(seed: seed).faults.map(\.rawValue) }

    /// Lives through the world of a seed.
    public static func run(seed: UInt64, isLogging: Bool = false) -> Outcome {
        let world = SwarmWorld(seed: seed)
        var story = SwarmStory(world, isLogging: isLogging)
        story.tell()
        let network = story.network
        let journal = network.journal ?? Journal()
        return Outcome(
            seed: seed, faults: world.faults.map(\.rawValue), failures: network.violations.map(\.description),
            checker: network.violations.first?.checker, digest: journal.digest, lines: journal.lines,
            nodes: network.nodes.count, length: network.now - .zero, peace: story.peace, log: network.log)
    }

    /// Lives through the worlds of these seeds, one after the other, until `isEnough`.
    public static func run(seeds: ClosedRange<UInt64>, until isEnough: (Outcome) -> Bool = { _ in false }) -> [Outcome]
    {
        var outcomes: [Outcome] = []
        for seed in seeds {
            let outcome = run(seed: seed)
            outcomes.append(outcome)
            if isEnough(outcome) { break }
        }
        return outcomes
    }
}
