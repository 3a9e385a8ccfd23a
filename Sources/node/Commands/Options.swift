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
        try show(try await data.daemon().ask(path, parameters), on: terminal, lines: lines)
    }

    /// Prints an answer as JSON or as `lines` shows it.
    func show<Value: Codable & Sendable>(
        _ value: Value, on terminal: Terminal = .current, lines: (Value, Terminal) -> Void
    ) throws {
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
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        for line in text.split(separator: "\n") { print(Self.escaping(String(line))) }
    }

    /// The same JSON, without characters that terminals obey.
    static func escaping(_ json: String) -> String {
        guard FileName.printable(json) != json else { return json }
        return json.unicodeScalars.map { scalar in
            guard FileName.printable(String(scalar)) != String(scalar) else { return String(scalar) }
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }.joined()
    }
}

/// Why a command did not do what it was asked: one sentence that says what to do.
struct Complaint: Error, CustomStringConvertible, Equatable {
    var description: String
    /// What the program ends with.
    var status: Int32 = 1

    init(_ sentence: String, status: Int32 = 1) {
        description = sentence
        self.status = status
    }
}
