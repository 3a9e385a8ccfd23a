import ArgumentParser
import Console
import Primitives

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show this node: who it is, its network, its files, what it may still send.")

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        try await reading.show(API.Path.status) { (status: StatusView, terminal) in
            for line in Self.lines(status) { terminal.print(line) }
        }
    }

    static func lines(_ status: StatusView) -> [String] {
        var sheet = FactSheet()
        sheet.append("Node", "\(status.name) (\(status.id))")
        sheet.append("Reached at", status.url)
        sheet.append("Listens on", status.listen)
        sheet.append("Place", status.place?.description ?? "unknown")
        sheet.append("Network", network(status))
        sheet.append("Members", members(status.members))
        sheet.append("Files", files(status.files))
        sheet.append("Disk", "\(status.stored) stored, \(status.freeDisk) more may be")
        sheet.append(
            "Allowance",
            "\(status.used) of \(status.share) used (\(Words.percent(status.used, of: status.share))), "
                + "\(status.remaining) left to serve until \(Words.time(status.periodEnds))")
        if status.datagrams.isAttacked {
            sheet.append(
                "Datagrams",
                "\(status.datagrams.doubted) of \(status.datagrams.received) received were forged, altered or sent again, and "
                    + "dropped; this node is safe from them")
        }
        if !status.liars.isEmpty { sheet.append("Caught lying", liars(status.liars)) }
        sheet.append("Running since", Words.time(status.startedAt))
        sheet.append("Data", status.dataDirectory)
        sheet.append("Version", status.software)
        return status.troubles.map { "Trouble since \(Words.time($0.since)): \($0.sentence)" } + sheet.lines
    }

    private static func network(_ status: StatusView) -> String {
        let kind = status.isOpen ? "open to everybody" : "by invitation"
        return status.isFounder ? "founded here, \(kind)" : "\(status.network), \(kind)"
    }

    /// So many are named.
    private static let namedLiars = 3

    private static func liars(_ liars: [LiarView]) -> String {
        var parts = liars.prefix(namedLiars).map { liar in
            "\(FileName.printable(liar.node.name ?? "")) (\(liar.node.id.short)) at \(Words.misdeeds(liar.misdeeds))"
        }
        if liars.count > namedLiars { parts.append(Words.count(liars.count - namedLiars, "other", "others")) }
        return parts.joined(separator: "; ") + "; what they said is refused here"
    }

    private static func members(_ members: MemberCounts) -> String {
        var parts = ["this node and \(Words.count(members.alive, "other", "others"))"]
        if members.suspect > 0 { parts.append("\(members.suspect) not answering") }
        if members.dead > 0 { parts.append("\(members.dead) dead") }
        if members.left > 0 { parts.append("\(members.left) left") }
        return parts.joined(separator: ", ")
    }

    private static func files(_ files: FileCounts) -> String {
        var parts = ["\(files.own) posted here", "\(files.held) held for others"]
        if files.filling > 0 { parts.append("\(files.filling) coming in") }
        if files.known > 0 { parts.append("\(files.known) known elsewhere") }
        return parts.joined(separator: ", ")
    }
}
