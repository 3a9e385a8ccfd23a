import Foundation
import Glibc

/// Sockets of the loopback address without any manners: bytes go out as they are given.
enum RudeSocket {
    struct Failed: Error {
        let call: String
        let number: Int32
    }

    /// - Parameter patience: after so long without a byte, a read or write gives up.
    static func connect(to port: UInt16, patience seconds: Int = 10) throws -> Int32 {
        let descriptor = try make(.stream, patience: seconds)
        let connected = withAddress(port) { Glibc.connect(descriptor, $0, $1) }
        guard connected == 0 else {
            let number = errno
            close(descriptor)
            throw Failed(call: "connect", number: number)
        }
        return descriptor
    }

    static func bindDatagrams(to port: UInt16 = 0, patience seconds: Int = 1) throws -> Int32 {
        let descriptor = try make(.datagrams, patience: seconds)
        guard withAddress(port, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw Failed(call: "bind", number: errno)
        }
        return descriptor
    }

    static func listen(on port: UInt16) throws -> Int32 {
        let descriptor = try make(.stream, patience: 1)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { Glibc.bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 128) == 0 else {
            throw Failed(call: "listen", number: errno)
        }
        return descriptor
    }

    static func setPatience(_ seconds: Int, of descriptor: Int32) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// Whether all of it was taken.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var position = 0
        while position < bytes.count {
            let count = bytes[position...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, noSignal) }
            guard count > 0 else { return false }
            position += count
        }
        return true
    }

    /// What comes until the end, the limit, or a silence.
    static func read(from descriptor: Int32, limit: Int = 1 << 20) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < limit {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    static func sendDatagram(_ bytes: [UInt8], from descriptor: Int32, to port: UInt16) {
        _ = withAddress(port) { address, length in
            bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, noSignal, address, length) }
        }
    }

    static func receiveDatagram(at descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count >= 0 ? Array(buffer.prefix(count)) : nil
    }

    // MARK: -

    private enum Kind { case stream, datagrams }

    private static let noSignal = Int32(MSG_NOSIGNAL)

    private static func make(_ kind: Kind, patience seconds: Int) throws -> Int32 {
        let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        let descriptor = socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failed(call: "socket", number: errno) }
        setPatience(seconds, of: descriptor)
        return descriptor
    }

    private static func withAddress<Result>(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// Runs what blocks on a thread of its own.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
