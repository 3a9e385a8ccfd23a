import Allowance
import NIOCore
import Primitives
import Transport

/// An answer that waits for the lease on disk; reserved already.
struct HeldAnswer {
    var bytes: ByteBuffer
    var cost: ByteCount
    var traffic: TrafficClass
    var status: Status
    var client: IPAddress
    var signer: NodeID?
}

// Small answers: written whole into `outgoing`, paid at once, and followed by the next request.
extension Connection {
    func now() -> [UInt8] { date.text(at: services.wallTime()) }

    /// Says why not. The connection ends when the request could not be read to its end.
    func refuse(_ refusal: Refusal, traffic: TrafficClass = .answers) {
        respond(refusal.status, traffic: traffic, text: refusal.sentence) {
            if let pause = refusal.pause {
                $0.write(field: "Retry-After: ", decimal: max(1, (pause.wholeMilliseconds + 999) / 1000))
            }
            // Who signs what comes next may need it.
            guard refusal.status == .unauthorized, let run = services.verifier.run else { return }
            $0.write(field: "Potluck-Run: ", run.name.utf8)
        }
    }

    /// One sentence, in plain text.
    func respond(
        _ status: Status, traffic: TrafficClass = .answers, client: IPAddress? = nil, text: String,
        fields: (inout ByteBuffer) -> Void = { _ in }
    ) {
        respond(
            status, traffic: traffic, client: client, contentType: "text/plain; charset=utf-8",
            body: Array((text + "\n").utf8)
        ) {
            fields(&$0)
            // Only nodes ask with POST.
            if head.method == .post { Self.markRefusal(&$0) }
        }
    }

    func respond(
        _ status: Status, traffic: TrafficClass = .answers, client: IPAddress? = nil, signer: NodeID? = nil,
        contentType: StaticString, body: [UInt8], fields: (inout ByteBuffer) -> Void = { _ in }
    ) {
        let start = outgoing.writerIndex
        outgoing.beginHead(status, date: now())
        fields(&outgoing)
        outgoing.write(field: "Content-Type: ", contentType)
        outgoing.write(field: "X-Content-Type-Options: ", "nosniff")
        outgoing.endHead(contentLength: Int64(body.count), keepsAlive: !isLast)
        if head.method != .head { outgoing.writeBytes(body) }
        pay(from: start, status, traffic: traffic, client: client, signer: signer)
    }

    /// A head and nothing else.
    func respond(
        bare status: Status, client: IPAddress? = nil, contentLength: Int64? = nil,
        fields: (inout ByteBuffer) -> Void
    ) {
        let start = outgoing.writerIndex
        outgoing.beginHead(status, date: now())
        fields(&outgoing)
        outgoing.endHead(contentLength: contentLength, keepsAlive: !isLast)
        pay(from: start, status, traffic: .answers, client: client)
    }

    /// What is said while the disk takes no leases.
    func refuseUnkept(client: IPAddress?) {
        comeBack(after: Self.unreachablePause, "This node cannot keep its account now.", client: client)
    }

    /// What is said while clients get nothing.
    func refuseSuspended(client: IPAddress?) {
        comeBack(
            after: Self.unreachablePause, "This node gives no files now, for a reason that its operator is told.",
            client: client)
    }

    /// Pays what stands in `outgoing` from `start` on. What does not fit into the allowance any more is not said at
    /// all; what only the lease does not cover, on a disk that takes none, is refused in few words.
    private func pay(
        from start: Int, _ status: Status, traffic: TrafficClass, client: IPAddress?, signer: NodeID? = nil
    ) {
        let client = client ?? peer
        let length = outgoing.writerIndex - start
        let size = ByteCount(opening + cost.of(Int64(length)))
        let account = services.account
        if account.spend(size, for: traffic) {
            wire?.pay(size.bytes, for: traffic)
            log(status, traffic, sent: ByteCount(length), isComplete: true, client: client, signer: signer)
            return finishResponse()
        }
        guard account.reserve(size, for: traffic), let bytes = outgoing.getSlice(at: start, length: length) else {
            outgoing.moveWriterIndex(to: start)
            if account.isStuck, status != .unavailable { return refuseUnkept(client: client) }
            flush()
            log(status, traffic, sent: .zero, isComplete: false, client: client, signer: signer)
            return linger()
        }
        outgoing.moveWriterIndex(to: start)
        flush()
        phase = .paying(
            HeldAnswer(
                bytes: bytes, cost: size, traffic: traffic, status: status, client: client, signer: signer))
        expect(within: settings.stallLimit)
        payHeld()
    }

    func payHeld() {
        guard case .paying(let held) = phase else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        let isPaid = services.account.debit(held.cost, from: held.traffic) {
            loop.execute { bound.value.payHeld() }
        }
        guard isPaid else { return }
        wire?.pay(held.cost.bytes, for: held.traffic)
        outgoing.writeImmutableBuffer(held.bytes)
        log(
            held.status, held.traffic, sent: ByteCount(held.bytes.readableBytes), isComplete: true,
            client: held.client, signer: held.signer)
        finishResponse()
        advance()
    }

    func drop(_ held: HeldAnswer) {
        services.account.release(held.cost, of: held.traffic)
        log(held.status, held.traffic, sent: .zero, isComplete: false, client: held.client, signer: held.signer)
    }

    func log(
        _ status: Status, _ traffic: TrafficClass, sent: ByteCount, isComplete: Bool, client: IPAddress,
        signer: NodeID?
    ) {
        house.countResponse(status)
        guard let log = services.log else { return }
        log(
            AccessRecord(
                client: client, peer: signer, method: head.methodText, path: head.pathText, status: status.rawValue,
                traffic: traffic, sent: sent, isComplete: isComplete,
                duration: .nanoseconds((NIODeadline.now() - began).nanoseconds)))
    }
}
