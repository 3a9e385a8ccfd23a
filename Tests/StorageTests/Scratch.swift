import Catalogue
import Foundation
import Glibc
import Primitives
import Testing

@testable import Storage

/// A directory that is gone when the test is.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/potluck-storage-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        try #require(made)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Everything below the directory, with its size; directories end in a slash.
    func contents() throws -> [String] {
        try list("").sorted()
    }

    private func list(_ below: String) throws -> [String] {
        try names(in: path + below).flatMap { name throws -> [String] in
            let entry = below + "/" + name
            guard isDirectory(path + entry) else { return [String(entry.dropFirst())] }
            return [String(entry.dropFirst()) + "/"] + (try list(entry))
        }
    }
}

/// Bytes that differ from seed to seed and do not repeat.
func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = Generator(seed: seed)
    var bytes = [UInt8](repeating: 0, count: (count + 7) / 8 * 8)
    bytes.withUnsafeMutableBytes { buffer in
        for word in 0..<buffer.count / 8 {
            buffer.storeBytes(of: generator.next(), toByteOffset: word * 8, as: UInt64.self)
        }
    }
    return Array(bytes.prefix(count))
}

/// All that a file holds.
func content(of path: String) throws -> [UInt8] {
    let file = try OpenFile(path, O_RDONLY)
    return Array(try file.read(atMost: Int(try file.length().bytes), at: 0))
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
    try removeFile(path)
    try OpenFile(path, O_WRONLY | O_CREAT).write(bytes, at: 0)
    chmod(path, mode)
}

func mode(of path: String) -> mode_t {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
}

/// A manifest for these bytes, its signature none.
func manifest(of bytes: [UInt8], name: String = "a file") -> Manifest {
    var tree = FileHasher()
    var flat = FlatHasher()
    bytes.withUnsafeBytes {
        tree.update($0)
        flat.update($0)
    }
    let digests = tree.finish()
    return Manifest(
        posting: posting(digests, sha256: flat.finish(), name: name), pieces: digests.pieces)
}

func posting(_ digests: FileDigests, sha256: Bytes32, name: String = "a file") -> Posting {
    let posting = Posting(
        file: digests.fileID, publisher: NodeID(Bytes32(7, 0, 0, 0)), length: digests.length, name: name,
        mediaType: "application/octet-stream", sha256: sha256, audience: .network, replicas: 3,
        postedAt: WallTime(milliseconds: 1_700_000_000_000), expires: nil, sequence: 1)
    guard let posting else { preconditionFailure("tests name files as files can be named") }
    return posting
}
