import Foundation
import Glibc
import Synchronization

/// A holder for tests, honest or not, on loopback: one thread a connection, one request a connection.
final class HolderServer: Sendable {
    enum Conduct: Sendable {
        case honest
        /// Flips a bit in every answer.
        case lying
        /// Answers 503.
        case refusing
        /// Ends the connection in the middle of every second answer.
        case breaking
    }

    let port: UInt16
    private let listener: Int32
    private let conduct: Conduct
    private let content: [UInt8]
    private let documents = Mutex<[String: [UInt8]]>([:])
    private let counts = Mutex<(requests: Int, bytes: Int)>((0, 0))

    struct Failure: Error {
        let code: Int32
    }

    init(_ content: [UInt8], _ conduct: Conduct = .honest) throws {
        self.content = content
        self.conduct = conduct
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard result else { throw Failure(code: errno) }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in accept() }.start()
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: Int { counts.withLock { $0.requests } }
    var bytesSent: Int { counts.withLock { $0.bytes } }

    /// Serves a document beside the content, at a path.
    func serve(_ document: [UInt8], at path: String) {
        documents.withLock { $0[path] = document }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            Thread { [self] in
                answer(connection)
                close(connection)
            }.start()
        }
    }

    private func answer(_ connection: Int32) {
        var head = ""
        var byte: UInt8 = 0
        while !head.hasSuffix("\r\n\r\n"), head.utf8.count < 8192, read(connection, &byte, 1) == 1 {
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        if let document = documents.withLock({ $0[path] }) {
            send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(document.count)\r\nConnection: close\r\n\r\n", document,
                connection)
            return
        }
        let number = counts.withLock { counts in
            counts.requests += 1
            return counts.requests
        }
        if case .refusing = conduct {
            let head =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            send(head, [], connection)
            return
        }
        guard let match = head.firstMatch(of: /\r\n[Rr]ange: bytes=(\d+)-(\d+)\r\n/), let first = Int(match.1),
            let last = Int(match.2), last < content.count
        else { return }
        var bytes = Array(content[first...last])
        if case .lying = conduct { bytes[bytes.count / 2] ^= 1 }
        let range = "Content-Range: bytes \(first)-\(last)/\(content.count)\r\nContent-Length: \(bytes.count)\r\n"
        if case .breaking = conduct, number % 2 == 0 { bytes.removeLast(bytes.count / 2) }
        counts.withLock { $0.bytes += bytes.count }
        send("HTTP/1.1 206 Partial Content\r\n\(range)Connection: close\r\n\r\n", bytes, connection)
    }

    private func send(_ head: String, _ body: [UInt8], _ connection: Int32) {
        var rest = (Array(head.utf8) + body)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
