import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// What all connections of a server share.
final class House: Sendable {
    let services: EdgeServices
    let settings: EdgeSettings
    /// What members send, by member.
    let bodies: Shares<NodeID>
    /// What strangers send: who they are is their own choice.
    let knocks: Shares<NodeID>
    let lookUps: Shares<AddressRange>
    let requests: Shares<AddressRange>
    let unfound = Unfound()
    let portions = Portions()
    /// Threads that wait for the disk, so that event loops do not: as many as there are cores. One response at most
    /// waits in their line for each connection.
    static let loaders = NIOThreadPool.singleton
    private let state: Mutex<State>

    typealias Ticket = Register<any Channel>.Ticket

    private struct State {
        var register: Register<any Channel>
        var counts = EdgeCounts()
        /// Channels that are not closed yet, also those whose place somebody else has.
        var open: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        /// Responses that were cut off; nothing as long as all may end.
        var cut: Int?
        var whenEmpty: [EventLoopPromise<Void>] = []
    }

    /// Told to each connection when the server stops.
    enum Notice: Sendable {
        /// Finish what you are at, take nothing new.
        case stop
        /// There is no more time.
        case cut
    }

    init(services: EdgeServices, settings: EdgeSettings) {
        self.services = services
        self.settings = settings
        bodies = Shares(settings.bodyLimit, each: settings.memberBodyLimit)
        knocks = Shares(settings.knockLimit, each: settings.knockLimit)
        lookUps = Shares(settings.lookUpLimit, each: settings.prefixLookUpLimit)
        requests = Shares(settings.connectionLimit, each: settings.prefixRequestLimit)
        let limits = Register<any Channel>.Limits(
            connections: settings.connectionLimit, reserve: min(settings.memberReserve, settings.connectionLimit / 4),
            perPrefix: settings.prefixConnectionLimit, perMember: settings.memberConnectionLimit)
        state = Mutex(State(register: Register(limits)))
    }

    var counts: EdgeCounts {
        state.withLock { state in
            var counts = state.counts
            counts.connections = state.register.count
            counts.memberConnections = state.register.memberCount
            return counts
        }
    }

    func count(_ reason: EdgeCounts.Reason) {
        state.withLock { $0.counts[reason] &+= 1 }
    }

    // MARK: Coming and going

    /// Nothing when there is no place for one more. Who has been idle longest may have to go for it.
    func enter(_ channel: any Channel, from address: IPAddress) -> Ticket? {
        let origin = settings.trustedProxies.contains(address) ? Origin.proxy : .prefix(address.neighbourhood)
        let (ticket, displaced): (Ticket?, (any Channel)?) = state.withLock { state in
            guard !state.isStopping else { return (nil, nil) }
            switch state.register.admit(channel, from: origin) {
            case .admitted(let ticket, let instead):
                state.open[ObjectIdentifier(channel)] = channel
                if instead != nil { state.counts[.displaced] &+= 1 }
                return (ticket, instead)
            case .full:
                state.counts[.connections] &+= 1
                return (nil, nil)
            case .prefixFull:
                state.counts[.connectionsOfPrefix] &+= 1
                return (nil, nil)
            }
        }
        if let displaced { Self.cut(displaced) }
        return ticket
    }

    func leave(_ channel: any Channel, _ ticket: Ticket) {
        let waiting: [EventLoopPromise<Void>] = state.withLock { state in
            state.register.leave(ticket)
            state.open[ObjectIdentifier(channel)] = nil
            guard state.open.isEmpty else { return [] }
            defer { state.whenEmpty = [] }
            return state.whenEmpty
        }
        for promise in waiting { promise.succeed() }
    }

    /// Descriptors or memory have run out: those who have been idle longest go.
    func shed() {
        let shed = state.withLock { state in
            state.counts[.descriptors] &+= 1
            let shed = state.register.shed(settings.shedding)
            state.counts[.displaced] &+= shed.count
            return shed
        }
        for channel in shed { Self.cut(channel) }
    }

    // MARK: Requests

    /// False when somebody else has the connection's place: it is about to be closed.
    func begin(_ ticket: Ticket) -> Bool { state.withLock { $0.register.begin(ticket) } }

    func rest(_ ticket: Ticket) { state.withLock { $0.register.rest(ticket) } }

    func servesStranger(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            let serves = state.register.servesStranger(ticket)
            if !serves { state.counts[.strangers] &+= 1 }
            return serves
        }
    }

    func recognise(_ ticket: Ticket, as member: NodeID) {
        state.withLock { $0.register.recognise(ticket, as: member) }
    }

    func countResponse(_ status: Status) {
        state.withLock { state in
            state.counts.responses &+= 1
            if let reason = EdgeCounts.Reason(status) { state.counts[reason] &+= 1 }
        }
    }

    // MARK: Stopping

    /// Asks every connection to end; the future succeeds when the last one has.
    func stop(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        let open: [any Channel] = state.withLock { state in
            state.isStopping = true
            if !state.open.isEmpty { state.whenEmpty.append(promise) }
            return Array(state.open.values)
        }
        if open.isEmpty { promise.succeed() }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(Notice.stop) }
        return promise.futureResult
    }

    var isStopping: Bool { state.withLock(\.isStopping) }

    /// Closes what is still open.
    func cut() {
        let open = state.withLock { state in
            state.cut = 0
            return Array(state.open.values)
        }
        for channel in open { Self.cut(channel) }
    }

    /// Not the channel itself is closed: the connection still settles what it has sent.
    private static func cut(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(Notice.cut)
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
