import ArgumentParser
import Catalogue
import Console
import Foundation
import Glibc
import Primitives
import Transport

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Download a file from several nodes at once, with every piece verified.",
        discussion: """
            Needs no node of your own. The link itself proves the bytes: whoever sends a wrong one is not asked again. \
            What is interrupted goes on where it stopped when you run the same command again; until it is complete, the \
            file is called <name>.part.

            Examples:
              node get http://192.0.2.1:8080/f/…/holiday.mp4
              node get http://192.0.2.1:8080/f/…/holiday.mp4 -o /tmp/
            """)

    @Argument(help: "The link of the file.")
    var link: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file or directory to write to. Default: the file's name, here.", valueName: "path"))
    var output: String?

    @Flag(help: "Replace a file that is there already and differs.")
    var force = false

    func run() async throws {
        let terminal = Terminal.current
        let link = try FileArgument.link(in: link)
        let courier = try Courier()
        let manifest = try await Documents(link, courier).manifest()
        let destination = try Destination(output: output, name: manifest.posting.name)
        if try destination.holds(manifest, terminal) {
            terminal.remark("“\(destination.shown)” is there already, and is this file.")
            return
        }
        guard force || !destination.exists else {
            throw Complaint(
                "“\(destination.shown)” is there already and is another file; choose another name with -o, or replace it "
                    + "with --force.")
        }
        try await fetch(manifest, link, destination, courier, terminal)
        terminal.print(destination.path)
    }

    private func fetch(
        _ manifest: Manifest, _ link: Link, _ destination: Destination, _ courier: Courier, _ terminal: Terminal
    ) async throws {
        let length = manifest.posting.length
        let part = try PartFile(path: destination.path + ".part", length: length)
        let display = ProgressDisplay("Checking", total: length, on: terminal)
        defer { display.end() }
        let present = try part.verifiedPieces(of: manifest) { display.update($0) }
        display.rename(FileName.printable(manifest.posting.name))
        let download = Download(
            manifest, link: link, into: part, present: present, courier: courier,
            progress: { display.update($0) }, remark: { display.remark($0) })
        try await download.run()

        display.rename("Checking the whole")
        guard try part.digests(length: length, progress: { display.update($0) }).fileID == manifest.file else {
            throw Complaint(
                "What was written to “\(destination.shown).part” is not what arrived; check the disk, and run the same "
                    + "command again.")
        }
        guard force || !destination.exists else {
            throw Complaint(
                "“\(destination.shown)” has appeared meanwhile; the download is complete in “\(destination.shown).part”."
            )
        }
        try part.become(destination.path)
    }
}

/// Where a download goes.
struct Destination: Equatable {
    let path: String

    /// - Throws: `Complaint` when the name cannot be one of a file here.
    init(output: String?, name: String) throws {
        let files = FileManager.default
        var isDirectory = ObjCBool(false)
        guard output != "-" else {
            throw Complaint(
                "Pieces do not arrive in order, so they cannot be piped; for a stream use `curl -L <link>`.")
        }
        if let output {
            let exists = files.fileExists(atPath: output, isDirectory: &isDirectory)
            guard output.hasSuffix("/") || (exists && isDirectory.boolValue) else {
                path = output
                return
            }
            guard exists, isDirectory.boolValue else {
                throw Complaint(
                    "There is no directory “\(FileName.printable(output))”; make it, or choose another with -o.")
            }
        }
        // The name comes from outside: it is not to hide, to step elsewhere, or to pass for something else.
        let printable = FileName.printable(name)
        guard printable == name, !name.hasPrefix("."), (try? FileName.check(name)) != nil else {
            throw Complaint("The file is called “\(printable)”, which is no good name here; choose one with -o.")
        }
        path = (output.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? "") + name
        if files.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw Complaint("“\(FileName.printable(path))” is a directory; choose another name with -o.")
        }
    }

    var shown: String { FileName.printable(path) }
    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Whether the file there is the very file of the manifest.
    func holds(_ manifest: Manifest, _ terminal: Terminal) throws -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, Int64(status.st_size) == manifest.posting.length.bytes else { return false }
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        let display = ProgressDisplay("Comparing", total: manifest.posting.length, on: terminal)
        defer { display.end() }
        var hasher = FileHasher()
        var done = ByteCount.zero
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            chunk.withUnsafeBytes { hasher.update($0) }
            done += ByteCount(chunk.count)
            guard done <= manifest.posting.length else { return false }
            display.update(done)
        }
        return hasher.finish().fileID == manifest.file
    }
}
