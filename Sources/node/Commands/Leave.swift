import ArgumentParser
import Console
import Primitives
import Runtime

struct Leave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say good-bye to the network: hand over what is held for others, and stop.",
        discussion: """
            Copies that this node holds for others are handed to other members first, for as long as --within says. Then \
            the others are told, the node stops, and is in a private network of its own: it keeps its identity, its account \
            and what was posted here, and forgets the rest. Start it again with `node run`, or join another network with \
            `node join`.

            A network is named by the identity of its founder, which therefore takes a new one when it leaves; the old one \
            is kept beside it. It has to take back what it posted first, with `node unpost`.

            A node that is stopped while it leaves goes on when it is started again; to stay instead, join the network again \
            with `node join`.

            With --now nothing is handed over; that also works when the node does not run.
            """)

    @Option(help: ArgumentHelp("How long handing over may take: a number and s, m, h or d.", valueName: "time"))
    var within = "10m"

    @Flag(help: "Leave at once, without handing over.")
    var now = false

    @OptionGroup var data: DataOption

    static let pollInterval = Duration.milliseconds(250)
    /// Beyond the time that was given: the good-bye, and downloads that end.
    static let grace = Duration.seconds(60)

    func run() async throws {
        guard let seconds = now ? 0 : Invite.seconds(in: within), seconds <= LeaveQuestion.longestSeconds else {
            throw Complaint(
                "“\(FileName.excerpt(within))” is no time up to a day; give one such as 10m or 2h with --within.")
        }
        let (directory, daemon, terminal) = (try data.directory(), try data.daemon(), Terminal.current)
        if try await !daemon.answers() {
            guard Node.exists(in: directory) else {
                let _: StatusView = try await daemon.ask(API.Path.status)
                return
            }
            guard now else {
                throw Complaint(
                    "The node in \(directory) is not running and cannot hand over what it holds; start it with `node run`, or "
                        + "leave without that with `node leave --now`.")
            }
            if try Node.isFounder(in: directory) { terminal.remark(Self.change) }
            try Node.leave(directory)
            return terminal.print("This node has left, without a word; the others will notice.")
        }
        let status: StatusView = try await daemon.ask(API.Path.status)
        let members = status.members
        if status.isFounder, members.alive + members.suspect + members.dead + members.left > 0 {
            terminal.remark(Self.change)
        }
        let came = try await handOver(seconds, daemon, terminal)
        try await waitForEnd(of: directory)
        guard try Node.isAlone(in: directory) else {
            throw Complaint("The node stopped before it had left; start it with `node run`, and leave again.")
        }
        terminal.print(Self.sentence(came))
    }

    static let change = """
        This node founded its network and takes a new identity as it leaves; the old one is kept beside it, in \
        identity.key.old-….
        """

    static func sentence(_ view: LeavingView) -> String {
        let done = view.of - view.left
        let handed =
            view.of == 0
            ? "it held nothing for others"
            : view.left == 0
                ? "\(Words.count(done, "file it held is", "files it held are")) in other hands"
                : "\(done) of \(view.of) files it held are in other hands"
        return "This node has left and stopped; \(handed)."
    }

    /// Asks the node to leave, and shows how far it is.
    private func handOver(_ seconds: Int, _ daemon: Daemon, _ terminal: Terminal) async throws -> LeavingView {
        let watch = Task {
            var display: ProgressDisplay?
            while !Task.isCancelled {
                if let view: LeavingView = try? await daemon.ask(API.Path.leave), view.of > 0 {
                    let shown =
                        display
                        ?? ProgressDisplay(
                            "Handing over", total: ByteCount(view.of), unit: .copies(of: ByteCount(1)), on: terminal)
                    shown.update(ByteCount(view.of - view.left))
                    display = shown
                }
                try? await Task.sleep(for: Self.pollInterval)
            }
            display?.end()
        }
        let came: Result<LeavingView, any Error>
        do {
            came = .success(
                try await daemon.tell(
                    API.Path.leave, LeaveQuestion(withinSeconds: seconds), timeLimit: .seconds(seconds) + Self.grace))
        } catch {
            came = .failure(error)
        }
        watch.cancel()
        await watch.value
        return try came.get()
    }

    private func waitForEnd(of directory: String) async throws {
        let start = MonotonicTime.now()
        while try Node.isRunning(in: directory) {
            guard MonotonicTime.now() - start < Self.grace else {
                throw Complaint(
                    "The node has said good-bye but does not stop; its log says more, then stop it yourself.")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }
}
