import Foundation
import Testing

@testable import Simulation

/// Coordinates of whole nodes, at the pace that the controller sets for 8 GB a month, on ways that were measured between
/// real hosts. `POTLUCK_LATENCY` names a matrix of them, all of which are taken then; a fifth of one that lies beside the
/// repository otherwise.
@Suite struct CoordinateTests {
    private static let path =
        ProcessInfo.processInfo.environment["POTLUCK_LATENCY"]
        ?? URL(filePath: #filePath).appending(path: "../../../../shared/latency/planetlab490.tsv").standardized.path
    private static let step = ProcessInfo.processInfo.environment["POTLUCK_LATENCY"] == nil ? 5 : 1
    private static var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    private static func topology() throws -> Topology {
        let matrix = try String(contentsOfFile: path, encoding: .utf8)
        let hosts = matrix.prefix { $0 != "\n" }.split(separator: "\t").dropFirst(3)
        let nodes = stride(from: hosts.startIndex, to: hosts.endIndex, by: step).map { index in
            "  - {name: \(hosts[index]), host: \(hosts[index]), share: 8GB}"
        }
        let yaml = (["links: {latency: {matrix: delays.tsv}}", "nodes:"] + nodes).joined(separator: "\n")
        return try Topology(yaml: yaml, file: "planet.yaml", seed: 1) { _ in matrix }
    }

    @Test("measured round trips are foretold to a tenth, and the nearest of three is found", .enabled(if: isThere))
    func planet() throws {
        var world = World(try Self.topology())
        world.run(for: .seconds(4900))
        let report = world.report()
        print("after\tsamples\terror\tpenalty")
        for figure in report.coordinates {
            print(
                String(
                    format: "%.0f s\t%.0f\t%.3f\t%.1f ms", figure.at / .seconds(1), figure.samples, figure.error,
                    figure.penalty / .milliseconds(1)))
        }
        let last = try #require(report.coordinates.last)
        #expect(last.error <= 0.11 && last.penalty <= .milliseconds(4))
        #expect(report.violations.isEmpty)
    }
}
