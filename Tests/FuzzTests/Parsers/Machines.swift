import Foundation

extension Subject {
    /// Whole machines, fed with what members sign and shells report.
    static let machines: [Subject] = [
        Subject(
            name: "overlay", limit: 4096, shortRun: 150,
            seeds: {
                (0..<8).map { seed in (0..<400).map { UInt8(truncatingIfNeeded: $0 * 7 + seed * 31 + $0 * $0 / 5) } }
            }
        ) { bytes in
            var day = HostileDay(bytes)
            try day.live()
            return true
        }
    ]
}
