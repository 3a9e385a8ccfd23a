import ArgumentParser
import Console
import Primitives

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the files known here: posted here, held for others, or asked for.",
        discussion: """
            HERE says how much of a file is on this node's disk, or why a file that was posted here, or that you denied, is \
            offered no more: withdrawn, expired or denied.
            """)

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        try await reading.show(API.Path.files) { (files: [FileView], terminal) in
            guard !files.isEmpty else {
                terminal.remark("No files are known here yet; share one with `node post <file>`.")
                return
            }
            terminal.print(Self.table(files))
        }
    }

    static func table(_ files: [FileView]) -> Table {
        var table = Table([
            .init("NAME", isFlexible: true), .init("SIZE", .right), .init("FROM"), .init("HERE"),
            .init("COPIES", .right), .init("POSTED"), .init("LINK"),
        ])
        for file in files {
            let isKnown = !file.name.isEmpty
            table.append([
                isKnown ? file.name : "–", isKnown ? file.length.description : "–", publisher(file), here(file),
                file.standing == .offered ? "\(file.replicas)/\(file.replicasWanted)" : "–", Words.time(file.postedAt),
                file.link,
            ])
        }
        return table
    }

    static func publisher(_ file: FileView) -> String {
        file.isOwn ? "this node" : file.publisherName ?? file.publisher.short.description
    }

    static func here(_ file: FileView) -> String {
        switch (file.standing, file.copy) {
        case (.offered, .none): "no"
        case (.offered, .filling(let pieces, let count)): "\(count == 0 ? 100 : pieces * 100 / count) %"
        case (.offered, .complete): "yes"
        case (.withdrawn, _), (.expired, _), (.denied, _): file.standing.rawValue
        }
    }
}
