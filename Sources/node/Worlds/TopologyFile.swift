import Foundation
import Primitives
import Simulation

/// Topologies on disk.
enum TopologyFile {
    /// Neither a topology nor a matrix of delays is larger.
    private static let sizeLimit = 64 << 20

    static func read(_ path: String, seed: UInt64?) throws -> Topology {
        guard let yaml = text(of: path) else {
            throw Complaint(
                "“\(path.printable)” cannot be read as text; give the path of a topology, such as "
                    + "topology/bloggers.yaml.")
        }
        do {
            return try Topology(yaml: yaml, file: path, seed: seed, read: text)
        } catch {
            throw Complaint("\(error).")
        }
    }

    /// Nothing where it cannot be read, or is no text in UTF-8.
    private static func text(of path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        guard let bytes = try? handle.read(upToCount: sizeLimit + 1), bytes.count <= sizeLimit else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// A report for a browser, on disk.
enum ReportFile {
    /// Before a world runs for hours in vain.
    static func check(_ path: String) throws(Complaint) {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard !(exists && isFolder.boolValue), access(exists ? path : folder, W_OK) == 0 else {
            throw Complaint("“\(path.printable)” cannot be written; give the path of a file to write with --report.")
        }
    }

    static func write(_ html: String, to path: String) throws(Complaint) {
        do {
            try Data(html.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Complaint("The report could not be written to “\(path.printable)”; see that there is room for it.")
        }
    }
}

/// What this process used.
enum Effort {
    /// Of memory, at its highest.
    static var peakMemory: ByteCount {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ByteCount(usage.ru_maxrss * 1024)
    }
}
