import Foundation
import Glibc

/// What stood in a place before a node was made there, so that the place can be left as it was found.
public struct Footprint: Sendable {
    private let directory: String
    /// Directories that were not there, the innermost last.
    private let missing: [String]
    /// What was in the directory already.
    private let kept: Set<String>

    /// Looks at the place of a data directory.
    public init(at path: String) {
        directory = path
        var missing: [String] = []
        var part = path
        while part.count > 1, access(part, F_OK) != 0 {
            missing.insert(part, at: 0)
            part = String(part[..<(part.lastIndex(of: "/") ?? part.startIndex)])
        }
        self.missing = missing
        kept = Set((try? names(in: path)) ?? [])
    }

    /// Removes what a node has put there since, and nothing else. What cannot be removed stays.
    public func erase() {
        let present = (try? names(in: directory)) ?? []
        for name in present where !kept.contains(name) && Self.beginnings.contains(where: name.hasPrefix) {
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
        }
        for path in missing.reversed() { rmdir(path) }
    }

    /// How the names begin of all that a node makes in its directory.
    private static let beginnings = ["node.", "identity.key", "potluck.", "files"]
}
