import Foundation
import Testing

/// Every parser that outsiders reach, and the machines behind them, fed with the kept corpus and with a fixed number of
/// inputs made from it: the same ones every time.
///
/// `FUZZ_SEED=7` makes others, `FUZZ_INPUTS=10` ten times as many, `FUZZ_SUBJECT=head` for one parser only. An input
/// that traps, hangs or breaks a promise stays in a file whose path is printed; `deploy/fuzz` tries it again.
@Suite(.serialized) struct `Nonsense from outside` {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 1
    private static let times = environment["FUZZ_INPUTS"].flatMap(Int.init) ?? 1
    private static let subjects = Subject.all

    @Test(
        "neither breaks nor fools what reads it",
        arguments: subjects.map(\.name).filter { [nil, $0].contains(environment["FUZZ_SUBJECT"]) })
    func bounded(name: String) throws {
        let subject = try #require(Self.subjects.first { $0.name == name })
        var run = BoundedRun(subject, seed: Self.seed)
        if let path = Self.environment["FUZZ_REPLAY"] {
            return try run.replay(Array(Data(contentsOf: URL(filePath: path))))
        }
        try run.go(inputs: subject.shortRun * Self.times)
        print(run.summary)
    }

    @Test("is kept where it once was found, and stays small")
    func corpus() {
        let kept = Self.subjects.flatMap(Corpus.inputs(of:))
        #expect(kept.reduce(0) { $0 + $1.bytes.count } <= 300_000)
        #expect(Set(Corpus.folders).isSubset(of: Set(Self.subjects.map(\.name))))
    }
}
