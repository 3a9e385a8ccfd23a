internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Questions and answers between nodes.
extension VirtualNetwork {
    mutating func call(_ request: PeerRequest, _ id: CallID, from run: Run, to receiver: NodeID) {
        checkHonest(receiver)
        let size = ByteCount(request.wireCount + WireCost.callHead)
        guard knows(receiver.short, at: run.node) else {
            return schedule(.event(.failed(id, .unreachable), run))
        }
        guard takesQuestions(run), reserve(size, for: .overlay, at: run) else {
            note("\(run.node) has nothing left to ask with: \(id)")
            return schedule(.event(.failed(id, .untried), run))
        }
        nodes[run.node].process?.door.calls.insert(id)
        nodes[run.node].traffic.sendCall(size)
        let index = index(of: receiver)
        measures.called(size, from: run.node, to: index)
        let arrival = Happening.request(request, size, from: run, id, to: index)
        pay(
            VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: delay(from: run.node, to: index)),
            at: run)
    }

    mutating func arrive(_ request: PeerRequest, _ size: ByteCount, from caller: Run, _ call: CallID, at index: Int) {
        guard !isLost(from: caller.node, to: index), canReach(index, from: caller.node) else {
            return schedule(.callFailed(call, .timedOut, caller), after: Conditions.callLimit)
        }
        let back = delay(from: index, to: caller.node)
        guard nodes[index].isUp else { return schedule(.callFailed(call, .unreachable, caller), after: back) }
        nodes[index].traffic.receiveCall(size)
        let asker = nodes[caller.node].id
        let isIntroduction = if case .introduce = request { true } else { false }
        guard knows(asker.short, at: index) || isIntroduction,
            canVerify(all: request, at: index)
        else {
            return schedule(.callFailed(call, .refused(status: 403), caller), after: back)
        }
        guard takesQuestions(currentRun(of: index)) else {
            return schedule(.callFailed(call, .refused(status: 503), caller), after: back)
        }
        numbers += 1
        let id = RequestID(UInt64(numbers))
        nodes[index].process?.door.asked[id] = (caller, call)
        deliver(.asked(Verified(checked: request), from: asker, id), to: currentRun(of: index))
    }

    /// Whether the member is met at the URL that its card names.
    mutating func prove(_ member: NodeID, from run: Run) {
        guard takesQuestions(run) else { return schedule(.event(.proved(member, .untried), run)) }
        let index = index(of: member)
        nodes[index].askedForProof += 1
        let isMet =
            nodes[index].honesty != .namesForeignURL && nodes[index].isUp && canReach(index, from: run.node)
        let isProven = isMet && !isLost(from: run.node, to: index)
        payProof(run, index, isMet: isMet)
        let roundTrip = delay(from: run.node, to: index) + delay(from: index, to: run.node)
        schedule(
            .event(.proved(member, isProven ? .answered : .silent), run),
            after: isMet == isProven ? roundTrip : Conditions.callLimit)
    }

    /// The question is sent whoever answers it.
    private mutating func payProof(_ run: Run, _ index: Int, isMet: Bool) {
        let question = PeerRequest.prove(nonce: .zero, by: nodes[run.node].card.value)
        let size = ByteCount(question.wireCount + WireCost.callHead)
        guard spend(size, for: .overlay, at: run) else { return }
        nodes[run.node].traffic.sendCall(size)
        guard isMet else { return }
        measures.called(size, from: run.node, to: index)
        let card = nodes[index].card.value
        let proof = PeerAnswer.proof(AddressProof(node: card.nodeID, nonce: .zero, url: card.url))
        let answer = ByteCount(proof.wireCount + WireCost.callHead)
        nodes[index].traffic.receiveCall(size)
        guard spend(answer, for: .overlay, at: currentRun(of: index)) else { return }
        nodes[index].traffic.sendCall(answer)
        measures.called(answer, from: index, to: run.node)
        nodes[run.node].traffic.receiveCall(answer)
    }

    mutating func answer(_ id: RequestID, _ answer: PeerAnswer, from run: Run) {
        guard let (caller, call) = nodes[run.node].process?.door.asked.removeValue(forKey: id) else {
            return judge(Manners.self, at: run.node, Manners.check(isAsked: false))
        }
        let size = ByteCount(answer.wireCount + WireCost.callHead)
        guard !isLost(from: run.node, to: caller.node), reserve(size, for: .overlay, at: run) else {
            return schedule(.callFailed(call, .timedOut, caller), after: Conditions.callLimit)
        }
        nodes[run.node].traffic.sendCall(size)
        measures.called(size, from: run.node, to: caller.node)
        let arrival = Happening.answer(answer, size, to: caller, call)
        let back = delay(from: run.node, to: caller.node)
        pay(VirtualDoor.Bill(size: size, kind: .overlay, then: arrival, delay: back), at: run)
    }

    mutating func arrive(_ answer: PeerAnswer, _ size: ByteCount, at caller: Run, _ call: CallID) {
        guard isRunning(caller), nodes[caller.node].process?.door.calls.remove(call) != nil else { return }
        nodes[caller.node].traffic.receiveCall(size)
        if canVerify(answer, at: caller.node) {
            deliver(.answered(call, Verified(checked: answer)), to: caller)
        } else {
            deliver(.failed(call, .malformed), to: caller)
        }
    }

    /// Who asked has waited long enough, or knows that nothing comes.
    mutating func failed(_ call: CallID, _ failure: CallFailure, of caller: Run) {
        guard isRunning(caller), nodes[caller.node].process?.door.calls.remove(call) != nil else { return }
        deliver(.failed(call, failure), to: caller)
    }
}
