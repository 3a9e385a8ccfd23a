internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Datagrams, questions and answers between nodes.
extension VirtualNetwork {
    // MARK: Datagrams

    mutating func send(_ envelope: Envelope, from run: Run, to receiver: NodeID) {
        guard nodes[run.node].process?.knows(receiver) == true else { return }
        let payload = envelope.wireBytes.count
        let size = WireCost.datagram(payload)
        guard spend(size + ByteCount(WireCost.frame), for: .overlay, at: run) else { return }
        nodes[run.node].traffic.sendDatagram(size)
        noteSent(size, payload: payload, at: run.node)
        let index = index(of: receiver)
        let isLost = isLost(from: run.node, to: index)
        let isReceived = !isLost && nodes[index].isUp && hears(index, from: run.node)
        measures.sent(envelope, Int(size.bytes), from: run.node, to: index, isReceived: isReceived, at: now)
        guard !isLost else { return noteDropped(size) }
        let arrival = Happening.datagram(envelope, size, from: run.node, to: index)
        schedule(arrival, after: delay(from: run.node, to: index) + overtaken(from: run.node, to: index))
        if draws(conditions.links.duplication, at: run.node) {
            checkers.conservation.noteCopied(size)
            schedule(arrival, after: delay(from: run.node, to: index))
        }
    }

    mutating func arrive(_ envelope: Envelope, _ size: ByteCount, from sender: Int, at index: Int) {
        guard nodes[index].isUp, hears(index, from: sender) else { return noteDropped(size) }
        noteArrived(size)
        nodes[index].traffic.receiveDatagram(size)
        let id = nodes[sender].id
        guard nodes[index].process?.knows(id) == true, let readable = nodes[index].process?.verifiable(envelope)
        else { return }
        deliver(.datagram(Verified(checked: readable), from: id), to: currentRun(of: index))
    }

    // MARK: Questions

    mutating func call(_ request: PeerRequest, _ id: CallID, from run: Run, to receiver: NodeID) {
        checkHonest(receiver)
        let size = ByteCount(request.wireBytes.count + WireCost.callHead)
        guard nodes[run.node].process?.knows(receiver) == true, reserve(size, for: .overlay, at: run) else {
            return schedule(.event(.failed(id, .unreachable), run))
        }
        let index = index(of: receiver)
        measures.called(size, from: run.node, to: index)
        let arrival = Happening.request(request, size, from: run, id, to: index)
        pay(
            VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: delay(from: run.node, to: index)),
            at: run)
    }

    mutating func arrive(_ request: PeerRequest, _ size: ByteCount, from caller: Run, _ call: CallID, at index: Int) {
        guard !isLost(from: caller.node, to: index), canReach(index, from: caller.node) else {
            return schedule(.event(.failed(call, .timedOut), caller), after: Conditions.callLimit)
        }
        let back = delay(from: index, to: caller.node)
        guard nodes[index].isUp else { return schedule(.event(.failed(call, .unreachable), caller), after: back) }
        nodes[index].traffic.receiveCall(size)
        let asker = nodes[caller.node].id
        let isIntroduction = if case .introduce = request { true } else { false }
        guard nodes[index].process?.knows(asker) == true || isIntroduction,
            nodes[index].process?.canVerify(request) == true
        else {
            return schedule(.event(.failed(call, .refused(status: 403)), caller), after: back)
        }
        numbers += 1
        let id = RequestID(UInt64(numbers))
        nodes[index].process?.door.asked[id] = (caller, call)
        deliver(.asked(Verified(checked: request), from: asker, id), to: currentRun(of: index))
    }

    /// Whether the member is met at the URL that its card names.
    mutating func prove(_ member: NodeID, from run: Run) {
        let index = index(of: member)
        nodes[index].askedForProof += 1
        let isMet =
            nodes[index].honesty != .namesForeignURL && nodes[index].isUp && canReach(index, from: run.node)
        let isProven = isMet && !isLost(from: run.node, to: index)
        let roundTrip = delay(from: run.node, to: index) + delay(from: index, to: run.node)
        schedule(
            .event(.proved(member, isProven ? .answered : .silent), run),
            after: isMet == isProven ? roundTrip : Conditions.callLimit)
    }

    mutating func answer(_ id: RequestID, _ answer: PeerAnswer, from run: Run) {
        guard let (caller, call) = nodes[run.node].process?.door.asked.removeValue(forKey: id) else {
            return judge(Manners.self, at: run.node, Manners.check(isAsked: false))
        }
        let size = ByteCount(answer.wireBytes.count + WireCost.callHead)
        guard !isLost(from: run.node, to: caller.node), reserve(size, for: .overlay, at: run) else {
            return schedule(.event(.failed(call, .timedOut), caller), after: Conditions.callLimit)
        }
        measures.called(size, from: run.node, to: caller.node)
        let arrival = Happening.answer(answer, size, to: caller, call)
        let back = delay(from: run.node, to: caller.node)
        pay(VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: back), at: run)
    }

    mutating func arrive(_ answer: PeerAnswer, _ size: ByteCount, at caller: Run, _ call: CallID) {
        guard isRunning(caller) else { return }
        nodes[caller.node].traffic.receiveCall(size)
        if nodes[caller.node].process?.canVerify(answer) == true {
            deliver(.answered(call, Verified(checked: answer)), to: caller)
        } else {
            deliver(.failed(call, .malformed), to: caller)
        }
    }
}
