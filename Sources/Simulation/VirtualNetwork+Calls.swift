internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Questions and answers between nodes.
extension VirtualNetwork {
    mutating func call(_ request: PeerRequest, _ id: CallID, from run: Run, to receiver: NodeID) {
        checkHonest(receiver, by: run.node)
        guard knows(receiver.short, at: run.node) else {
            return schedule(.event(.failed(id, .unreachable), run))
        }
        guard ask(request, id, from: run, to: index(of: receiver)) else {
            return schedule(.event(.failed(id, .untried), run))
        }
    }

    /// Has the member show that it is met at the URL that its card names.
    mutating func prove(_ member: NodeID, from run: Run) {
        let index = index(of: member)
        nodes[index].askedForProof += 1
        numbers += 1
        // The overlay's own calls are numbered from the other end.
        let id = CallID(.max - UInt64(numbers))
        guard ask(.prove(nonce: .zero, by: nodes[run.node].card.value), id, from: run, to: index) else {
            return schedule(.event(.proved(member, .untried), run))
        }
        nodes[run.node].process?.door.proofs[id] = member
    }

    /// False where there is nothing left to ask with.
    private mutating func ask(_ request: PeerRequest, _ id: CallID, from run: Run, to index: Int) -> Bool {
        let size = ByteCount(request.wireCount + WireCost.callHead)
        guard takesQuestions(run), reserve(size, for: .overlay, at: run) else {
            note("\(run.node) has nothing left to ask with: \(id)")
            return false
        }
        nodes[run.node].process?.door.calls.insert(id)
        sendCall(size, by: run.node)
        let arrival = Happening.request(request, size, from: run, id, to: index)
        pay(
            VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: delay(from: run.node, to: index)),
            at: run)
        return true
    }

    mutating func arrive(_ request: PeerRequest, _ size: ByteCount, from caller: Run, _ call: CallID, at index: Int) {
        guard !isLost(from: caller.node, to: index), canReach(index, from: caller.node) else {
            return schedule(.callFailed(call, .timedOut, caller), after: Conditions.callLimit)
        }
        let back = delay(from: index, to: caller.node)
        guard nodes[index].isUp else { return schedule(.callFailed(call, .unreachable, caller), after: back) }
        if case .prove = request, nodes[index].honesty == .namesForeignURL {
            // Whoever lives there has never heard of Potluck.
            return schedule(.callFailed(call, .refused(status: 404), caller), after: back)
        }
        receiveCall(size, by: index)
        let asker = nodes[caller.node].id
        guard knows(asker.short, at: index) || request.introducesAsker, canVerify(all: request, at: index) else {
            return schedule(.callFailed(call, .refused(status: 403), caller), after: back)
        }
        guard takesQuestions(currentRun(of: index)) else {
            return schedule(.callFailed(call, .refused(status: 503), caller), after: back)
        }
        if case .prove(let nonce, _) = request {
            let card = nodes[index].card.value
            let proof = PeerAnswer.proof(AddressProof(node: card.nodeID, nonce: nonce, url: card.url))
            return send(proof, to: caller, call, from: currentRun(of: index))
        }
        numbers += 1
        let id = RequestID(UInt64(numbers))
        nodes[index].process?.door.asked[id] = (caller, call)
        deliver(.asked(Verified(checked: request), from: asker, id), to: currentRun(of: index))
    }

    mutating func answer(_ id: RequestID, _ answer: PeerAnswer, from run: Run) {
        guard let (caller, call) = nodes[run.node].process?.door.asked.removeValue(forKey: id) else {
            return judge(Manners.self, at: run.node, Manners.check(isAsked: false))
        }
        send(answer, to: caller, call, from: run)
    }

    private mutating func send(_ answer: PeerAnswer, to caller: Run, _ call: CallID, from run: Run) {
        let size = ByteCount(answer.wireCount + WireCost.callHead)
        guard !isLost(from: run.node, to: caller.node), reserve(size, for: .overlay, at: run) else {
            return schedule(.callFailed(call, .timedOut, caller), after: Conditions.callLimit)
        }
        sendCall(size, by: run.node)
        let arrival = Happening.answer(answer, size, to: caller, call)
        let back = delay(from: run.node, to: caller.node)
        pay(VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: back), at: run)
    }

    mutating func arrive(_ answer: PeerAnswer, _ size: ByteCount, at caller: Run, _ call: CallID) {
        guard isRunning(caller), nodes[caller.node].process?.door.calls.remove(call) != nil else { return }
        receiveCall(size, by: caller.node)
        guard canVerify(answer, at: caller.node) else { return fail(call, .malformed, of: caller) }
        if let member = nodes[caller.node].process?.door.proofs.removeValue(forKey: call) {
            _ = nodes[caller.node].process?.proven.insert(index(of: member))
            deliver(.proved(member, .answered), to: caller)
        } else {
            deliver(.answered(call, Verified(checked: answer)), to: caller)
        }
    }

    /// Who asked has waited long enough, or knows that nothing comes.
    mutating func failed(_ call: CallID, _ failure: CallFailure, of caller: Run) {
        guard isRunning(caller), nodes[caller.node].process?.door.calls.remove(call) != nil else { return }
        fail(call, failure, of: caller)
    }

    private mutating func fail(_ call: CallID, _ failure: CallFailure, of caller: Run) {
        if let member = nodes[caller.node].process?.door.proofs.removeValue(forKey: call) {
            deliver(.proved(member, Reached.Outcome(failure)), to: caller)
        } else {
            deliver(.failed(call, failure), to: caller)
        }
    }

    // MARK: Counting

    private mutating func sendCall(_ size: ByteCount, by index: Int) {
        nodes[index].traffic.sendCall(size)
        measures.traffic.sent(Int(size.bytes), .http, by: index)
    }

    private mutating func receiveCall(_ size: ByteCount, by index: Int) {
        nodes[index].traffic.receiveCall(size)
        measures.traffic.received(Int(size.bytes), .http, by: index)
    }
}

extension PeerRequest {
    /// It is answered to somebody whose card is not held yet, too: that comes with it.
    fileprivate var introducesAsker: Bool {
        switch self {
        case .introduce, .prove: true
        case .catalogue, .callBack: false
        }
    }
}

extension Reached.Outcome {
    /// As `PeerClient` reads what comes instead of a proof.
    fileprivate init(_ failure: CallFailure) {
        self =
            switch failure {
            case .refused(status: 429), .refused(status: 503): .busy
            case .refused, .malformed: .someoneElse
            case .unreachable, .timedOut: .silent
            case .untried: .untried
            }
    }
}
