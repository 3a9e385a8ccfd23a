import ArgumentParser
import Console
import Primitives

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one file: its size and digest, who holds it, who keeps it replicated.")

    @Argument(help: "The link of the file, or the 52 characters in it.")
    var link: String

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let file = try FileArgument.file(in: link)
        try await reading.show("\(API.Path.files)/\(file)") { (detail: FileDetailView, terminal) in
            for line in Self.sheet(detail).lines { terminal.print(line) }
            terminal.print("")
            terminal.print(Self.table(detail.holders))
        }
    }

    static func sheet(_ detail: FileDetailView) -> FactSheet {
        let file = detail.file
        var sheet = FactSheet()
        sheet.append("Name", file.name)
        sheet.append("Link", file.link)
        sheet.append("Type", file.mediaType)
        let pieces = Words.count(detail.pieceCount, "piece", "pieces")
        sheet.append("Size", "\(file.length) (\(file.length.bytes) bytes, \(pieces))")
        sheet.append("SHA-256", detail.sha256 ?? "not verified here yet")
        sheet.append("Posted", "\(Words.time(file.postedAt)) at \(List.publisher(file))")
        if let expires = file.expires { sheet.append("Expires", Words.time(expires)) }
        sheet.append("Here", List.here(file))
        sheet.append("Copies", "\(file.replicas) of \(file.replicasWanted) wanted beside the publisher's own")
        if !detail.trackers.isEmpty {
            sheet.append("Tracked by", detail.trackers.map(\.shown).joined(separator: ", "))
        }
        return sheet
    }

    static func table(_ holders: [HolderView]) -> Table {
        var table = Table([
            .init("HOLDER", isFlexible: true), .init("COPY"), .init("STATE"), .init("PLACE"), .init("LEFT", .right),
        ])
        for holder in holders {
            var name = holder.node.shown
            if holder.isPublisher { name += " (publisher)" }
            if holder.isThisNode { name += " (this node)" }
            table.append([
                name, holder.isComplete ? "complete" : "filling", holder.isAlive ? "alive" : "not answering",
                holder.place?.description ?? "–", holder.remaining?.description ?? "–",
            ])
        }
        return table
    }
}

/// How commands read a file's name on the command line.
enum FileArgument {
    static func file(in text: String) throws(Complaint) -> FileID {
        guard let file = Link.file(in: text) else {
            throw Complaint(
                "“\(FileName.excerpt(text))” is no link of a file; give one as `node post` and `node list` print them, "
                    + "http://<host>/f/<52 characters>/<name>.")
        }
        return file
    }

    /// A whole link, which names the node to ask as well.
    static func link(in text: String) throws(Complaint) -> Link {
        if let link = Link(text) { return link }
        guard FileID(text) == nil else {
            throw Complaint("That names a file, but no node to get it from; give the whole link, http://<host>/f/….")
        }
        _ = try file(in: text)
        preconditionFailure("a text that names a file is a link or an identifier")
    }
}
