import ArgumentParser
import Console

struct Deny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a file, or all that a node posts, away from this node.",
        discussion: """
            This node drops its copies, takes no new ones, and sends nobody elsewhere for them: its links answer "410 \
            Gone". Other nodes decide for themselves. What was posted here is taken back with `node unpost` instead.

            Examples:
              node deny http://192.0.2.1:8080/f/…/holiday.mp4
              node deny cellar                  a node, by the name or the ID that `node peers` shows
              node deny --undo cellar
              node deny --list
            """)

    @Argument(help: ArgumentHelp("The link of a file, or a node.", valueName: "link|node"))
    var what: String?

    @Flag(help: "Allow it again.")
    var undo = false

    @Flag(help: "Show what is denied here.")
    var list = false

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if list, undo || what != nil {
            throw ValidationError("--list shows all that is denied; leave the rest away.")
        }
        if !list, what == nil {
            throw ValidationError("Say what to deny, the link of a file or a node; --list shows what is denied.")
        }
    }

    func run() async throws {
        guard let what else {
            return try await reading.show(API.Path.denials) { (denials: [DenialView], terminal) in
                guard !denials.isEmpty else { return terminal.remark("Nothing is denied here.") }
                terminal.print(Self.table(denials))
            }
        }
        let denial: DenialView = try await reading.data.daemon().tell(
            API.Path.denials, DenialQuestion(what: what, isUndone: undo))
        try reading.show(denial) { view, terminal in terminal.print(Self.sentence(view, isUndone: undo)) }
    }

    static func sentence(_ view: DenialView, isUndone: Bool) -> String {
        switch (view.kind, isUndone) {
        case (.file, false): "“\(view.name ?? view.id)” is neither held nor served here from now on."
        case (.file, true): "“\(view.name ?? view.id)” may be held and served here again."
        case (.publisher, false): "What “\(view.name ?? view.id)” posts is neither held nor served here from now on."
        case (.publisher, true): "What “\(view.name ?? view.id)” posts may be held and served here again."
        }
    }

    static func table(_ denials: [DenialView]) -> Table {
        var table = Table([.init("DENIED"), .init("NAME", isFlexible: true), .init("ID")])
        for denial in denials {
            let kind = denial.kind == .file ? "file" : "all of a node"
            table.append([kind, denial.name ?? "–", denial.id])
        }
        return table
    }
}
