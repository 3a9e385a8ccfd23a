import NIOCore
import Primitives

/// Answers that are handed over and that the socket has not taken yet.
struct Backlog {
    /// An earlier one may end later.
    var number: UInt64
    /// Bytes, when they were looked at last.
    var left: Int
    /// They are looked at again after this: by then, as many are to be gone as `leastPace` says.
    var period: Duration
}

// A large answer is under way until the socket has taken all of it: only then is the connection idle, or lingering.
extension Connection {
    /// Answers beyond this are followed when they are handed over. What is pending of smaller ones is small, too.
    static let largeAnswer = 2 * readSize

    /// Has what the socket has not taken, if there is such, followed to its end, or to that of the write that is given:
    /// as with files, who takes it more slowly than `leastPace` over `stallLimit` is let go.
    func followBacklog(to end: EventLoopFuture<Void>? = nil) {
        let left = unwritten
        guard left > 0, let context else { return }
        backlogs += 1
        let number = backlogs
        setBacklog(left, number)
        // The turn of an empty write comes when all before it is written.
        let end = end ?? context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())))
        end.assumeIsolated().whenComplete { _ in
            guard self.backlog?.number == number else { return }
            self.backlog = nil
            self.endBacklog()
        }
    }

    /// The backlog's time is over: true when enough of it is gone.
    func keepsPace(_ backlog: Backlog) -> Bool {
        let left = unwritten
        let least = Int(backlog.period.wholeMilliseconds) * settings.leastPace / 1000
        guard backlog.left - left >= least else { return false }
        setBacklog(left, backlog.number)
        return true
    }

    private func setBacklog(_ left: Int, _ number: UInt64) {
        let usual: Duration
        switch phase {
        case .lingering: usual = settings.lingerLimit
        case .idle, .receiving, .paying, .asking, .sending, .closed: usual = settings.idleLimit
        }
        let pace = Duration.milliseconds(Int64(left) * 1000 / Int64(settings.leastPace))
        let period = max(usual, min(settings.stallLimit, pace))
        backlog = Backlog(number: number, left: left, period: period)
        switch phase {
        case .idle, .lingering: expect(within: period)
        case .receiving, .paying, .asking, .sending, .closed: break
        }
    }

    /// Bytes that the channel has and the socket has not.
    private var unwritten: Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
