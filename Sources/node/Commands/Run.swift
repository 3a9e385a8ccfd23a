import ArgumentParser
import Runtime

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the node in the foreground, until it is interrupted.",
        discussion: """
            Logs go to standard error. The other commands talk to the running node, from another terminal.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        try await Node.run(options.settings())
    }
}
