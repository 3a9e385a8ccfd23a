import ArgumentParser
import Console
import Primitives

struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a string that lets others join this node's network.",
        discussion: """
            Whoever has the string can join, as often as --uses says and until it expires, so hand it on in private. \
            The other side runs `node join` with it.
            """)

    @Option(help: ArgumentHelp("How many nodes may join with it.", valueName: "number"))
    var uses = 1

    @Option(help: ArgumentHelp("How long it can be used: a number and s, m, h or d.", valueName: "time"))
    var expires = "1d"

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        guard let lifetime = Self.seconds(in: expires) else {
            throw Complaint(
                "“\(FileName.printable(expires))” is no time; give one such as 30m, 12h or 7d with --expires.")
        }
        let invite: InviteView = try await reading.data.daemon().tell(
            API.Path.invites, InviteQuestion(uses: uses, lifetimeSeconds: lifetime))
        let terminal = Terminal.current
        if reading.json {
            try terminal.printJSON(invite)
            return
        }
        terminal.print(invite.invite)
        let times = invite.uses == 1 ? "Once" : "\(invite.uses) times"
        terminal.remark("\(times), until \(Words.time(invite.expires)): node join <this string>")
    }

    /// `"90s"`, `"30m"`, `"12h"`, `"7d"`.
    static func seconds(in text: String) -> Int? {
        guard let unit = text.last, let number = Int(text.dropLast()), number > 0 else { return nil }
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let factor = factors[unit] else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : seconds
    }
}
