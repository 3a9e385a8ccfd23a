internal import Allowance
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Datagrams between nodes.
extension VirtualNetwork {
    mutating func send(_ envelope: Envelope, from run: Run, to receiver: NodeID) {
        guard knows(receiver.short, at: run.node) else { return }
        let payload = envelope.wireCount
        let size = WireCost.datagram(payload)
        guard spendOnDatagram(size + ByteCount(WireCost.frame), at: run) else { return }
        nodes[run.node].traffic.sendDatagram(size)
        noteSent(size, payload: payload, at: run.node)
        let index = index(of: receiver)
        let wait = queue(size, from: run.node, to: index)
        let isLost = isLost(from: run.node, to: index)
        measures.sent(envelope, Int(size.bytes), from: run.node, to: index, at: now)
        guard let wait, !isLost else { return noteDropped(size) }
        let arrival = Happening.datagram(envelope, size, from: run.node, to: index)
        schedule(arrival, after: wait + delay(from: run.node, to: index) + overtaken(from: run.node, to: index))
        if draws(conditions.links.duplication, at: run.node) {
            checkers.conservation.noteCopied(size)
            schedule(arrival, after: wait + delay(from: run.node, to: index))
        }
    }

    /// Until it is on its way; nothing where too much waits already.
    private mutating func queue(_ size: ByteCount, from sender: Int, to receiver: Int) -> Duration? {
        let rate = nodes[sender].machine.uplink
        guard let leaving = nodes[sender].datagramQueue.enter(size, rate: rate, at: now) else { return nil }
        guard let capacity = conditions.links.capacity else { return leaving }
        let passing = pathQueues.enter(size, from: sender, to: receiver, rate: capacity, at: now + leaving)
        return passing.map { leaving + $0 }
    }

    mutating func arrive(_ envelope: Envelope, _ size: ByteCount, from sender: Int, at index: Int) {
        guard nodes[index].isUp, hears(index, from: sender) else { return noteDropped(size) }
        noteArrived(size)
        nodes[index].traffic.receiveDatagram(size)
        measures.received(envelope, Int(size.bytes), by: index)
        let id = nodes[sender].id
        guard knows(id.short, at: index) else { return }
        let readable = verifiable(envelope, at: index)
        deliver(.datagram(Verified(checked: readable), from: id), to: currentRun(of: index))
    }
}
