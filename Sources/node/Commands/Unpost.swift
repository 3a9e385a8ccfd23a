import ArgumentParser
import Console
import Primitives

struct Unpost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take back a file that was posted here: every node drops its copy.",
        discussion: """
            The link answers "410 Gone" from then on. Nodes that are away drop their copies when they return, before they \
            serve anything. Posting the file again makes the link work again.
            """)

    @Argument(help: "The link of the file, or the 52 characters in it.")
    var link: String

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let file = try FileArgument.file(in: link)
        let withdrawn: WithdrawnView = try await reading.data.daemon().tell(
            API.Path.withdrawals, FileQuestion(file: file.description))
        try reading.show(withdrawn) { view, terminal in terminal.print(Self.sentence(view)) }
    }

    static func sentence(_ view: WithdrawnView) -> String {
        let holders =
            view.holders == 0
            ? "nobody else had a copy"
            : "\(Words.count(view.holders, "other node drops its copy", "other nodes drop their copies"))"
        return "“\(view.name)” is withdrawn; \(holders)."
    }
}
