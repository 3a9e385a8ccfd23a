internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Datagrams, questions and answers between nodes.
extension VirtualNetwork {
    /// What sealing, UDP and IP add to a datagram, and HTTP to a question or an answer: about what they are.
    private static let datagramCost = 60
    private static let headCost = 500

    mutating func delay() -> Duration { Conditions.draw(conditions.delay, using: &generator) }

    mutating func isHit(_ perThousand: Int) -> Bool {
        perThousand > 0 && Int.random(in: 0..<1000, using: &generator) < perThousand
    }

    // MARK: Datagrams

    mutating func send(_ envelope: Envelope, from run: Run, to receiver: NodeID) {
        guard nodes[run.node].process?.knows(receiver) == true else { return }
        let size = envelope.wireBytes.count
        if size > Envelope.limit { violate("a datagram of \(size) bytes") }
        guard spend(ByteCount(size + Self.datagramCost), for: .overlay, at: run), !isHit(conditions.loss) else {
            return
        }
        let arrival = Happening.datagram(envelope, from: nodes[run.node].id, to: index(of: receiver))
        schedule(arrival, after: delay())
        if isHit(conditions.duplication) { schedule(arrival, after: delay()) }
    }

    mutating func arrive(_ envelope: Envelope, from sender: NodeID, at index: Int) {
        guard nodes[index].process?.knows(sender) == true, hears(index, from: self.index(of: sender)),
            let readable = nodes[index].process?.verifiable(envelope)
        else { return }
        deliver(.datagram(Verified(checked: readable), from: sender), to: currentRun(of: index))
    }

    // MARK: Questions

    /// Whoever does not own the URL on its card is not to be called, nor clients sent there.
    mutating func checkHonest(_ id: NodeID) {
        let index = index(of: id)
        if !nodes[index].isHonest { violate("node \(index) is taken at its word") }
    }

    mutating func call(_ request: PeerRequest, _ id: CallID, from run: Run, to receiver: NodeID) {
        checkHonest(receiver)
        let size = ByteCount(request.wireBytes.count + Self.headCost)
        guard nodes[run.node].process?.knows(receiver) == true, reserve(size, for: .overlay, at: run) else {
            return schedule(.event(.failed(id, .unreachable), run))
        }
        let arrival = Happening.request(request, from: run, id, to: index(of: receiver))
        pay(VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: delay()), at: run)
    }

    mutating func arrive(_ request: PeerRequest, from caller: Run, _ call: CallID, at index: Int) {
        guard !isHit(conditions.loss), canReach(index, from: caller.node) else {
            return schedule(.event(.failed(call, .timedOut), caller), after: Conditions.callLimit)
        }
        guard nodes[index].isUp else {
            return schedule(.event(.failed(call, .unreachable), caller), after: delay())
        }
        let asker = nodes[caller.node].id
        let isIntroduction = if case .introduce = request { true } else { false }
        guard nodes[index].process?.knows(asker) == true || isIntroduction,
            nodes[index].process?.canVerify(request) == true
        else {
            return schedule(.event(.failed(call, .refused(status: 403)), caller), after: delay())
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
        let isMet = nodes[index].isHonest && nodes[index].isUp && canReach(index, from: run.node)
        let isProven = isMet && !isHit(conditions.loss)
        schedule(
            .event(.proved(member, isProven ? .answered : .silent), run),
            after: isMet == isProven ? delay() + delay() : Conditions.callLimit)
    }

    mutating func answer(_ id: RequestID, _ answer: PeerAnswer, from run: Run) {
        guard let (caller, call) = nodes[run.node].process?.door.asked.removeValue(forKey: id) else {
            return violate("node \(run.node) answers what nobody asked")
        }
        let size = ByteCount(answer.wireBytes.count + Self.headCost)
        guard !isHit(conditions.loss), reserve(size, for: .overlay, at: run) else {
            return schedule(.event(.failed(call, .timedOut), caller), after: Conditions.callLimit)
        }
        let arrival = Happening.answer(answer, to: caller, call)
        pay(VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: delay()), at: run)
    }

    mutating func arrive(_ answer: PeerAnswer, at caller: Run, _ call: CallID) {
        guard isRunning(caller) else { return }
        if nodes[caller.node].process?.canVerify(answer) == true {
            deliver(.answered(call, Verified(checked: answer)), to: caller)
        } else {
            deliver(.failed(call, .malformed), to: caller)
        }
    }
}
