import Foundation
import Glibc
import Synchronization

/// The program under test.
enum Program {
    /// `POTLUCK_NODE`, or the program that was built beside these tests.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["POTLUCK_NODE"] { return path }
        return URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "node")
            .path(percentEncoded: false)
    }()

    /// What a child gets: no setting that this process happens to have, and no proxy between processes of one machine.
    static let environment = ProcessInfo.processInfo.environment.filter { name, _ in
        !name.hasPrefix("NODE_") && !name.lowercased().hasSuffix("_proxy")
    }
}

/// What a node is started with.
struct NodePlan: Sendable {
    var name: String
    var country: String
    var allowance = "100TB/month"
    /// Further settings.
    var flags: [String] = []
}

/// A node, as its operator has it: a data directory, commands, and a process that may run.
final class TestNode: Sendable {
    let plan: NodePlan
    let directory: URL
    let port: UInt16
    /// Where it runs; nothing stands for loopback.
    let house: Village.House?
    private let process = Mutex<Child?>(nil)

    var name: String { plan.name }
    /// Of the process, while there is one.
    var identifier: Int32? { process.withLock { $0?.identifier } }
    var host: String { house?.address ?? "127.0.0.1" }
    var url: String { "http://\(host):\(port)" }
    var log: URL { directory.appendingPathExtension("log") }

    init(_ plan: NodePlan, in folder: URL, port: UInt16, house: Village.House? = nil) {
        self.house = house
        self.plan = plan
        directory = folder.appending(path: plan.name)
        self.port = port
    }

    var settings: [String] {
        [
            "--name", plan.name, "--listen", "\(host):\(port)", "--location", plan.country, "--allowance",
            plan.allowance, "--disk", "2GB", "--pulse", "1s", "--geo",
            CountryAddresses.folder, "--trusted-proxies", "127.0.0.0/8",
        ] + plan.flags
    }

    private var path: String { directory.path(percentEncoded: false) }

    // MARK: The process

    /// Starts `node run` or `node join` in the background.
    func start(_ arguments: [String] = ["run"], environment: [String: String] = [:]) throws {
        let command = (house?.command ?? []) + [Program.path] + arguments + ["--data", path]
        let child = try Child(
            command[0], Array(command.dropFirst()),
            environment: Program.environment.merging(environment) { _, new in new }, output: log, errors: log)
        process.withLock { $0 = child }
    }

    /// Waits until it answers its operator.
    func isUp(within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(name) answers", within: limit) { try await run(["status"]).status == 0 }
    }

    /// Ends it at once, without a chance to put anything in order.
    func kill() async {
        await end(with: SIGKILL)
    }

    /// Asks it to stop.
    ///
    /// - Returns: its exit status; nothing when it did not run.
    @discardableResult
    func stop() async -> Int32? {
        await end(with: SIGTERM)
    }

    /// How a process ended that stops by itself; by then it is made to.
    func ended(within limit: Duration) async -> Int32? {
        await process.withLock({ $0.take() })?.exit(within: limit)
    }

    /// What it has used of the processor so far; the machine may be busy with something else.
    func processorTime() throws -> Duration {
        guard let identifier = process.withLock({ $0?.identifier }) else { return .zero }
        let facts = try String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)
        // After the name in parentheses: user and system time are the 12th and 13th, in hundredths of a second.
        let fields = facts.drop { $0 != ")" }.split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else { return .zero }
        return .milliseconds((user + system) * 10)
    }

    /// Tells it something, and does not wait for what comes of it.
    func signal(_ number: Int32) {
        process.withLock { $0?.send(number) }
    }

    @discardableResult
    private func end(with signal: Int32) async -> Int32? {
        guard let child = process.withLock({ $0.take() }) else { return nil }
        child.send(signal)
        return await child.exit(within: .seconds(20))
    }

    // MARK: Its commands

    /// Runs a command to its end.
    func run(_ arguments: [String]) async throws -> Outcome {
        try await Outcome.of(Program.path, arguments + ["--data", path], environment: Program.environment)
    }

    /// Runs a command that has to succeed.
    func succeed(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        guard outcome.status == 0 else {
            throw NeverHappened(
                description: "node \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)")
        }
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// Reads with `--json`.
    func ask<Value: Decodable>(_ arguments: [String], as _: Value.Type = Value.self) async throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(try await succeed(arguments + ["--json"]).utf8))
    }

    func status() async throws -> View.Status { try await ask(["status"]) }
    func peers() async throws -> [View.Peer] { try await ask(["peers"]) }
    func account() async throws -> View.Account { try await ask(["allowance"]) }
    func detail(of link: String) async throws -> View.Detail { try await ask(["show", link]) }

    /// Posts a file and waits for its copies.
    ///
    /// - Returns: the link.
    func post(_ file: URL, replicas: Int) async throws -> String {
        let path = file.path(percentEncoded: false)
        return try await succeed(["post", "--wait", "--replicas", "\(replicas)", path])
    }
}
