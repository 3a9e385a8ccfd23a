import Glibc
import NIOCore

/// Stands before the listening socket: when a connection cannot be taken because descriptors or memory have run out,
/// idle ones are closed and nothing is taken for a moment. Without it, the socket would stay readable, and the loop
/// spin.
final class Doorkeeper: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    /// Long enough to close what was shed, short enough that a client does not notice.
    static let pause: TimeAmount = .milliseconds(100)
    /// Connections have to be taken for so long before the shortage is called gone.
    static let quiet: TimeAmount = .seconds(10)

    private let house: House
    private let quiet: TimeAmount
    private var isPausing = false
    private var isReadWanted = false
    /// Looked at by one task at a time, from the first shortage until it is over.
    private var lastShortage: NIODeadline?

    init(house: House, quiet: TimeAmount = Doorkeeper.quiet) {
        self.house = house
        self.quiet = quiet
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, Self.isShortage(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        // Each time: others look after troubles too, and take one that nobody meets any more for over.
        house.services.shortage(error.errnoCode)
        let isFirst = lastShortage == nil
        lastShortage = .now()
        if isFirst { watch(context) }
        house.shed()
        guard !isPausing else { return }
        isPausing = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) { bound.value.0.resume(bound.value.1) }
    }

    func read(context: ChannelHandlerContext) {
        if isPausing { isReadWanted = true } else { context.read() }
    }

    private func resume(_ context: ChannelHandlerContext) {
        isPausing = false
        guard isReadWanted else { return }
        isReadWanted = false
        context.read()
    }

    /// Looks, until it is so, whether the last shortage is long past.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: quiet) {
            let (keeper, context) = bound.value
            guard let last = keeper.lastShortage else { return }
            guard NIODeadline.now() - last >= keeper.quiet else { return keeper.watch(context) }
            keeper.lastShortage = nil
            keeper.house.services.shortage(nil)
        }
    }

    private static func isShortage(_ number: CInt) -> Bool {
        number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM
    }
}
