import Foundation
import Glibc

/// A program that runs, with its output going to files.
final class Child: Sendable {
    let identifier: pid_t
    /// How it ended: its exit status, or the negated number of the signal that ended it.
    let exit: Task<Int32, Never>

    /// - Parameters:
    ///   - output: a file that standard output is appended to.
    ///   - errors: a file that standard error is appended to; may be the same.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], output: URL, errors: URL,
        input: URL? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = try Self.appending(to: output)
        process.standardError = try Self.appending(to: errors)
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        let (exits, continuation) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            let status = process.terminationStatus
            continuation.yield(process.terminationReason == .uncaughtSignal ? -status : status)
            continuation.finish()
        }
        exit = Task {
            for await status in exits { return status }
            return Int32.min
        }
        try process.run()
        identifier = process.processIdentifier
    }

    private static func appending(to file: URL) throws -> FileHandle {
        let descriptor = open(file.path(percentEncoded: false), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func send(_ signal: Int32) {
        kill(identifier, signal)
    }

    /// How it ended; by then it is made to.
    func exit(within limit: Duration) async -> Int32 {
        let killer = Task {
            try await Task.sleep(for: limit)
            send(SIGKILL)
        }
        defer { killer.cancel() }
        return await exit.value
    }
}

/// What a program that was run to its end said.
struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

extension Outcome {
    /// Runs a program to its end, or until it has taken too long.
    static func of(
        _ program: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        input: String = "", limit: Duration = .seconds(120)
    ) async throws -> Outcome {
        let directory = try TemporaryDirectory("run")
        defer { directory.remove() }
        let output = directory.url.appending(path: "output")
        let errors = directory.url.appending(path: "errors")
        let inputFile = directory.url.appending(path: "input")
        try Data(input.utf8).write(to: inputFile)
        let child = try Child(
            program, arguments, environment: environment, output: output, errors: errors, input: inputFile)
        return Outcome(
            status: await child.exit(within: limit), output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }
}

/// A directory with a short path, since a Unix socket's has to be short.
struct TemporaryDirectory: Sendable {
    let url: URL

    init(_ purpose: String) throws {
        let name = "potluck-\(purpose)-\(UUID().uuidString.prefix(8))"
        url = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    func remove() {
        try? FileManager.default.removeItem(at: url)
    }
}

/// Ports of the loopback address that are free for TCP and UDP alike.
enum FreePorts {
    struct Exhausted: Error {}

    static func take(_ count: Int) throws -> [UInt16] {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        var ports: [UInt16] = []
        for _ in 0..<count * 10 where ports.count < count {
            let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            held += [stream, datagrams]
            guard let port = bind(stream, to: 0), bind(datagrams, to: port) == port else { continue }
            ports.append(port)
        }
        guard ports.count == count else { throw Exhausted() }
        return ports
    }

    /// The port that the socket got.
    private static func bind(_ descriptor: Int32, to port: UInt16) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                Glibc.bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            } ? UInt16(bigEndian: address.pointee.sin_port) : nil
        }
    }
}

/// What was measured, for who reads the log.
func figure(_ what: String, _ value: Any) {
    print("    \(what) \(value)")
}

/// Something that was waited for did not happen.
struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Asks every 50 ms until the answer is yes.
///
/// - Returns: how long it took.
@discardableResult
func eventually(
    _ what: String, within limit: Duration, _ condition: () async throws -> Bool
) async throws -> Duration {
    let clock = ContinuousClock()
    let start = clock.now
    while true {
        if try await condition() { return clock.now - start }
        guard clock.now - start < limit else { throw NeverHappened(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(50))
    }
}
