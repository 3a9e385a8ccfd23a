import ArgumentParser
import Console
import Foundation
import Primitives
import Synchronization

struct Post: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Share files: your node takes them in, others pick up copies; prints the links.",
        discussion: """
            Says first what it will cost and take, then streams each file to your running node, which keeps a copy of \
            its own: the original may be moved or deleted afterwards. The link works at once; copies on other nodes \
            follow, and with --wait the command stays until they are there. When nothing has moved for five minutes, or \
            nobody is left to take a copy, it ends with status 75: the file is posted, and the node goes on by itself.

            Examples:
              node post holiday.mp4
              node post --wait --replicas 5 release-1.0.tar.gz release-1.0.zip
              node post --name "Urlaub 2026.mp4" /tmp/export.mp4
              node post --to friends --expires 30d party.mp4
            """)

    @Argument(help: ArgumentHelp("The files.", valueName: "file"))
    var files: [String]

    @Option(
        help: ArgumentHelp("How many nodes beside yours shall hold a copy. Default: as configured.", valueName: "n"))
    var replicas: Int?

    @Option(help: ArgumentHelp("What downloaders see it called. Default: the file's own name.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp("Its media type, such as video/mp4. Default: by the ending of its name.", valueName: "type"))
    var mediaType: String?

    @Option(
        help: ArgumentHelp(
            "Only the nodes of this list in node.yaml may hold it. Default: every member.", valueName: "list"))
    var to: String?

    @Option(
        help: ArgumentHelp(
            "When it is withdrawn by itself: after a time such as 12h or 30d, or on a date such as 2027-01-31. "
                + "Default: never.", valueName: "when"))
    var expires: String?

    @Flag(help: "Stay until the copies are there, and show how far they are.")
    var wait = false

    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var json = false

    @OptionGroup var data: DataOption

    func validate() throws {
        if let replicas, !(0...PostRequest.replicasLimit).contains(replicas) {
            throw ValidationError("--replicas is a number from 0 to \(PostRequest.replicasLimit).")
        }
        if name != nil, files.count > 1 {
            throw ValidationError("--name names one file, and \(files.count) are given; post them one by one.")
        }
        if let mediaType, !MediaType.isWellFormed(mediaType) {
            throw ValidationError("“\(FileName.printable(mediaType))” is no media type; give one such as video/mp4.")
        }
    }

    func run() async throws {
        let terminal = Terminal.current
        let wishes = try wishes()
        let sources = try files.map { try PostSource(path: $0, name: name, mediaType: mediaType) }
        let daemon = try data.daemon()
        let interrupt = Interrupt(on: terminal) { "Nothing was posted; post it when it is to be shared." }
        try await estimate(sources, wishes, daemon, terminal)
        var posted: [PostedView] = []
        for source in sources {
            let spentBefore = wait ? try await Replication.bytesSent(daemon) : .zero
            let view = try await post(source, wishes, to: daemon, terminal, interrupt)
            posted.append(view)
            if !json { terminal.print(view.link) }
            interrupt.now {
                "“\(view.name)” is posted, and the node goes on by itself; `node show \(view.link)` tells how far it is."
            }
            if wait { try await Replication(file: view, spentBefore: spentBefore, daemon, terminal).wait() }
        }
        if json { try terminal.printJSON(posted) }
    }

    /// What was asked for beside the file, as the daemon takes it.
    private func wishes() throws -> [String: String] {
        var wishes: [String: String] = [:]
        wishes["replicas"] = replicas.map { "\($0)" }
        wishes["to"] = to
        if let expires {
            let now = WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
            guard let time = Expiry.time(in: expires, after: now) else {
                throw Complaint(
                    "“\(FileName.excerpt(expires))” is neither a time such as 12h or 30d nor a date such as 2027-01-31; give "
                        + "one with --expires.")
            }
            guard time > now else {
                throw Complaint(
                    "“\(FileName.excerpt(expires))” is over already; give a time or a day to come with --expires.")
            }
            wishes["expires"] = "\(time.milliseconds)"
        }
        return wishes
    }

    /// Refuses what cannot be done before anything is done, and says what the rest will cost.
    private func estimate(
        _ sources: [PostSource], _ wishes: [String: String], _ daemon: Daemon, _ terminal: Terminal
    ) async throws {
        let total = sources.reduce(ByteCount.zero) { $0 + $1.length }
        var parameters = wishes
        parameters["length"] = "\(total.bytes)"
        let estimate: EstimateView = try await daemon.ask(API.Path.estimate, parameters)
        guard estimate.fitsDisk else {
            throw Complaint(
                "This takes \(total), and only \(estimate.freeDisk) may still be stored on this node; "
                    + "make room on its disk first.")
        }
        let what = sources.count == 1 ? "“\(sources[0].name)”" : "\(sources.count) files"
        for line in Self.lines(estimate, of: what) { terminal.remark(line) }
    }

    static func lines(_ estimate: EstimateView, of what: String) -> [String] {
        var lines = ["\(what): \(estimate.length) of the \(estimate.freeDisk) that may still be stored here."]
        guard estimate.replicas > 0 else { return lines + ["No copies on other nodes."] }
        let share = Words.percent(estimate.sentFromHere, of: estimate.share)
        let all = estimate.replicas == 1 ? "" : " (\(estimate.copies) in all)"
        lines.append(
            "\(Words.count(estimate.replicas, "copy", "copies")) on other nodes\(all): "
                + "about \(estimate.sentFromHere) sent from here, \(share) of this period's \(estimate.share).")
        if !estimate.fitsPeriod {
            lines.append(
                "Only \(estimate.remainingForReplication) are left for copies until "
                    + "\(Words.time(estimate.periodEnds)): the rest of them will have to wait.")
        }
        if estimate.otherMembers < estimate.replicas {
            lines.append(
                "\(Words.count(estimate.otherMembers, "other member is", "other members are")) alive now: "
                    + "there can be no more copies than that until others join.")
        }
        return lines
    }

    private func post(
        _ source: PostSource, _ wishes: [String: String], to daemon: Daemon, _ terminal: Terminal,
        _ interrupt: Interrupt
    ) async throws -> PostedView {
        let display = ProgressDisplay(source.name, total: source.length, on: terminal)
        defer { display.end() }
        let isHandedOver = Atomic(false)
        interrupt.now {
            display.end()
            return isHandedOver.load(ordering: .relaxed)
                ? "The node has all of “\(source.name)” and may post it; `node list` shows whether it did."
                : "“\(source.name)” was not posted; post it again when it is to be shared."
        }
        return try await daemon.post(source, wishes) { done in
            display.update(done)
            if done >= source.length { isHandedOver.store(true, ordering: .relaxed) }
        }
    }
}

/// When a posting ends, as people write it.
enum Expiry {
    /// A number and a unit, counted from now, or a day, which begins at midnight here. A time beyond the year 9999 is
    /// none.
    static func time(in text: String, after now: WallTime, zone: TimeZone = .current) -> WallTime? {
        if let seconds = Invite.seconds(in: text) {
            let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
            guard !overflow, milliseconds < PostRequest.latestExpiry - Int(now.milliseconds) else { return nil }
            return now + .milliseconds(milliseconds)
        }
        let style = Date.ISO8601FormatStyle(timeZone: zone).year().month().day()
        // 30 February reads as 2 March, which nobody meant.
        guard let date = try? Date(text, strategy: style), date.formatted(style) == text else { return nil }
        return WallTime(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }
}
