import ArgumentParser
import Console
import Primitives

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the files known here: posted here, held for others, or asked for.")

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
            table.append([
                file.name, file.length.description, publisher(file), here(file),
                "\(file.replicas)/\(file.replicasWanted)", Words.time(file.postedAt), file.link,
            ])
        }
        return table
    }

    static func publisher(_ file: FileView) -> String {
        file.isOwn ? "this node" : file.publisherName ?? file.publisher.short.description
    }

    static func here(_ file: FileView) -> String {
        switch file.copy {
        case .none: "no"
        case .filling(let pieces, let count): "\(count == 0 ? 100 : pieces * 100 / count) %"
        case .complete: "yes"
        }
    }
}
