import ArgumentParser
import Console
import Foundation
import Glibc
import Primitives

/// Runs a command, and ends with its status: 0 when it did what it was asked, otherwise after one sentence on standard
/// error that says what to do.
@main
enum Main {
    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try NodeCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try Terminal.checkResults()
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        // Explanations that were asked for are no errors.
        guard !NodeCommand.exitCode(for: error).isSuccess else { NodeCommand.exit(withError: error) }
        let complaint = Complaint(error, arguments: Array(CommandLine.arguments.dropFirst()))
        Terminal.current.remark("Error: \(complaint)")
        exit(complaint.status)
    }
}

extension Complaint {
    /// What went wrong, in one sentence, whoever noticed it.
    init(_ error: any Error, arguments: [String]) {
        if let complaint = error as? Complaint {
            self = complaint
        } else if NodeCommand.exitCode(for: error) == .validationFailure {
            self.init(
                Self.misuse(NodeCommand.message(for: error), arguments), status: ExitCode.validationFailure.rawValue)
        } else {
            self.init(Self.sentence(NodeCommand.message(for: error)))
        }
    }

    private static func misuse(_ message: String, _ arguments: [String]) -> String {
        let names = NodeCommand.names
        let word = arguments.first { !$0.hasPrefix("-") } ?? ""
        if let first = arguments.first, first.hasPrefix("-"), !word.isEmpty {
            let option = FileName.excerpt(String(first.prefix { $0 != "=" }))
            let command = arguments.first(where: names.contains) ?? "status"
            return "The command comes first and “\(option)” after it, as in `node \(command) \(option) …`; `node help` "
                + "lists the commands."
        }
        guard names.contains(word) else {
            guard !word.isEmpty else { return sentence(message, "`node help` lists the commands") }
            let near = Nearest.word(to: word, of: names).map { "did you mean “\($0)”, or" } ?? ""
            return near.isEmpty
                ? "There is no command “\(word)”; `node help` lists those there are."
                : "There is no command “\(word)”; \(near) one of those that `node help` lists?"
        }
        return sentence(message, "`node help \(word)` explains the command")
    }

    /// The first line of a message as a sentence, with advice unless it has its own.
    private static func sentence(_ message: String, _ advice: String? = nil) -> String {
        let line = String(message.prefix { !$0.isNewline })
        guard let last = line.last, ![".", "?"].contains(last) else {
            return line.replacing("'. Did you", with: "'; did you")
        }
        return advice.map { "\(line); \($0)." } ?? "\(line)."
    }
}

extension NodeCommand {
    /// What can be asked for.
    static var names: [String] {
        let commands = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return commands.map { $0._commandName } + ["help"]
    }
}

/// What every program finds open.
private enum StandardStreams {
    /// A stream that was closed gets something in its place, so that no file is opened there that a result is then
    /// written into; and who stops reading, or limits the size of files, is told of it by the call that fails.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // For reading: what is written there still fails. The lowest free descriptor is this one.
            _ = open("/dev/null", O_RDONLY)
        }
    }
}
