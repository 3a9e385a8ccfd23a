import Catalogue
import Console
import Primitives
import Synchronization
import Transport

/// One file, fetched from several holders at once, every piece verified before it is written.
final class Download: Sendable {
    private struct State {
        var queue: PieceQueue
        var pool = HolderPool()
        /// On disk, or on their way.
        var received: ByteCount
        var lastArrival: Instant
        var lastRefresh: Instant
        /// By holder: the query of the redirect that led nowhere last.
        var detours: [String: String] = [:]
        var lastProblem: String?
    }

    /// What a run of pieces came to.
    private enum Outcome {
        case finished
        /// The holder did not send them, and why; with the time it asked to be left alone.
        case unavailable(String, rest: Duration?)
        case corrupt(piece: Int)
    }

    private let manifest: Manifest
    private let link: Link
    private let part: PartFile
    private let courier: Courier
    private let state: Mutex<State>
    private let progress: @Sendable (ByteCount) -> Void
    private let remark: @Sendable (String) -> Void

    /// Runs of pieces on their way at once.
    static let parallelism = 6
    /// Without a byte for so long, it gives up; what has come stays.
    static let patience = Duration.seconds(60)
    /// A holder slower than this is left for another.
    static let slowest = CourierRequest.Pace(bytesPerSecond: .kibibytes(16), over: .seconds(10))
    /// As often as a node sends anybody on: a holder that has spent its allowance names another.
    static let redirects = 2
    static let refreshInterval = Duration.seconds(10)
    static let idleInterval = Duration.milliseconds(200)

    init(
        _ manifest: Manifest, link: Link, into part: PartFile, present: Bitfield, courier: Courier,
        progress: @escaping @Sendable (ByteCount) -> Void, remark: @escaping @Sendable (String) -> Void
    ) {
        self.manifest = manifest
        self.link = link
        self.part = part
        self.courier = courier
        self.progress = progress
        self.remark = remark
        let queue = PieceQueue(manifest.geometry, present: present)
        let now = MonotonicTime.now()
        state = Mutex(State(queue: queue, received: queue.done, lastArrival: now, lastRefresh: now))
    }

    /// Fetches what is missing.
    func run() async throws {
        await refresh()
        progress(state.withLock { $0.received })
        try await withThrowingTaskGroup(of: Void.self) { workers in
            for _ in 0..<Self.parallelism { workers.addTask { try await self.work() } }
            try await workers.waitForAll()
        }
    }

    /// Asks again who has the file; the link's own node is the last resort.
    private func refresh() async {
        let mirrors = await Documents(link, courier).mirrors()
        state.withLock { state in
            state.lastRefresh = MonotonicTime.now()
            state.pool.add(mirrors.isEmpty ? [link.description] : mirrors)
        }
    }

    // MARK: Workers

    private enum Step {
        case fetch(Range<Int>, from: String)
        case idle(refresh: Bool)
        case done
    }

    private func work() async throws {
        while true {
            switch try next() {
            case .done: return
            case .idle(let isRefreshing):
                if isRefreshing { await refresh() }
                try await Task.sleep(for: Self.idleInterval)
            case .fetch(let pieces, let url):
                try settle(await fetch(pieces, from: url), pieces, url)
            }
        }
    }

    /// What there is to do now.
    private func next() throws -> Step {
        let now = MonotonicTime.now()
        return try state.withLock { state in
            if state.queue.isComplete { return .done }
            if let pieces = state.queue.take() {
                if let url = state.pool.take(at: now) { return .fetch(pieces, from: url) }
                state.queue.putBack(pieces)
            }
            guard now - state.lastArrival < Self.patience, !state.pool.isExhausted else {
                let reason = state.lastProblem.map { " (\($0))" } ?? ""
                throw Complaint(
                    "Nobody sends the rest of the file now\(reason); run the same command again later, "
                        + "it goes on where it stopped.")
            }
            let isRefreshing = now - state.lastRefresh >= Self.refreshInterval
            if isRefreshing { state.lastRefresh = now }
            return .idle(refresh: isRefreshing)
        }
    }

    private func settle(_ outcome: Outcome, _ pieces: Range<Int>, _ url: String) throws {
        let now = MonotonicTime.now()
        switch outcome {
        case .finished:
            state.withLock { $0.pool.succeeded(url, size(of: pieces)) }
        case .unavailable(let problem, let rest):
            state.withLock { state in
                state.queue.putBack(pieces)
                state.pool.failed(url, rest: rest, at: now)
                state.lastProblem = problem
            }
        case .corrupt(let piece):
            let node = Link(url)?.node ?? url
            remark("\(node) sent bytes that are not this file's (piece \(piece)): it is not asked again.")
            try state.withLock { state in
                state.queue.putBack(pieces)
                state.pool.exclude(url)
                guard !state.pool.isExhausted else {
                    throw Complaint("No node sent the right bytes; take the link of another node of the network.")
                }
            }
        }
    }

    // MARK: One run of pieces

    private func fetch(_ pieces: Range<Int>, from url: String) async throws -> Outcome {
        let range = manifest.geometry.bytes(of: pieces)
        let buffer = RunBuffer(capacity: Int(range.upperBound - range.lowerBound)) { self.arrived($0) }
        let whole = 0..<manifest.posting.length.bytes
        var asked = state.withLock { $0.detours[url] }.map { "\(url)?\($0)" } ?? url
        var answer: CourierAnswer
        var hops = 0
        repeat {
            var request = CourierRequest("GET", asked)
            request.range = range
            request.slowest = Self.slowest
            do {
                answer = try await courier.download(
                    request, accepting: { Self.carries(range, of: whole, $0) }, into: { buffer.append($0) })
            } catch {
                forget(buffer.count)
                remember(asked, asDetourOf: url)
                return .unavailable("\(Link(asked)?.node ?? asked): \(error)", rest: nil)
            }
            guard hops < Self.redirects, let next = Self.redirect(in: answer.head) else { break }
            hops += 1
            asked = next
        } while true
        guard Self.carries(range, of: whole, answer.head), buffer.isFull else {
            forget(buffer.count)
            remember(asked, asDetourOf: url)
            let rest = answer.head.fields.value(of: "retry-after").flatMap { Int($0) }.map { Duration.seconds($0) }
            return .unavailable("\(Link(asked)?.node ?? asked) answers \(answer.head.status)", rest: rest)
        }
        if let wrong = try store(buffer.take(), pieces) {
            forget(ByteCount(range.upperBound - range.lowerBound))
            // Who only sent on to a liar is no liar, and may send elsewhere next time.
            guard hops == 0 else {
                remember(asked, asDetourOf: url)
                return .unavailable("\(asked) sent wrong bytes", rest: nil)
            }
            return .corrupt(piece: wrong)
        }
        return .finished
    }

    private static func redirect(in head: AnswerHead) -> String? {
        guard [301, 302, 307, 308].contains(head.status), let next = head.fields.value(of: "location"),
            next.hasPrefix("http://") || next.hasPrefix("https://")
        else { return nil }
        return next
    }

    /// The holder at `url` had sent this download there in vain: shown its own `via`, it will send elsewhere.
    private func remember(_ asked: String, asDetourOf url: String) {
        guard asked != url, let mark = asked.firstIndex(of: "?") else { return }
        let query = String(asked[asked.index(after: mark)...])
        guard query.hasPrefix("via=") else { return }
        state.withLock { $0.detours[url] = query }
    }

    /// Verifies every piece, and writes all of them when all are right; the first wrong one otherwise.
    private func store(_ bytes: [UInt8], _ pieces: Range<Int>) throws -> Int? {
        let geometry = manifest.geometry
        let start = geometry.bytes(of: pieces).lowerBound
        var hasher = PieceHasher(geometry)
        return try bytes.withUnsafeBytes { bytes in
            for piece in pieces {
                let range = geometry.bytes(of: piece)
                let slice = bytes[Int(range.lowerBound - start)..<Int(range.upperBound - start)]
                hasher.update(UnsafeRawBufferPointer(rebasing: slice))
                guard hasher.finish() == manifest.pieces[piece] else { return piece }
            }
            try part.write(bytes, at: start)
            state.withLock { $0.queue.stored(pieces) }
            return nil
        }
    }

    private static func carries(_ range: Range<Int64>, of whole: Range<Int64>, _ head: AnswerHead) -> Bool {
        switch head.status {
        case 200: range == whole
        case 206:
            head.fields.value(of: "content-range")
                == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole.upperBound)"
        default: false
        }
    }

    private func arrived(_ count: ByteCount) {
        let received = state.withLock { state in
            state.received += count
            state.lastArrival = MonotonicTime.now()
            return state.received
        }
        progress(received)
    }

    /// Bytes that came and were of no use.
    private func forget(_ count: ByteCount) {
        state.withLock { $0.received -= count }
    }

    private func size(of pieces: Range<Int>) -> ByteCount {
        let bytes = manifest.geometry.bytes(of: pieces)
        return ByteCount(bytes.upperBound - bytes.lowerBound)
    }
}

/// The bytes of one run of pieces as they come, never more than were asked for.
private final class RunBuffer: Sendable {
    private let capacity: Int
    private let bytes: Mutex<[UInt8]>
    private let arrived: @Sendable (ByteCount) -> Void

    init(capacity: Int, arrived: @escaping @Sendable (ByteCount) -> Void) {
        self.capacity = capacity
        self.arrived = arrived
        var bytes: [UInt8] = []
        bytes.reserveCapacity(capacity)
        self.bytes = Mutex(bytes)
    }

    /// False: more than was asked for; the transfer ends.
    func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
        let fits = bytes.withLock { bytes in
            guard bytes.count + chunk.count <= capacity else { return false }
            bytes.append(contentsOf: chunk)
            return true
        }
        if fits { arrived(ByteCount(chunk.count)) }
        return fits
    }

    var count: ByteCount { bytes.withLock { ByteCount($0.count) } }
    var isFull: Bool { bytes.withLock { $0.count == capacity } }

    func take() -> [UInt8] {
        bytes.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
    }
}
