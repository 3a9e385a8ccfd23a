import CLinux
import Dispatch
import Glibc
import Primitives

/// A client that sends exactly the bytes it is told to, over a plain blocking socket on a thread of its own.
final class RawClient: @unchecked Sendable {
    // The descriptor is written once, and all calls on it run one after the other on `queue`.
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "raw client")
    private var pending: [UInt8] = []

    struct Response: Sendable {
        var status: Int
        var fields: [(name: String, value: String)]
        var headLength: Int
        var body: [UInt8]

        subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        var lines: [String] { fields.map { "\($0.name): \($0.value)" }.sorted() }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// Everything that came over the wire.
        var byteCount: Int64 { Int64(headLength + body.count) }
    }

    struct Failure: Error {}

    /// Comes from `source`, any loopback address, where one is given.
    init(to endpoint: Endpoint, receiveBuffer: Int32? = nil, from source: UInt32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if let source {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = source.bigEndian
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0 else { throw Failure() }
        }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        // Beyond what the server waits for anything: on a busy machine, a test is not to give up before that has.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard case .v4(let word) = endpoint.address else { throw Failure() }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        address.sin_addr.s_addr = word.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure() }
    }

    deinit {
        close(descriptor)
    }

    /// Ends the connection at once, with a reset: what was sent and not read is lost.
    func abort() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Whether nothing has come.
    var isSilent: Bool {
        queue.sync {
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0 && errno == EAGAIN
        }
    }

    func endOutput() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await perform {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure() }
                sent += count
            }
        }
    }

    /// One response: its body is as long as it says, or nothing where there is none.
    func response(hasBody: Bool = true) async throws -> Response {
        try await perform {
            var end = self.pending.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            while end == nil {
                try self.fill()
                end = self.pending.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            }
            guard let end else { throw Failure() }
            let lines = String(decoding: self.pending[..<end], as: UTF8.self).split(separator: "\r\n")
            let fields = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].dropFirst()) : "")
            }
            var response = Response(
                status: Int(lines[0].split(separator: " ")[1]) ?? 0, fields: fields, headLength: end, body: [])
            self.pending.removeFirst(end)
            let length = hasBody ? Int(response["content-length"] ?? "0") ?? 0 : 0
            while self.pending.count < length { try self.fill() }
            response.body = Array(self.pending[..<length])
            self.pending.removeFirst(length)
            return response
        }
    }

    /// Reads at least so many bytes and drops them; how many were read.
    func skip(atLeast count: Int) async throws -> Int {
        try await perform {
            while self.pending.count < count { try self.fill() }
            defer { self.pending = [] }
            return self.pending.count
        }
    }

    /// All that comes until the server ends the connection; nothing if it was reset.
    func rest() async throws -> [UInt8] {
        try await perform {
            while true {
                do { try self.fill() } catch { break }
            }
            defer { self.pending = [] }
            return self.pending
        }
    }

    /// Packets that have come, the first one of the handshake included.
    var packets: Int64 {
        var facts = clinux_tcp_info()
        var length = socklen_t(MemoryLayout<clinux_tcp_info>.size)
        getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &facts, &length)
        return Int64(facts.segs_in)
    }

    func exchange(_ text: String, hasBody: Bool = true) async throws -> Response {
        try await send(text)
        return try await response(hasBody: hasBody)
    }

    private func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure() }
        pending += buffer[..<count]
    }

    private func perform<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}
