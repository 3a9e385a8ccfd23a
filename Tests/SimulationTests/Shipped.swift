import Foundation
import Testing

@testable import Simulation

/// The topologies that come with Potluck.
enum Shipped {
    static let names = ["neighbours", "bloggers", "festival", "thousand", "ten-thousand", "split", "liars", "lossy"]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "topology")

    static func topology(_ name: String, seed: UInt64? = nil) throws -> Topology {
        let yaml = try String(contentsOf: folder.appending(path: name + ".yaml"), encoding: .utf8)
        return try Topology(yaml: yaml, file: "topology/\(name).yaml", seed: seed) { _ in nil }
    }
}
