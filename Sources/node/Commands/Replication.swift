import Console
import Primitives

/// Waits until a posted file has its copies, and shows how far they are.
struct Replication {
    private let file: PostedView
    /// What had been sent for copies before the file was posted.
    private let spentBefore: ByteCount
    private let daemon: Daemon
    private let terminal: Terminal

    static let pollInterval = Duration.milliseconds(250)
    /// Without a change for so long, the person is told why that may be; where nobody is left to take a copy, it ends.
    static let patience = Duration.seconds(30)
    /// Without a change for so long, it ends in any case: the node goes on by itself.
    static let longestPatience = Duration.seconds(300)
    /// What the program ends with then: "try again later" (EX_TEMPFAIL of sysexits.h).
    static let unfinished: Int32 = 75

    init(file: PostedView, spentBefore: ByteCount, _ daemon: Daemon, _ terminal: Terminal) {
        self.file = file
        self.spentBefore = spentBefore
        self.daemon = daemon
        self.terminal = terminal
    }

    /// What this node has sent for copies in this period.
    static func bytesSent(_ daemon: Daemon) async throws -> ByteCount {
        let account: AllowanceView = try await daemon.ask(API.Path.allowance)
        return account.classes.first { $0.name == "replication" }?.spent ?? .zero
    }

    func wait() async throws {
        let wanted = file.replicasWanted
        guard wanted > 0 else { return }
        let display = ProgressDisplay(
            "Copies of \(file.name)", total: file.length * Int64(wanted), unit: .copies(of: file.length), on: terminal)
        defer { display.end() }
        var lastChange = MonotonicTime.now()
        var seen = (copies: -1, sent: ByteCount.zero)
        var hasComplained = false
        while true {
            let detail: FileDetailView = try await daemon.ask("\(API.Path.files)/\(file.id)")
            let sent = try await Self.bytesSent(daemon) - spentBefore
            let copies = detail.file.replicas
            if copies >= wanted { break }
            display.update(Self.done(copies: copies, wanted: wanted, sent: sent, length: file.length))
            if copies != seen.copies, seen.copies >= 0, !terminal.rewritesLines {
                terminal.remark("Copies of \(file.name): \(copies) of \(wanted)")
            }
            if copies != seen.copies || sent > seen.sent {
                lastChange = MonotonicTime.now()
                seen = (copies, sent)
            } else if MonotonicTime.now() - lastChange >= Self.longestPatience {
                throw Complaint(
                    "“\(file.name)” is posted, but has only \(copies) of \(wanted) copies, and nothing has come for "
                        + "\(Words.span(Self.longestPatience)); the node goes on by itself, and `node show \(file.link)` tells "
                        + "how far it is.", status: Self.unfinished)
            } else if !hasComplained, MonotonicTime.now() - lastChange >= Self.patience {
                hasComplained = true
                try await checkTakers(beyond: copies)
                display.remark(
                    "Nobody has taken more for a while; `node peers` shows who has allowance and disk to spare. "
                        + "The link works meanwhile, and copies go on without this command.")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
        display.end()
        terminal.remark("\(Words.count(wanted, "copy", "copies")) of “\(file.name)” on other nodes.")
    }

    /// Ends the waiting when every other member has a copy already.
    private func checkTakers(beyond copies: Int) async throws {
        let status: StatusView = try await daemon.ask(API.Path.status)
        guard status.members.alive <= copies else { return }
        throw Complaint(
            "“\(file.name)” is posted, but has only \(copies) of \(file.replicasWanted) copies, and there is no other member "
                + "to take one; the node goes on when some join, and `node show \(file.link)` tells how far it is.",
            status: Self.unfinished)
    }

    /// Holders fill at about the same time, each passing on what it got: while none is complete, what left here tells
    /// how far all of them are.
    static func done(copies: Int, wanted: Int, sent: ByteCount, length: ByteCount) -> ByteCount {
        let complete = length * Int64(copies)
        let total = length * Int64(wanted)
        let share = min(1, max(0, sent.fraction(of: length)))
        return max(complete, ByteCount(Int64(Double(total.bytes) * share * 0.99)))
    }
}
