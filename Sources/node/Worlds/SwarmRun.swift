import Foundation
import Primitives
import Simulation
import Synchronization

/// Many random worlds, each lived through twice, in two processes: what came of a seed must be the same in both.
///
/// A process of its own also tells which seed it was when one of our own preconditions ends it.
final class SwarmRun: Sendable {
    /// What is said of a seed that did not go well.
    struct Failure: Equatable, Sendable {
        let seed: UInt64
        let sentence: String
    }

    private struct State {
        var jobs: [SeedRange]
        /// What the first of the two processes said of a seed.
        var said: [UInt64: [String]] = [:]
        var failures: [Failure] = []
        var done = 0
        /// Processes by their numbers.
        var running: Set<Int32> = []
        var isEnded = false
    }

    private let state: Mutex<State>
    private let seeds: SeedRange
    private let display: ProgressDisplay
    private let program: String

    /// Seeds that one process lives through: so many that starting it costs little.
    private static let seedsEach: UInt64 = 8
    /// Failures told; where more fail, the first ones tell enough.
    static let failureLimit = 100

    init(_ seeds: SeedRange, on terminal: Terminal) throws {
        self.seeds = seeds
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw Complaint("This program cannot find itself; see that /proc is there.")
        }
        self.program = program
        display = ProgressDisplay(
            "Swarm", total: ByteCount(seeds.seeds.count * 2), unit: .worlds, on: terminal)
        let parts = seeds.parts(of: Self.seedsEach)
        // Taken from the end: the two of a part follow each other.
        state = Mutex(State(jobs: parts.reversed().flatMap { [$0, $0] }))
    }

    /// As many processes at a time as there are cores.
    /// - Returns: in the order of the seeds.
    func run() -> [Failure] {
        DispatchQueue.concurrentPerform(iterations: max(1, ProcessInfo.processInfo.activeProcessorCount)) { _ in
            while let job = next() { perform(job) }
        }
        display.end()
        return state.withLock { $0.failures }.sorted { ($0.seed, $0.sentence) < ($1.seed, $1.sentence) }
    }

    /// Nothing more begins, and what runs is stopped: it has nothing to lose, and may have been told to ignore less.
    func end() {
        display.end()
        state.withLock { state in
            state.isEnded = true
            for process in state.running { kill(process, SIGKILL) }
        }
    }

    private func next() -> SeedRange? {
        state.withLock { $0.isEnded || $0.failures.count >= Self.failureLimit ? nil : $0.jobs.popLast() }
    }

    private func perform(_ part: SeedRange) {
        var left = part.seeds
        while true {
            let reached = live(SeedRange(left))
            guard reached <= left.upperBound else { return }
            // It ended in the midst of a seed: on with the next one.
            tell(reached, ["\(reached) ended", "\tthe process that lived through it ended by itself"])
            guard reached < left.upperBound, !state.withLock({ $0.isEnded }) else { return }
            left = reached + 1...left.upperBound
        }
    }

    /// - Returns: the first seed of which nothing was said.
    private func live(_ part: SeedRange) -> UInt64 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["simulate", "--swarm", "--once", "--seeds", part.description]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return part.seeds.lowerBound }
        let number = process.processIdentifier
        let isEnded = state.withLock { state in
            state.running.insert(number)
            return state.isEnded
        }
        if isEnded { kill(number, SIGKILL) }
        var seed = part.seeds.lowerBound
        var lines: [String] = []
        var rest = Data()
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest = Data(rest[(end + 1)...])
                guard line.isEmpty else {
                    lines.append(line)
                    continue
                }
                // An empty line ends what is said of a seed.
                tell(seed, lines)
                lines = []
                seed += 1
            }
        }
        process.waitUntilExit()
        state.withLock { _ = $0.running.remove(number) }
        return seed
    }

    private func tell(_ seed: UInt64, _ lines: [String]) {
        let done = state.withLock { state in
            guard !state.isEnded else { return state.done }
            state.done += 1
            guard let first = state.said.removeValue(forKey: seed) else {
                state.said[seed] = lines
                return state.done
            }
            let complaints = lines.filter { $0.hasPrefix("\t") }.map { String($0.dropFirst()) }
            if first != lines {
                state.failures.append(Failure(seed: seed, sentence: "two processes lived through different worlds"))
            }
            state.failures += complaints.prefix(1).map { Failure(seed: seed, sentence: $0) }
            return state.done
        }
        display.update(ByteCount(done))
    }
}

extension Swarm.Outcome {
    /// What one process tells another of a seed: a line that is the same in every process, then what went wrong, each
    /// behind a tab, and an empty line.
    var told: [String] { [line] + failures.map { "\t" + $0 } + [""] }
}
