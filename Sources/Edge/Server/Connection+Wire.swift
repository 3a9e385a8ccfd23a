import Allowance
import CLinux
import Glibc
import NIOCore
import Primitives
import Transport

/// What one connection has cost on the wire, beside what was paid for it.
///
/// Payments are made ahead. What the kernel did beyond them (acknowledgements of a request that came byte by byte, packets
/// sent again) is paid as soon as it is known; what it did not do is given back.
struct WireAccount {
    /// A handshake's answer, an acknowledgement of the first request, and the packets of an orderly end.
    static let framesAround: Int64 = 4

    var cost: WireCost
    var era: UInt32
    /// All that was paid for this connection in this era; nothing given back is left in it.
    var paid = ClassTotals.zero
    /// Of the last response.
    var traffic = TrafficClass.answers
    /// What the wire had cost before this era.
    var before: Int64 = 0

    mutating func pay(_ size: Int64, for traffic: TrafficClass) {
        paid[traffic] += ByteCount(size)
        self.traffic = traffic
    }
}

extension Connection {
    /// What bytes cost on this connection.
    var cost: WireCost { wire?.cost ?? .payload }

    /// What the connection costs beside what it carries: paid with the first answer.
    var opening: Int64 { wire.map { $0.paid == .zero ? WireAccount.framesAround * $0.cost.frame : 0 } ?? 0 }

    /// Called before the first answer.
    func openWireAccount() {
        guard settings.countsFrames, wire == nil else { return }
        var cost = if case .v4 = peer { WireCost.usual } else { WireCost.usual6 }
        if let facts = wireFacts(), facts.snd_mss > 0 { cost.segment = min(cost.segment, Int64(facts.snd_mss)) }
        wire = WireAccount(cost: cost, era: services.account.era)
    }

    /// Settles with what the connection has cost so far. What is under way may have to be sent again.
    func settleWire() {
        guard let wire, let facts = wireFacts() else { return }
        let inFlight = Int64(facts.unacked) * Int64(facts.snd_mss)
        settle(facts, waiting: wire.cost.ahead(Int64(facts.notsent_bytes)) + wire.cost.ahead(inFlight) - inFlight)
    }

    /// The connection ends: with `isReset`, what the kernel has not sent stays unsent.
    func closeWire(isReset: Bool) {
        if isReset { resetOnClose() }
        guard let wire, let facts = wireFacts() else { return }
        let unsent = Int64(facts.notsent_bytes)
        let inFlight = Int64(facts.unacked) * Int64(facts.snd_mss)
        if isReset {
            // Between this look and the reset, the kernel may send what fits into both windows.
            let window = min(Int64(facts.snd_cwnd) * Int64(facts.snd_mss), max(0, Int64(facts.snd_wnd) - inFlight))
            settle(facts, waiting: wire.cost.of(min(unsent, window)))
        } else {
            settle(facts, waiting: wire.cost.ahead(unsent) + wire.cost.ahead(inFlight) - inFlight)
        }
        self.wire = nil
    }

    private func settle(_ facts: clinux_tcp_info, waiting: Int64) {
        guard var wire else { return }
        defer { self.wire = wire }
        let sent = Int64(clamping: facts.bytes_sent) + Int64(facts.segs_out) * wire.cost.frame
        guard services.account.era == wire.era else {
            // Another period has begun: what was paid in the last one is done with.
            wire = WireAccount(cost: wire.cost, era: services.account.era, before: sent + waiting)
            return
        }
        let due = sent + waiting + WireAccount.framesAround * wire.cost.frame - wire.before
        let excess = due - wire.paid.sum.bytes
        if excess > 0 {
            if services.account.spend(ByteCount(excess), for: wire.traffic) { wire.pay(excess, for: wire.traffic) }
        } else {
            let unspent = min(ByteCount(-excess), wire.paid[wire.traffic])
            services.account.credit(unspent, to: wire.traffic, debitedIn: wire.era)
            wire.paid[wire.traffic] -= unspent
        }
    }

    // MARK: The kernel

    private func wireFacts() -> clinux_tcp_info? {
        #if os(Linux)
            guard let options = channel as? any SocketOptionProvider else { return nil }
            var facts: clinux_tcp_info?
            let tcpInfo = NIOBSDSocket.Option(rawValue: 11)
            let answer: EventLoopFuture<clinux_tcp_info> = options.unsafeGetSocketOption(level: .tcp, name: tcpInfo)
            // On its own loop, a channel answers at once.
            answer.assumeIsolated().whenSuccess { facts = $0 }
            return facts
        #else
            return nil
        #endif
    }

    /// From now on the other side is not heard any more, so that it cannot open its window again, and closing discards what
    /// was not sent.
    private func resetOnClose() {
        guard let options = channel as? any SocketOptionProvider else { return }
        options.setSoLinger(Glibc.linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        #if os(Linux)
            let attachFilter = NIOBSDSocket.Option(rawValue: 26)
            options.unsafeSetSocketOption(level: .socket, name: attachFilter, value: clinux_filter_dropping_all())
                .whenComplete { _ in }
        #endif
    }
}
