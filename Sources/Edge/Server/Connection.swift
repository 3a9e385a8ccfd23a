import Allowance
import Glibc
import NIOCore
import Primitives

/// One client's connection: takes heads out of what arrives, answers one request after the other, and reads nothing
/// while it answers, so that a client cannot make it hold more than one request and what was read along with it.
final class Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum Phase {
        /// Waiting for a head, or the rest of one.
        case idle
        case receiving(PeerBody)
        /// A small answer is held back until the lease on disk reaches it.
        case paying(HeldAnswer)
        /// The node behind the door is asked.
        case asking
        case sending(Download)
        /// All is said; waiting for the client to close its end.
        case lingering
        case closed
    }

    static let readSize = 16 << 10
    /// Answers that the socket does not take yet: with more than the one, no request is answered until there are fewer
    /// than the other.
    static let waterMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 32 << 10, high: 64 << 10)
    /// What a client may send ahead while it is being answered. Nothing is read then, but on a half-closed connection
    /// the system hands over all there is.
    static let aheadLimit = 256 << 10

    let house: House
    let channel: any Channel
    let loop: any EventLoop
    var context: ChannelHandlerContext?
    var phase = Phase.idle
    var head = HTTPRequestHead()
    /// Bytes of paid answers that are not yet handed to the channel.
    var outgoing = ByteBuffer()
    var date = HTTPDate()
    /// Where the connection comes from, and that address's place, looked up once.
    var peer = IPAddress.v4(0)
    var peerPlace: Place??
    /// When the current request's head was complete.
    var began = NIODeadline.uptimeNanoseconds(0)
    /// When the current phase has lasted too long.
    var deadline = NIODeadline.distantFuture
    /// Its place among all connections; nothing before it has one.
    var ticket: House.Ticket?
    /// What it costs on the wire, where that is counted.
    var wire: WireAccount?
    /// The client has said that it asks for nothing else, and its answer is a small one: there is nothing to wait for.
    var endsWithAnswer = false
    /// What the socket has yet to take of large answers.
    var backlog: Backlog?
    var backlogs: UInt64 = 0

    private var isResting = true
    private var received = ByteBuffer()
    private var scanner = HeadScanner()
    private var inputEnded = false
    private var isStopping = false
    private var isAdvancing = false
    private var timer: (fires: NIODeadline, task: Scheduled<Void>)?
    private var lingered = 0

    init(house: House, channel: any Channel) {
        self.house = house
        self.channel = channel
        loop = channel.eventLoop
    }

    var services: EdgeServices { house.services }
    var settings: EdgeSettings { house.settings }

    /// No other request is answered on this connection.
    var isLast: Bool { !head.keepsAlive || isStopping }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let address = context.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) else { return close() }
        peer = address
        openWireAccount()
        guard let ticket = house.enter(channel, from: address) else { return close() }
        self.ticket = ticket
        expect(within: settings.idleLimit)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch phase {
        case .lingering:
            lingered += bytes.readableBytes
            if lingered > Self.aheadLimit { close() } else { context.read() }
        case .closed:
            break
        case .idle, .receiving, .paying, .asking, .sending:
            if received.readableBytes == 0 { received = bytes } else { received.writeBuffer(&bytes) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        switch phase {
        case .idle, .receiving: advance()
        case .paying, .asking, .sending: if received.readableBytes > Self.aheadLimit { close() }
        case .lingering, .closed: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputEnded = true
            switch phase {
            case .idle, .receiving: advance()
            case .lingering: close()
            // Where a reset has followed, this is the last chance to know what was sent.
            case .sending: if !settleWire() { close() }
            case .paying, .asking, .closed: break
            }
        case House.Notice.stop:
            isStopping = true
            switch phase {
            case .idle where received.readableBytes == 0:
                followBacklog()
                if backlog == nil { close() }
            case .lingering: if backlog == nil { close() }
            case .idle, .receiving, .paying, .asking, .sending, .closed: break
            }
        case House.Notice.cut: close()
        default: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .idle = phase { advance() }
    }

    /// The channel asks for more of its own accord, and gets nothing: what is read is asked for from here. It does so
    /// too when a write has failed, before it closes without a word: where the other side has reset the connection, that
    /// is the last chance to know what was sent.
    func read(context: ChannelHandlerContext) {
        switch phase {
        case .sending: settleIfDead()
        case .idle, .receiving, .paying, .asking, .lingering: if backlog != nil { settleIfDead() }
        case .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        abandon()
        self.context = nil
        if let ticket { house.leave(channel, ticket) }
        ticket = nil
    }

    // MARK: One request after the other

    /// Goes as far as the bytes that are here allow.
    func advance() {
        guard !isAdvancing, let context else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        loop: while context.channel.isWritable {
            switch phase {
            case .idle:
                guard takeHead() else { break loop }
                answer()
                // Small answers to requests sent ahead: the channel is to notice when the client does not read them.
                if outgoing.readableBytes > Self.readSize { flush() }
            case .receiving(let body):
                guard take(body) else { break loop }
            case .paying, .asking, .sending, .lingering, .closed:
                break loop
            }
        }
        flush()
    }

    /// Ends the current response, and the connection if it was the last one.
    func finishResponse() {
        if isLast || inputEnded && received.readableBytes == 0 {
            linger()
        } else {
            phase = .idle
            expect(within: backlog?.period ?? settings.idleLimit)
        }
    }

    /// True when a head was read; otherwise more bytes are asked for, or the connection ends.
    private func takeHead() -> Bool {
        do throws(Refusal) {
            guard let length = try scan() else {
                if received.readableBytes == 0 {
                    received = ByteBuffer()
                    if outgoing.capacity > Self.readSize { flush(); outgoing = ByteBuffer() }
                }
                rest()
                if inputEnded { linger() } else { context?.read() }
                return false
            }
            scanner.reset()
            guard wake() else {
                close()
                return false
            }
            began = .now()
            defer { received.moveReaderIndex(forwardBy: length) }
            try parse(length)
            return true
        } catch {
            // Where the next request would begin is anybody's guess.
            head.keepsAlive = false
            refuse(error)
            return false
        }
    }

    /// A request begins; false when another connection has this one's place.
    private func wake() -> Bool {
        guard isResting else { return true }
        isResting = false
        return ticket.map { house.begin($0) } ?? false
    }

    /// Nothing is under way: the longer it stays so, the sooner it goes for somebody else.
    private func rest() {
        guard !isResting, backlog == nil, let ticket else { return }
        isResting = true
        house.rest(ticket)
    }

    private func scan() throws(Refusal) -> Int? {
        let result = received.withUnsafeReadableBytes { bytes in
            Result { () throws(Refusal) in try scanner.length(of: bytes) }
        }
        if case .failure = result { head.clear() }
        return try result.get()
    }

    private func parse(_ length: Int) throws(Refusal) {
        endsWithAnswer = false
        measureWire()
        let result = received.withUnsafeReadableBytes { bytes in
            Result { () throws(Refusal) in try head.parse(UnsafeRawBufferPointer(rebasing: bytes[..<length])) }
        }
        try result.get()
        endsWithAnswer = !head.keepsAlive && head.contentLength == 0
    }

    /// True when the body is whole and was handed on; otherwise more bytes are asked for.
    private func take(_ body: PeerBody) -> Bool {
        guard received.readableBytes >= body.length else {
            if inputEnded { close() } else { context?.read() }
            return false
        }
        let bytes = received.readBytes(length: body.length) ?? []
        perform(body, bytes)
        return true
    }

    // MARK: Writing

    /// Hands the paid answers to the channel.
    func flush() {
        guard outgoing.readableBytes > 0, let context else { return }
        let isLarge = outgoing.readableBytes > Self.largeAnswer
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(outgoing)), promise: nil)
        outgoing.clear()
        if isLarge { followBacklog() }
    }

    /// The socket has taken all there was: now the next request is waited for, or the client's end.
    func endBacklog() {
        switch phase {
        case .idle where isStopping && received.readableBytes == 0: close()
        case .idle: expect(within: settings.idleLimit)
        case .lingering: expect(within: settings.lingerLimit)
        case .receiving, .paying, .asking, .sending, .closed: return
        }
        rest()
    }

    /// Says no more, and waits a moment for the client to close its end, unless it has said or done so.
    func linger() {
        guard let context else { return }
        let isOver = inputEnded || endsWithAnswer && received.readableBytes == 0
        phase = .lingering
        received = ByteBuffer()
        let last = outgoing
        outgoing.clear()
        // Behind what is still to be written.
        let written = context.writeAndFlush(wrapOutboundOut(.byteBuffer(last)))
        written.assumeIsolated().whenComplete { _ in
            if isOver { self.close() } else { self.endOutput() }
        }
        followBacklog(to: written)
        if case .lingering = phase, backlog == nil { endBacklog() }
    }

    /// Past the channel, which would close at once when the other side ends too, before anybody has settled.
    private func endOutput() {
        guard case .lingering = phase, let context else { return }
        let operations = channel.pipeline.syncOperations
        try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
            _ = shutdown(socket, CInt(SHUT_WR))
        }
        context.read()
    }

    func close() {
        if case .closed = phase { return }
        // What is left of a response that was given up is of no use to anybody.
        let isReset =
            switch phase {
            case .sending, .paying: true
            case .idle, .receiving, .asking, .lingering, .closed: false
            }
        abandon()
        closeWire(isReset: isReset)
        context?.close(promise: nil)
    }

    /// Settles whatever was going on.
    private func abandon() {
        switch phase {
        case .idle, .lingering: if backlog != nil { house.countCut() }
        case .closed: break
        case .receiving(let body):
            body.giveBack()
            house.countCut()
        case .asking:
            house.countCut()
        case .paying(let held):
            drop(held)
            house.countCut()
        case .sending(let download):
            abandon(download)
            house.countCut()
        }
        phase = .closed
        deadline = .distantFuture
        received = ByteBuffer()
        outgoing = ByteBuffer()
    }

    // MARK: Time

    /// The current phase has to end within this. One timer serves a connection for all its deadlines: it looks when it
    /// fires whether the deadline has moved.
    func expect(within limit: Duration) {
        deadline = .now() + .nanoseconds(limit.wholeNanoseconds)
        if let timer {
            guard deadline < timer.fires else { return }
            timer.task.cancel()
        }
        schedule()
    }

    private func schedule() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = (deadline, loop.scheduleTask(deadline: deadline) { bound.value.lookAtClock() })
    }

    private func lookAtClock() {
        timer = nil
        guard deadline != .distantFuture else { return }
        guard deadline <= .now() else { return schedule() }
        switch phase {
        case .idle, .lingering:
            guard let backlog else { break }
            if keepsPace(backlog) { return }
            house.count(.slow)
            return close()
        case .receiving, .paying, .asking, .sending, .closed: break
        }
        switch phase {
        case .idle where received.readableBytes > 0, .receiving:
            // The head of a request whose body is late stays: the answer is to a node, and told and marked as such.
            if case .receiving(let body) = phase { body.giveBack() } else { head.clear() }
            phase = .idle
            head.keepsAlive = false
            refuse(Refusal(.requestTimeout, "The request did not come whole in time."))
            flush()
        case .sending:
            house.count(.slow)
            close()
        case .idle, .paying, .asking, .lingering, .closed:
            close()
        }
    }
}
