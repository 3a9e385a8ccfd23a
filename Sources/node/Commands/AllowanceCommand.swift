import ArgumentParser
import Console
import Primitives

struct AllowanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allowance",
        abstract: "Show what this node has sent in this period, by kind of traffic, and what is left.",
        discussion: """
            The allowance is what your provider lets you send in a period; the share is the part of it that you gave to \
            the network, and no more than that is ever sent. Within the share, "serving" is downloads, "replication" \
            copies to other nodes, "overlay" the nodes' talk among themselves, "answers" redirects and errors. Each \
            keeps a guaranteed part, so that none can starve the others.
            """)

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        try await reading.show(API.Path.allowance) { (account: AllowanceView, terminal) in
            for line in Self.sheet(account).lines { terminal.print(line) }
            terminal.print("")
            terminal.print(Self.table(account))
        }
    }

    static func sheet(_ account: AllowanceView) -> FactSheet {
        var sheet = FactSheet()
        sheet.append(
            "Share",
            "\(account.share) of \(account.allowance) allowed (\(Words.percent(account.share, of: account.allowance)))")
        sheet.append("Spent", "\(account.spent) (\(Words.percent(account.spent, of: account.share)))")
        sheet.append("Reserved", "\(account.reserved) for responses under way")
        sheet.append("Left to serve", account.remaining.description)
        sheet.append(
            "Period",
            "\(Words.time(account.periodStarts)) to \(Words.time(account.periodEnds)), "
                + "\(Words.span(account.periodEnds - account.now)) to go")
        return sheet
    }

    static func table(_ account: AllowanceView) -> Table {
        var table = Table([
            .init("TRAFFIC"), .init("SPENT", .right), .init("RESERVED", .right), .init("LEASED", .right),
            .init("GUARANTEED", .right), .init("AT MOST", .right),
        ])
        for traffic in account.classes {
            table.append([
                traffic.name, traffic.spent.description, traffic.reserved.description, traffic.leased.description,
                traffic.guaranteed.description, traffic.ceiling.description,
            ])
        }
        return table
    }
}
