import ArgumentParser
import Console
import Foundation
import Runtime

/// Which node a command means.
struct DataOption: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "The directory in which the node keeps everything. Default: NODE_DATA, or ~/.local/share/potluck.",
            valueName: "directory"))
    var data: String?

    /// Absolute.
    func directory() throws -> String {
        try Settings.dataDirectory(override: data, environment: ProcessInfo.processInfo.environment)
    }

    /// The daemon of that directory.
    func daemon() throws -> Daemon {
        try Daemon(dataDirectory: directory(), isDefault: data == nil)
    }
}

/// What every reading command takes.
struct ReadingOptions: ParsableArguments {
    @OptionGroup var data: DataOption

    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var json = false

    /// Asks the daemon, and prints the answer as JSON or as `lines` shows it.
    func show<Value: Codable & Sendable>(
        _ path: String, _ parameters: [String: String] = [:], on terminal: Terminal = .current,
        lines: (Value, Terminal) -> Void
    ) async throws {
        let value: Value = try await data.daemon().ask(path, parameters)
        if json {
            try terminal.printJSON(value)
        } else {
            lines(value, terminal)
        }
    }
}

extension Terminal {
    /// Keys in order, for people and programs alike.
    func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

/// Why a command did not do what it was asked: one sentence that says what to do.
struct Complaint: Error, CustomStringConvertible, Equatable {
    var description: String

    init(_ sentence: String) {
        description = sentence
    }
}
