import Foundation
import Glibc

/// One end of a stream, for those who do what no ordinary client does. Blocking, and closed with the last reference.
///
/// Unchecked: the descriptor never changes, and each of these is used by one task at a time.
final class RawSocket: @unchecked Sendable {
    private let descriptor: Int32
    /// All bytes that ever arrived here.
    private(set) var received: Int64 = 0

    private init(_ descriptor: Int32) throws {
        guard descriptor >= 0 else { throw NeverHappened(description: "no socket: errno \(errno)") }
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// A connection to a port of loopback; with port 0, a listener that accepts nothing.
    convenience init(port: UInt16) throws {
        try self.init(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try Self.check(
            withUnsafeBytes(of: &address) { bytes in
                let generic = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
                return port == 0
                    ? bind(descriptor, generic, socklen_t(bytes.count)) | listen(descriptor, 16)
                    : connect(descriptor, generic, socklen_t(bytes.count))
            })
    }

    /// A connection to a Unix socket.
    convenience init(path: String) throws {
        try self.init(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try Self.check(
            withUnsafeBytes(of: &address) { bytes in
                connect(
                    descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
            })
    }

    private static func check(_ result: Int32) throws {
        guard result == 0 else { throw NeverHappened(description: "no connection: errno \(errno)") }
    }

    /// The port of a listener.
    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutableBytes(of: &address) { bytes in
            getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        return UInt16(bigEndian: address.sin_port)
    }

    func say(_ text: String) { say(Array(text.utf8)) }

    func say(_ bytes: [UInt8]) {
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Takes what comes until the other end says that it was all, or breaks off.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            received += Int64(count)
        }
    }
}
