import CLinux
import Glibc
import Primitives
import Synchronization

@testable import Transport

/// A server for one test: it reads a request, and says whatever bytes its script has for the path, honest or not.
final class TinyServer: Sendable {
    /// What the script may do with a connection after a request.
    enum Reply: Sendable {
        /// The text, and the connection stays.
        case bytes(String)
        /// A head, and a body that is not text; the connection stays.
        case binary(String, [UInt8])
        /// The text, and the connection is closed.
        case thenClose(String)
        /// The text, then the piece again and again until the other side gives up.
        case endless(String, piece: String)
        /// The text, then the body, each byte in a packet of its own; the connection stays.
        case drip(String, String)
        /// The text, then nothing more.
        case stall(String)
    }

    struct Request: Sendable, Equatable {
        var line: String
        var fields: [String]
        var body: [UInt8]
        /// Which connection it came on, counted from 1.
        var connection: Int
    }

    let port: UInt16
    private let listener: Int32
    private let script: @Sendable (Request) -> Reply
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
        var connections: [Int32] = []
        var isClosed = false
    }

    /// On a free port of the loopback interface, or on a Unix socket.
    init(unixSocket: String? = nil, _ script: @escaping @Sendable (Request) -> Reply) {
        self.script = script
        let descriptor: Int32
        if let path = unixSocket {
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(descriptor, $0, length) }
            }
            port = 0
        } else {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, length)
                    _ = getsockname(descriptor, $0, &length)
                }
            }
            port = UInt16(bigEndian: address.sin_port)
        }
        listener = descriptor
        listen(listener, 64)
        start { $0.accept() }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock(\.requests) }

    /// What has come from all clients so far, as their network interface would count it: each one's first packet, which
    /// the kernel counts nowhere, too.
    var heard: Int64 {
        facts.reduce(0) { sum, facts in
            let packets = Int64(facts.segs_in) + 1
            return sum + Int64(facts.bytes_received) + packets * PacketHeaders.tcp(isIPv6: false)
        }
    }

    /// The same, and with each acknowledgement three ranges of what had come (RFC 2018), where packets of this server's
    /// overtook each other or were lost: how many of them did name ranges, the kernel does not say.
    var heardAtMost: Int64 {
        facts.reduce(heard) { sum, facts in
            facts.total_retrans + facts.reord_seen > 0 ? sum + Int64(facts.segs_in) * PacketHeaders.missing : sum
        }
    }

    /// What the kernel knows of each connection.
    private var facts: [clinux_tcp_info] {
        state.withLock(\.connections).map { connection in
            var facts = clinux_tcp_info()
            var length = socklen_t(MemoryLayout<clinux_tcp_info>.size)
            getsockopt(connection, Int32(IPPROTO_TCP), TCP_INFO, &facts, &length)
            return facts
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            shutdown(listener, Int32(SHUT_RDWR))
            Glibc.close(listener)
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private func start(_ body: @escaping @Sendable (TinyServer) -> Void) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Work(server: self, body: body)).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                work.body(work.server)
                return nil
            }, context)
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let server: TinyServer
        let body: @Sendable (TinyServer) -> Void

        init(server: TinyServer, body: @escaping @Sendable (TinyServer) -> Void) {
            self.server = server
            self.body = body
        }
    }

    private func accept() {
        var number = 0
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            number += 1
            let isClosed = state.withLock { state in
                state.connections.append(connection)
                return state.isClosed
            }
            guard !isClosed else { return }
            // What is written by itself goes by itself.
            var isOn: Int32 = 1
            setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
            let own = number
            start { $0.serve(connection, number: own) }
        }
    }

    private func serve(_ connection: Int32, number: Int) {
        var pending: [UInt8] = []
        while let request = read(from: connection, &pending, number: number) {
            state.withLock { $0.requests.append(request) }
            switch script(request) {
            case .bytes(let text):
                guard write(text.utf8, to: connection) else { return }
            case .binary(let head, let body):
                guard write(Array(head.utf8) + body, to: connection) else { return }
            case .thenClose(let text):
                _ = write(text.utf8, to: connection)
                shutdown(connection, Int32(SHUT_RDWR))
                return
            case .endless(let text, let piece):
                guard write(text.utf8, to: connection) else { return }
                while write(piece.utf8, to: connection) {}
                return
            case .drip(let text, let body):
                guard write(text.utf8, to: connection) else { return }
                for byte in body.utf8 { guard write([byte], to: connection) else { return } }
            case .stall(let text):
                _ = write(text.utf8, to: connection)
                // Until the other side closes.
                var byte: UInt8 = 0
                _ = recv(connection, &byte, 1, 0)
                return
            }
        }
    }

    private func read(from connection: Int32, _ pending: inout [UInt8], number: Int) -> Request? {
        while true {
            if let request = Self.parse(&pending, number: number) { return request }
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            pending += buffer.prefix(count)
        }
    }

    /// A whole request at the front of what has come, with its body in full or in chunks.
    private static func parse(_ pending: inout [UInt8], number: Int) -> Request? {
        guard let end = pending.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n").map(
            String.init)
        var rest = pending[end.upperBound...]
        var body: [UInt8] = []
        func value(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
        }
        if let length = value("content-length").flatMap({ Int($0) }) {
            guard rest.count >= length else { return nil }
            body = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        } else if value("transfer-encoding") == "chunked" {
            while true {
                guard let line = rest.firstRange(of: Array("\r\n".utf8)),
                    let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16)
                else { return nil }
                let after = rest[line.upperBound...]
                guard after.count >= size + 2 else { return nil }
                body += after.prefix(size)
                rest = after.dropFirst(size + 2)
                if size == 0 { break }
            }
        }
        pending = Array(rest)
        return Request(line: lines[0], fields: Array(lines.dropFirst()), body: body, connection: number)
    }

    private func write(_ content: some Sequence<UInt8>, to connection: Int32) -> Bool {
        var bytes = Array(content)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

extension TinyServer.Request {
    /// As a verifier wants it.
    var head: RequestHead {
        let parts = line.split(separator: " ").map(String.init)
        return RequestHead(
            method: parts[0], target: parts[1],
            fields: fields.map { field in
                let halves = field.split(separator: ": ", maxSplits: 1).map(String.init)
                return HeaderField(name: halves[0], value: halves.count > 1 ? halves[1] : "")
            })
    }
}
