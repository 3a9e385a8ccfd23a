import Dispatch
import Glibc
import Synchronization

/// Standard error, for the log. Lines are written by a thread of its own: whoever reads them slowly, or not at all, and
/// a disk that takes none, hold nothing else up. Lines beyond what may wait are dropped, and the log says how many once
/// it is read again.
final class LogOutput: TextOutputStream, Sendable {
    static let standardError = LogOutput(descriptor: STDERR_FILENO)

    /// What may wait, in bytes; as much may be with the system's call.
    static let limit = 1 << 20
    /// What is left when the node ends has so long to be read.
    static let farewell = DispatchTimeInterval.seconds(1)

    private struct State {
        var text: [UInt8] = []
        var lines = 0
        var dropped = 0
        var isWriting = false
    }

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "potluck.log")
    private let state = Mutex(State())

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// How many lines were lost and have not been told of.
    var dropped: Int { state.withLock(\.dropped) }

    var isWriting: Bool { state.withLock(\.isWriting) }

    func write(_ line: String) {
        let mustStart = state.withLock { state in
            guard state.text.count + line.utf8.count <= Self.limit else {
                state.dropped += 1
                return false
            }
            state.text += line.utf8
            state.lines += 1
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.drain() } }
    }

    /// Returns when all lines so far were written, or nobody took them for a while.
    func flush() {
        let isDone = DispatchSemaphore(value: 0)
        queue.async { isDone.signal() }
        _ = isDone.wait(timeout: .now() + Self.farewell)
    }

    private func drain() {
        while let (text, lines, dropped) = next() {
            let note = dropped > 0 ? Array("\(dropped) lines of the log were dropped here.\n".utf8) : []
            guard put(note + text) else {
                state.withLock { $0.dropped += dropped + lines }
                continue
            }
        }
    }

    private func next() -> (text: [UInt8], lines: Int, dropped: Int)? {
        state.withLock { state in
            guard !state.text.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state = State(isWriting: true) }
            return (state.text, state.lines, state.dropped)
        }
    }

    private func put(_ text: [UInt8]) -> Bool {
        var rest = text[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another process has made it so that it does not wait.
                var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&event, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
