import Foundation
import Primitives
import Testing

@testable import Membership

/// Round trips that were measured between real hosts, as a tab-separated matrix: a header with the hosts' names from the
/// fourth column on, then a row for each.
private struct Delays {
    /// Milliseconds; nothing where it is not known.
    let rows: [[Double?]]

    /// Where `POTLUCK_LATENCY` says, or beside the repository.
    static let path =
        ProcessInfo.processInfo.environment["POTLUCK_LATENCY"]
        ?? URL(filePath: #filePath).appending(path: "../../../../shared/latency/planetlab490.tsv").standardized.path

    /// Whoever names the matrix has the time for all of it.
    static let hosts = ProcessInfo.processInfo.environment["POTLUCK_LATENCY"] == nil ? 90 : .max

    static var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    /// Of so many hosts at most, from all over the list.
    init(hosts limit: Int) throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let all = text.split(separator: "\n").dropFirst()
        let step = max(1, all.count / limit)
        let chosen = Array(stride(from: 0, to: all.count, by: step).prefix(limit))
        let lines = Array(all)
        rows = chosen.map { row in
            let cells = lines[row].split(separator: "\t", omittingEmptySubsequences: false).dropFirst(3).map {
                Double($0)
            }
            return chosen.map { cells[$0] }
        }
    }

    func between(_ one: Int, _ other: Int) -> Double? {
        guard let delay = rows[one][other] ?? rows[other][one], delay > 0 else { return nil }
        return delay
    }
}

/// Coordinates as rosters learn them from the round trips of their pulses, against those that were measured.
@Suite struct CoordinateTests {
    /// What is foretold by what each node's own table says, and by where all really stand now.
    private struct Quality {
        var samples = 0.0
        var error = 0.0
        var penalty = 0.0
        var errorByTables = 0.0
        var penaltyByTables = 0.0

        var row: String {
            [samples, error, penalty, errorByTables, penaltyByTables]
                .map { String(format: "%.3f", $0) }.joined(separator: "\t")
        }
    }

    private func quality(_ field: Field, _ delays: Delays) -> Quality {
        var generator = Generator(seed: 7)
        var quality = Quality()
        let coordinates = field.stations.map { $0.roster.vivaldi.coordinate }
        (quality.error, quality.penalty) = judge(field, delays, using: &generator) { coordinates[$1] }
        (quality.errorByTables, quality.penaltyByTables) = judge(field, delays, using: &generator) { observer, other in
            field.stations[observer].roster[field.id(other)]?.status?.value.coordinate
        }
        quality.samples =
            Double(field.stations.reduce(0) { $0 + $1.roster.vivaldi.count }) / Double(field.stations.count)
        return quality
    }

    /// The median of the relative errors, and the mean of what the nearest of three by coordinates is farther than the
    /// nearest, in milliseconds.
    private func judge(
        _ field: Field, _ delays: Delays, using generator: inout Generator, coordinate: (Int, Int) -> Coordinate?
    ) -> (Double, Double) {
        var errors: [Double] = []
        var penalties: [Double] = []
        for observer in field.stations.indices {
            guard let own = field.stations[observer].roster.vivaldi.coordinate else { continue }
            func foretold(_ other: Int) -> Double? { coordinate(observer, other).map { own.milliseconds(to: $0) } }
            for other in field.stations.indices where other != observer {
                guard let truth = delays.between(observer, other) else { continue }
                errors.append(foretold(other).map { ($0 - truth).magnitude / truth } ?? 1)
            }
            for _ in 0..<40 {
                let replicas = (0..<3).map { _ in Int.random(in: field.stations.indices, using: &generator) }
                    .filter { $0 != observer && delays.between(observer, $0) != nil }
                let nearest = replicas.compactMap { delays.between(observer, $0) }.min()
                let chosen = replicas.min { foretold($0) ?? 155 < foretold($1) ?? 155 }
                guard let nearest, let chosen, let met = delays.between(observer, chosen) else { continue }
                penalties.append(met - nearest)
            }
        }
        guard !errors.isEmpty, !penalties.isEmpty else { return (1, 1_000) }
        return (errors.sorted()[errors.count / 2], penalties.reduce(0, +) / Double(penalties.count))
    }

    @Test("round trips between real hosts are foretold to a tenth", .enabled(if: Delays.isThere))
    func planet() throws {
        let delays = try Delays(hosts: Delays.hosts)
        var settings = Roster.Settings(pulse: .seconds(60))
        settings.viewLimit = 6
        var field = Field(delays.rows.count, seed: 1, settings: settings)
        field.delay = { one, other, generator in
            // Each way half, and now and then a queue.
            let late =
                Double.random(in: 0..<1, using: &generator) < 0.05 ? Double.random(in: 0...0.05, using: &generator) : 0
            return (delays.between(one, other) ?? 200) / 2_000 + late
        }
        print("samples\terror\tpenalty\terror by tables\tpenalty by tables")
        var last = Quality()
        var own = last
        for wanted in [10.0, 30, 60, 100, 200, 300] {
            while last.samples < wanted {
                field.run(for: .seconds(30))
                last.samples =
                    Double(field.stations.reduce(0) { $0 + $1.roster.vivaldi.count }) / Double(field.stations.count)
            }
            last = quality(field, delays)
            print(last.row)
            if wanted == 200 { own = last }
        }
        #expect(own.error <= 0.11 && own.penalty <= 4)
        // Others are told now and then.
        #expect(last.errorByTables <= 0.11 && last.penaltyByTables <= 4)
    }
}
