import Foundation
import Primitives
import Testing

@testable import Simulation

/// Networks parted and healed.
///
/// A few seeds of each kind run with the other tests. `POTLUCK_SEEDS=200 swift test -c release -Xswiftc
/// -enable-testing --filter PartitionTests` runs so many in all, with thirty nodes each, and prints a table.
@Suite struct PartitionTests {
    /// How many stories are told in all, where somebody asked for more than the usual.
    private static let seeds = ProcessInfo.processInfo.environment["POTLUCK_SEEDS"].flatMap { Int($0) }

    @Test(arguments: PartitionStory.Kind.allCases)
    func `parts of a network grow together again, knowing who came and went, and every file`(
        kind: PartitionStory.Kind
    ) {
        let kinds = PartitionStory.Kind.allCases
        let place = kinds.firstIndex(of: kind) ?? 0
        let seeds = (1...(Self.seeds ?? kinds.count)).filter { $0 % kinds.count == place }
        var times: [Duration] = []
        var lost = 0
        var files = 0
        for seed in seeds {
            var story = PartitionStory(kind, seed: UInt64(seed), count: Self.seeds == nil ? 10 : 30)
            story.tell()
            if let time = story.convergence { times.append(time) }
            lost += story.lost
            files += story.files.count
            #expect(story.complaints.isEmpty, "\(kind), seed \(seed): \(story.complaints.prefix(4))")
        }
        times.sort()
        let figures = times.isEmpty ? "never" : "median \(times[times.count / 2]), worst \(times[times.count - 1])"
        print("\(kind): \(seeds.count) seeds, \(times.count) converged: \(figures); \(files) files, \(lost) lost")
    }
}
