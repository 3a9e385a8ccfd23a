import ArgumentParser

/// Seeds of worlds, as people write them: `"7"`, `"1-1000"`.
struct SeedRange: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let seeds: ClosedRange<UInt64>

    /// In one run at most: more take longer than anybody waits.
    static let limit: UInt64 = 10_000_000

    init(_ seeds: ClosedRange<UInt64>) { self.seeds = seeds }

    init?(argument: String) {
        let parts = argument.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = UInt64(parts[0]), let last = parts.count > 1 ? UInt64(parts[1]) : first, first <= last,
            last - first < Self.limit
        else { return nil }
        seeds = first...last
    }

    var description: String {
        seeds.count == 1 ? "\(seeds.lowerBound)" : "\(seeds.lowerBound)-\(seeds.upperBound)"
    }

    /// In parts of so many, the last one perhaps shorter.
    func parts(of count: UInt64) -> [SeedRange] {
        stride(from: seeds.lowerBound, through: seeds.upperBound, by: UInt64.Stride(count)).map { first in
            let (last, isBeyond) = first.addingReportingOverflow(count - 1)
            return SeedRange(first...(isBeyond ? seeds.upperBound : min(last, seeds.upperBound)))
        }
    }
}
