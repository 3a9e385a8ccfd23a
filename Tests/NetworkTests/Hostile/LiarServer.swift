import Foundation
import Glibc
import Synchronization

/// A small HTTP server that answers whatever it is told to, true or not: at most so many connections, one request on
/// each.
final class LiarServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        /// By lower-case name.
        var fields: [String: String]
        var body: [UInt8]
    }

    enum Reply: Sendable {
        case whole(status: Int, fields: [String] = [], body: [UInt8])
        /// A head that promises more, or less, than what follows; then the end.
        case broken(head: String, body: [UInt8])
        /// Zeros for as long as somebody takes them, up to 64 MiB.
        case endless(head: String)
        /// A head, and then nothing for so long.
        case stalled(head: String, seconds: Int)
    }

    static let connectionLimit = 64

    let port: UInt16
    private struct State {
        var answer: @Sendable (Request) -> Reply
        var requests: [String] = []
        var connections = 0
        var isStopped = false
    }

    private let state: Mutex<State>

    init(port: UInt16, answer: @escaping @Sendable (Request) -> Reply) throws {
        self.port = port
        state = Mutex(State(answer: answer))
        let listener = try RudeSocket.listen(on: port)
        Thread.detachNewThread { [self] in accept(at: listener) }
    }

    /// Answers otherwise from now on.
    func answer(_ answer: @escaping @Sendable (Request) -> Reply) {
        state.withLock { $0.answer = answer }
    }

    /// What was asked so far, as method and target.
    var requests: [String] { state.withLock(\.requests) }

    func stop() { state.withLock { $0.isStopped = true } }

    private func accept(at listener: Int32) {
        defer { close(listener) }
        while !state.withLock(\.isStopped) {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let isRoom = state.withLock { state in
                guard state.connections < Self.connectionLimit else { return false }
                state.connections += 1
                return true
            }
            guard isRoom else {
                close(descriptor)
                continue
            }
            RudeSocket.setPatience(10, of: descriptor)
            Thread.detachNewThread { [self] in
                if let request = Self.request(from: descriptor) { reply(to: request, on: descriptor) }
                close(descriptor)
                state.withLock { $0.connections -= 1 }
            }
        }
    }

    private func reply(to request: Request, on descriptor: Int32) {
        let answer = state.withLock { state in
            if state.requests.count < 100_000 { state.requests.append("\(request.method) \(request.target)") }
            return state.answer
        }
        switch answer(request) {
        case .whole(let status, let fields, let body):
            let lines = ["HTTP/1.1 \(status) Whatever", "Content-Length: \(body.count)", "Connection: close"] + fields
            RudeSocket.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, to: descriptor)
        case .broken(let head, let body):
            RudeSocket.write(Array((head + "\r\n\r\n").utf8) + body, to: descriptor)
        case .endless(let head):
            RudeSocket.write(Array((head + "\r\n\r\n").utf8), to: descriptor)
            let zeros = [UInt8](repeating: 0, count: 64 << 10)
            for _ in 0..<1_024 {
                guard RudeSocket.write(zeros, to: descriptor) else { break }
            }
        case .stalled(let head, let seconds):
            RudeSocket.write(Array((head + "\r\n\r\n").utf8), to: descriptor)
            for _ in 0..<seconds * 10 where !state.withLock(\.isStopped) { usleep(100_000) }
        }
    }

    private static func request(from descriptor: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let end = Array("\r\n\r\n".utf8)
        var head: Range<Int>?
        while head == nil, bytes.count < 16 << 10 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
            head = bytes.firstRange(of: end)
        }
        guard let head else { return nil }
        let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let line = lines[0].split(separator: " ").map(String.init)
        guard line.count == 3 else { return nil }
        var fields: [String: String] = [:]
        for field in lines.dropFirst() {
            guard let colon = field.firstIndex(of: ":") else { continue }
            fields[field[..<colon].lowercased()] = field[field.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        var body = Array(bytes[head.upperBound...])
        let length = min(Int(fields["content-length"] ?? "") ?? 0, 1 << 20)
        while body.count < length {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            body += buffer.prefix(count)
        }
        return Request(method: line[0], target: line[1], fields: fields, body: body)
    }
}
