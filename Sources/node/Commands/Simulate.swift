import ArgumentParser
import Foundation
import Primitives
import Simulation

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a virtual network, and say what came of it.",
        discussion: """
            A topology describes a world: its nodes and where they are, what they give, the ways between them, what \
            people ask for, and what goes wrong. In it run the very nodes that `node run` runs, in virtual time: a month \
            of sixty nodes takes minutes. The folder topology/ has some worlds, and says in README.md how to write one.

            The same topology and seed give the same world, every time. With --json, what is printed depends on nothing \
            else; how long it took, and how much memory, is said on standard error. The command fails when a promise \
            was broken in the world, such as that no node ever sends more than its share.

            With --swarm, a random world is drawn from each seed, in which much goes wrong; then a part of it is healed, \
            and must be at peace. Each is lived through twice, in two processes, which must say the same of it.

            Examples:
              node simulate topology/bloggers.yaml
              node simulate topology/festival.yaml --seed 7 --days 2 --report festival.html
              node simulate --swarm --seeds 1-1000
            """)

    @Argument(help: ArgumentHelp("The topology file.", valueName: "topology"))
    var topology: String?

    @Option(
        help: ArgumentHelp("What all chance in the world is drawn from. Default: as the file says.", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("How long to run it, in virtual days. Default: as the file says.", valueName: "days"))
    var days: Double?

    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var json = false

    @Option(
        help: ArgumentHelp("Also write a page for a browser, with plots and a map, to this file.", valueName: "file"))
    var report: String?

    @Flag(help: "Live through a random world for each of --seeds, instead of one topology.")
    var swarm = false

    @Option(help: ArgumentHelp("With --swarm: which seeds, such as 7 or 1-1000.", valueName: "seeds"))
    var seeds: SeedRange?

    @Flag(help: "With --swarm and one seed: print all that happens in its world.")
    var log = false

    @Flag(help: .hidden)
    var once = false

    private static let mostDays = 366.0
    /// The bar is told no more often: virtual seconds pass fast.
    private static let refreshInterval = Duration.milliseconds(50)

    func validate() throws {
        if let days, !(days > 0 && days <= Self.mostDays) {
            throw ValidationError("--days is a number above 0 and up to \(Int(Self.mostDays)), such as 30 or 0.5.")
        }
        if swarm {
            guard topology == nil, seed == nil, days == nil, report == nil, !json else {
                throw ValidationError("--swarm draws whole worlds from seeds: give nothing beside it but --seeds.")
            }
            guard let seeds else {
                throw ValidationError("--swarm needs seeds; give some with --seeds, such as 1-1000.")
            }
            if log, seeds.seeds.count > 1 {
                throw ValidationError("--log shows one world; give one seed with --seeds.")
            }
        } else {
            guard topology != nil else {
                throw ValidationError("A topology is missing; give the path of one, such as topology/bloggers.yaml.")
            }
            if seeds != nil || log || once {
                throw ValidationError("--seeds and --log belong to --swarm; a topology takes --seed.")
            }
        }
    }

    func run() throws {
        let terminal = Terminal.current
        if let seeds { return try Self.live(seeds, once: once, log: log, on: terminal) }
        guard let path = topology else { return }
        if let report { try ReportFile.check(report) }
        var topology = try TopologyFile.read(path, seed: seed)
        if let days { topology.length = .milliseconds(Int64((days * 86_400_000).rounded())) }
        let (world, time) = Self.run(topology, on: terminal)
        try show(world, took: time, on: terminal)
    }

    // MARK: One world

    /// With a bar that tells how far it is.
    private static func run(_ topology: Topology, on terminal: Terminal) -> (world: World, time: Duration) {
        let display = ProgressDisplay(
            topology.name, total: ByteCount(topology.length.wholeMilliseconds), unit: .days, on: terminal)
        let interrupt = Interrupt(on: terminal) {
            display.end()
            return "The world was stopped before its end, and nothing of it was kept; --days runs a shorter one."
        }
        let start = ContinuousClock.now
        return withExtendedLifetime(interrupt) {
            var world = World(topology)
            var shown = start
            world.run(for: topology.length) { elapsed in
                let now = ContinuousClock.now
                guard shown.duration(to: now) >= refreshInterval else { return }
                shown = now
                display.update(ByteCount(elapsed.wholeMilliseconds))
            }
            display.end()
            return (world, start.duration(to: .now))
        }
    }

    private func show(_ world: World, took time: Duration, on terminal: Terminal) throws {
        var world = world
        let result = world.report()
        let text = json ? result.json : result.text
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { terminal.print(String(line)) }
        if let report { try ReportFile.write(result.html, to: report) }
        terminal.remark(Self.effort(elapsed: world.elapsed, took: time))
        guard result.violations.isEmpty else {
            throw Complaint(
                "A promise was broken in this world (\(result.violations[0])); seed \(world.seed) shows it again.")
        }
    }

    /// `"30 days in 0:45, 0.67 days a second, with at most 210 MB of memory."`
    static func effort(elapsed: Duration, took time: Duration) -> String {
        let days = Double(elapsed.wholeMilliseconds) / 86_400_000
        let seconds = max(0.001, Double(time.wholeMilliseconds) / 1000)
        let wall = seconds < 60 ? "\(Words.decimal(seconds)) s" : Words.clock(seconds: Int(seconds))
        return "\(Words.decimal(days)) days in \(wall), \(Words.decimal(days / seconds)) days a second, with at most "
            + "\(Effort.peakMemory) of memory."
    }

    // MARK: A swarm

    private static func live(_ seeds: SeedRange, once: Bool, log: Bool, on terminal: Terminal) throws {
        guard !log else { return try show(Swarm.run(seed: seeds.seeds.lowerBound, isLogging: true), on: terminal) }
        guard !once else {
            for seed in seeds.seeds { for line in Swarm.run(seed: seed).told { terminal.print(line) } }
            return
        }
        let run = try SwarmRun(seeds, on: terminal)
        let interrupt = Interrupt(on: terminal) {
            run.end()
            return "The swarm was stopped before its end; of what it saw, nothing is kept."
        }
        let start = ContinuousClock.now
        let failures = withExtendedLifetime(interrupt) { run.run() }
        for failure in failures {
            terminal.print("Seed \(failure.seed): \(failure.sentence).")
            terminal.print("  node simulate --swarm --seeds \(failure.seed) --log")
        }
        let failed = Set(failures.map(\.seed)).count
        let worlds = Words.count(seeds.seeds.count, "world", "worlds")
        let time = Words.clock(seconds: Int(start.duration(to: .now).components.seconds))
        terminal.remark("\(worlds), each lived through twice, in \(time).")
        guard failed == 0 else {
            throw Complaint(
                "In \(Words.count(failed, "world", "worlds")) of \(seeds.seeds.count) a promise was broken; the commands "
                    + "above show them again.")
        }
        terminal.print("\(worlds), and no promise was broken.")
    }

    private static func show(_ outcome: Swarm.Outcome, on terminal: Terminal) throws {
        for line in outcome.log { terminal.print(line) }
        terminal.print(outcome.line)
        guard let failure = outcome.failures.first else { return }
        throw Complaint("A promise was broken in the world of seed \(outcome.seed): \(failure).")
    }
}
