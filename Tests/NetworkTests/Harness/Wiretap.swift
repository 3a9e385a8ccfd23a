import Foundation
import Glibc
import Synchronization

/// Hears the datagrams that go between some ports of this machine, as they are on the wire. What they say is sealed; how
/// large they are, and when they come, is not.
final class Wiretap: Sendable {
    struct Datagram: Equatable, Sendable {
        let at: ContinuousClock.Instant
        let sender: UInt16
        let receiver: UInt16
        /// With the headers of IP and UDP.
        let size: Int
    }

    private struct State {
        var heard: [Datagram] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let ports: Set<UInt16>

    /// Why there can be none on this machine.
    static let obstacle: String? = {
        guard let descriptor = try? open() else { return "no raw sockets here: that takes root" }
        close(descriptor)
        return nil
    }()

    init(on ports: [UInt16]) throws {
        self.ports = Set(ports)
        let descriptor = try Self.open()
        // A thread of its own: it waits for most of the time.
        Thread.detachNewThread { [self] in
            listen(descriptor)
            close(descriptor)
        }
    }

    /// What came since this was last asked.
    func take() -> [Datagram] {
        state.withLock { state in
            defer { state.heard = [] }
            return state.heard
        }
    }

    func end() { state.withLock { $0.isOver = true } }

    /// Gets a copy of each datagram that arrives at any port, from its IP header on.
    private static func open() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_UDP))
        guard descriptor >= 0 else { throw NeverHappened(description: "no raw socket: errno \(errno)") }
        var patience = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private func listen(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !state.withLock(\.isOver) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0, let datagram = Self.read(buffer.prefix(count)), ports.contains(datagram.sender),
                ports.contains(datagram.receiver)
            else { continue }
            state.withLock { $0.heard.append(datagram) }
        }
    }

    private static func read(_ packet: ArraySlice<UInt8>) -> Datagram? {
        guard let first = packet.first else { return nil }
        let header = Int(first & 15) * 4
        guard packet.count >= header + 8 else { return nil }
        func number(at offset: Int) -> UInt16 { UInt16(packet[offset]) << 8 | UInt16(packet[offset + 1]) }
        return Datagram(
            at: .now, sender: number(at: header), receiver: number(at: header + 2), size: Int(number(at: 2)))
    }
}
