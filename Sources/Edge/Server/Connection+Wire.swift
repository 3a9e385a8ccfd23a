import Allowance
import CLinux
import Glibc
import NIOCore
import Primitives
import Transport

/// What one connection has cost on the wire, beside what was paid for it.
///
/// Payments are made ahead. What the kernel did beyond them (acknowledgements of a request that came byte by byte,
/// packets sent again) is paid as soon as it is known; what it did not do is given back.
struct WireAccount {
    /// A handshake's answer, an acknowledgement of the first request, and the packets of an orderly end, or one reset.
    static let framesAround: Int64 = 4

    var cost: WireCost
    var era: UInt32
    /// How much the packets take is known.
    var isMeasured = false
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

    /// What the connection costs beside what it carries, where that is not paid in this period: with the next answer.
    var opening: Int64 { wire.map { $0.paid == .zero ? WireAccount.framesAround * $0.cost.frame : 0 } ?? 0 }

    /// The connection costs something before it has asked for anything, and whether or not it is let in.
    func openWireAccount() {
        guard settings.countsFrames else { return }
        let cost = if case .v4 = peer { WireCost.usual } else { WireCost.usual6 }
        var wire = WireAccount(cost: cost, era: services.account.era)
        let opening = ByteCount(WireAccount.framesAround * cost.frame)
        let counted = services.account.record(opening, likely: .zero, for: wire.traffic, in: wire.era)
        wire.pay(counted.bytes, for: wire.traffic)
        self.wire = wire
    }

    /// The client asks for something: who never does is not worth the look.
    func measureWire() {
        guard var wire, !wire.isMeasured, let facts = wireFacts() else { return }
        wire.isMeasured = true
        if facts.snd_mss > 0 { wire.cost.segment = min(wire.cost.segment, Int64(facts.snd_mss)) }
        self.wire = wire
    }

    /// Settles with what the connection has cost so far. What is under way may have to be sent again. False when the
    /// connection is dead: what would be paid for it now would never be sent, and the channel would close before
    /// anybody could know.
    func settleWire() -> Bool {
        guard wire != nil, let facts = wireFacts() else { return true }
        settle(facts)
        return facts.state != WireToll.deadState
    }

    /// Settles for good with a connection that the other side has reset; with any other, nothing happens.
    func settleIfDead() {
        guard wire != nil, let facts = wireFacts(), facts.state == WireToll.deadState else { return }
        settle(facts)
    }

    /// The connection ends: with `isReset`, what the kernel has not sent stays unsent.
    func closeWire(isReset: Bool) {
        if isReset { resetOnClose() }
        guard wire != nil, let facts = wireFacts() else { return }
        settle(facts, isReset: isReset)
        wire = nil
    }

    /// What was not paid and was sent, or is bound to be, counts whatever the account says; what may have to be sent
    /// again counts where it fits.
    private func settle(_ facts: clinux_tcp_info, isReset: Bool = false) {
        guard var wire else { return }
        defer { self.wire = wire }
        let toll = WireToll(facts, cost: wire.cost, isReset: isReset)
        guard services.account.era == wire.era else {
            // Another period has begun: what was paid in the last one is done with.
            wire = WireAccount(cost: wire.cost, era: services.account.era, before: toll.certain + toll.likely)
            return
        }
        let owed = toll.certain + WireAccount.framesAround * wire.cost.frame - wire.before - wire.paid.sum.bytes
        if owed + toll.likely > 0 {
            let counted = services.account.record(
                ByteCount(max(0, owed)), likely: ByteCount(toll.likely + min(0, owed)), for: wire.traffic,
                in: wire.era)
            wire.pay(counted.bytes, for: wire.traffic)
        } else {
            let unspent = min(ByteCount(-owed - toll.likely), wire.paid[wire.traffic])
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

    /// From now on the other side is not heard any more, so that it cannot open its window again, and closing discards
    /// what was not sent.
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
