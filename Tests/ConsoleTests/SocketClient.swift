import Foundation
import Glibc

/// An HTTP client of a few lines over a Unix socket: writes a request as it stands, reads until the other side closes.
/// It blocks, so it does so on threads of its own: the server needs those that tasks run on.
struct SocketClient {
    let path: String

    struct Failure: Error {
        let code: Int32
    }

    struct Reply {
        var status: Int
        var head: String
        var body: Data
    }

    func get(_ target: String) async throws -> Reply {
        try await exchange("GET \(target) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
    }

    func post(_ target: String, _ body: [UInt8], length: Int? = nil) async throws -> Reply {
        let head =
            "POST \(target) HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: \(length ?? body.count)\r\n\r\n"
        return try await exchange(head, body)
    }

    /// - Parameter body: when it is shorter than announced, the writing side is closed after it.
    func exchange(_ head: String, _ body: [UInt8] = []) async throws -> Reply {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try exchangeBlocking(head, body) }) }.start()
        }
    }

    private func exchangeBlocking(_ head: String, _ body: [UInt8]) throws -> Reply {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        defer { close(descriptor) }
        try connect(descriptor)
        try write(Array(head.utf8) + body, to: descriptor)
        shutdown(descriptor, Int32(SHUT_WR))
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            received += buffer[..<count]
        }
        let data = Data(received)
        guard let end = data.firstRange(of: Data("\r\n\r\n".utf8)) else {
            return Reply(status: 0, head: String(decoding: received, as: UTF8.self), body: Data())
        }
        let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self)
        let status = lines.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Reply(status: status, head: lines, body: data[end.upperBound...])
    }

    private func connect(_ descriptor: Int32) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(code: errno) }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure(code: errno) }
            rest = rest.dropFirst(count)
        }
    }
}
