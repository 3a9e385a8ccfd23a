import CLinux

/// What the kernel says that a connection has cost, beside the packets around it.
struct WireToll: Equatable {
    /// `TCP_CLOSE`: the other side has reset the connection.
    static let deadState: UInt8 = 7

    /// Has left, or is bound to.
    let certain: Int64
    /// Is likely to follow: what is sent again.
    let likely: Int64

    /// - Parameter isReset: the connection is about to be reset: what the kernel has not sent stays unsent.
    init(_ facts: clinux_tcp_info, cost: WireCost, isReset: Bool) {
        let sent = Int64(clamping: facts.bytes_sent) + Int64(facts.segs_out) * cost.frame
        let unsent = Int64(facts.notsent_bytes)
        let inFlight = Int64(facts.unacked) * Int64(facts.snd_mss)
        if facts.state == Self.deadState {
            (certain, likely) = (sent, 0)
        } else if isReset {
            // Between this look and the reset, the kernel may send what fits into both windows.
            let window = min(Int64(facts.snd_cwnd) * Int64(facts.snd_mss), max(0, Int64(facts.snd_wnd) - inFlight))
            let last = min(unsent, window)
            // Whatever the other side acknowledges before it hears of the reset comes to a connection that is gone, and
            // each of these packets is answered with a reset of its own.
            let answered = Int64(facts.unacked) + Int64(facts.retrans) + (last > 0 ? cost.packets(last) : 0)
            (certain, likely) = (sent + cost.of(last) + answered * cost.frame, 0)
        } else {
            let bound = cost.of(unsent)
            (certain, likely) = (sent + bound, cost.ahead(unsent) - bound + cost.again(inFlight))
        }
    }
}
