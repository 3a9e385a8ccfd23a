import Foundation

/// A fixed number of inputs for one parser: first those that are kept, then what the generator makes of them and of
/// each other.
struct BoundedRun {
    private let subject: Subject
    private let seed: UInt64
    private var inputs = 0
    private var accepted = 0
    private var slowest = Duration.zero
    private var elapsed = Duration.zero

    /// An input that takes longer is a find, on a machine that is busy with other things too.
    private static let patience = Duration.seconds(10)
    /// Accepted inputs are made use of again, the latest of them.
    private static let poolLimit = 256

    init(_ subject: Subject, seed: UInt64) {
        self.subject = subject
        self.seed = seed
    }

    mutating func go(inputs count: Int) throws {
        let recorder = try FlightRecorder(subject)
        let start = ContinuousClock.now
        var pool = subject.seeds()
        // A seed that is refused grows nothing but refusals.
        for seed in pool { try claim(feed(seed, recorder), "a valid input is refused\n\(recorder.advice)") }
        for input in Corpus.inputs(of: subject).map(\.bytes) {
            _ = try feed(input, recorder)
            pool.append(input)
        }
        var mutator = Mutator(words: subject.words.map { Array($0.utf8) }, limit: subject.limit, seed: seed)
        let first = pool.count
        for _ in 0..<count {
            let input = mutator.mutated(pool.isEmpty ? [] : pool[mutator.below(pool.count)], beside: pool)
            guard try feed(input, recorder) else { continue }
            if pool.count < first + Self.poolLimit {
                pool.append(input)
            } else {
                pool[first + mutator.below(Self.poolLimit)] = input
            }
        }
        elapsed = .now - start
        recorder.discard()
    }

    /// Tries one input again.
    mutating func replay(_ input: [UInt8]) throws {
        let recorder = try FlightRecorder(subject)
        let isAccepted = try feed(input, recorder)
        print("fuzz: \(subject.name) \(isAccepted ? "accepts" : "refuses") these \(input.count) bytes")
        recorder.discard()
    }

    var summary: String {
        let seconds = String(
            format: "%.1f", Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
        let share = inputs == 0 ? 0 : 100 * accepted / inputs
        return "fuzz: \(subject.name), \(inputs) inputs, \(seconds) s, \(share) % accepted, seed \(seed)"
    }

    private mutating func feed(_ input: [UInt8], _ recorder: FlightRecorder) throws -> Bool {
        inputs += 1
        recorder.record(input)
        do {
            let start = ContinuousClock.now
            let isAccepted = try subject.check(input)
            slowest = max(slowest, .now - start)
            try claim(.now - start < Self.patience, "it takes \(ContinuousClock.now - start)")
            if isAccepted { accepted += 1 }
            return isAccepted
        } catch let finding as Finding {
            throw Finding("\(finding.description)\n\(recorder.advice)")
        }
    }
}
