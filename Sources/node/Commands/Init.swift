import ArgumentParser
import Runtime

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a node: its identity, its settings, and a new private network of its own.",
        discussion: """
            Writes a data directory with a secret key and a commented node.yaml, in which every setting can be changed \
            later. To join somebody else's network instead, use `node join`.

            Example:
              node init --name attic --allowance 10GB/month --share 8GB --location DE
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.settings()
        let id = try Node.initialise(settings, overrides: options.overrides)
        let terminal = Terminal.current
        terminal.print("Node \(id) is in \(settings.data).")
        terminal.remark("Look through \(settings.data)/node.yaml, then start it with `node run`.")
    }
}
