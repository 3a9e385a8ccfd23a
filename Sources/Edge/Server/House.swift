import NIOCore
import Synchronization

/// What all connections of a server share.
final class House: Sendable {
    let services: EdgeServices
    let settings: EdgeSettings
    let bodies: Places
    let knocks: Places
    let resolutions: Places
    private let state: Mutex<State>

    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var counts = EdgeCounts()
        var isStopping = false
        /// Responses that were cut off; nothing as long as all may end.
        var cut: Int?
        var whenEmpty: [EventLoopPromise<Void>] = []
    }

    /// Told to each connection when the server stops: finish what you are at, take nothing new.
    enum Notice: Sendable { case stop }

    init(services: EdgeServices, settings: EdgeSettings) {
        self.services = services
        self.settings = settings
        bodies = Places(settings.bodyLimit)
        knocks = Places(settings.knockLimit)
        resolutions = Places(settings.resolveLimit)
        state = Mutex(State())
    }

    var counts: EdgeCounts { state.withLock(\.counts) }

    /// False when there is no place for one more.
    func enter(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.connections.count < settings.connectionLimit else {
                state.counts.refusedConnections += 1
                return false
            }
            state.connections[ObjectIdentifier(channel)] = channel
            state.counts.connections = state.connections.count
            return true
        }
    }

    func leave(_ channel: any Channel) {
        let waiting: [EventLoopPromise<Void>] = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = nil
            state.counts.connections = state.connections.count
            guard state.connections.isEmpty else { return [] }
            defer { state.whenEmpty = [] }
            return state.whenEmpty
        }
        for promise in waiting { promise.succeed() }
    }

    func countResponse() {
        state.withLock { $0.counts.responses &+= 1 }
    }

    /// Asks every connection to end; the future succeeds when the last one has.
    func stop(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        let open: [any Channel] = state.withLock { state in
            state.isStopping = true
            if !state.connections.isEmpty { state.whenEmpty.append(promise) }
            return Array(state.connections.values)
        }
        if open.isEmpty { promise.succeed() }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(Notice.stop) }
        return promise.futureResult
    }

    /// Closes what is still open.
    func cut() {
        let open = state.withLock { state in
            state.cut = 0
            return Array(state.connections.values)
        }
        for channel in open { channel.close(promise: nil) }
    }

    /// A response was cut off: by its client, or, after `cut`, by this server.
    func countCut() {
        state.withLock { state in
            if let cut = state.cut { state.cut = cut + 1 }
        }
    }

    /// How many responses `cut` ended.
    var responsesCut: Int { state.withLock { $0.cut ?? 0 } }
}

/// A number of places that are taken and given back.
final class Places: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) {
        free = Mutex(count)
    }

    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func giveBack() {
        free.withLock { $0 += 1 }
    }
}
