import Allowance
import NIOCore
import Overlay
import Primitives
import Transport

/// A peer's request, read up to its body.
struct PeerBody {
    var name: String
    var length: Int
    var signed: SignedRequest
    /// Where its place is to be given back.
    var places: Shares<NodeID>

    func giveBack() { places.giveBack(for: signed.signer) }
}

// What nodes ask each other: signed, with a body.
extension Connection {
    /// The head is checked before a byte of the body is taken in: only who belongs here may make this node hold one.
    func receive(_ name: String) {
        let isKnock = PeerProtocol.knocks.contains(name)
        let limit = isKnock ? PeerProtocol.knockLimit : PeerProtocol.requestLimit
        guard Int64(head.contentLength) <= limit.bytes else {
            head.keepsAlive = false
            return refuse(Refusal(.contentTooLarge, "The request is larger than \(limit); send less at once."))
        }
        let signed: SignedRequest
        do throws(Refusal) {
            signed = try verifiedSigner(from: isKnock ? .anyone : .members)
        } catch {
            head.keepsAlive = false
            return refuse(error)
        }
        guard services.account.takesQuestions else {
            head.keepsAlive = false
            return comeBack(
                after: Self.moment,
                "What this node may spend on questions of other nodes is used up for now; ask another node.")
        }
        // A member that knocks is none of the strangers, who may have taken all of their own places.
        let isStranger = isKnock && !services.directory.isAdmitted(signed.signer)
        let places = isStranger ? house.knocks : house.bodies
        guard places.take(for: signed.signer) == .taken else {
            head.keepsAlive = false
            return comeBack(after: Self.moment, "This node is answering too many other nodes; ask again in a moment.")
        }
        if head.expectsContinue {
            let line: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
            guard services.account.spend(ByteCount(line.utf8CodeUnitCount), for: .overlay) else {
                places.giveBack(for: signed.signer)
                return close()
            }
            wire?.pay(Int64(line.utf8CodeUnitCount), for: .overlay)
            outgoing.writeStaticString(line)
            flush()
        }
        phase = .receiving(PeerBody(name: name, length: head.contentLength, signed: signed, places: places))
        expect(within: isKnock ? settings.knockTimeLimit : settings.bodyTimeLimit)
    }

    /// So that who asked can tell a node's sentence from what anything else says at a wrong address.
    static func markRefusal(_ buffer: inout ByteBuffer) {
        buffer.write(field: "Potluck-Refusal: ", "1")
    }

    func verifiedSigner(from audience: RequestVerifier.Signers) throws(Refusal) -> SignedRequest {
        let target = head.pathText + (head.queryText.map { "?" + $0 } ?? "")
        let fields = head.fields.map { HeaderField(name: head.text($0.name), value: head.text($0.value)) }
        let client = settings.trustedProxies.client(of: head, from: peer)
        do throws(RequestRefusal) {
            let signed = try services.verifier.verify(
                RequestHead(method: head.methodText, target: target, fields: fields), from: audience,
                in: neighbourhood(of: client), at: services.wallTime())
            if let ticket, audience == .members { house.recognise(ticket, as: signed.signer) }
            return signed
        } catch {
            throw Refusal(Status(rawValue: error.status) ?? .forbidden, "\(error)", pause: error.pause)
        }
    }

    /// The body is whole.
    func perform(_ body: PeerBody, _ bytes: [UInt8]) {
        let (services, peer) = (services, peer)
        ask {
            defer { body.giveBack() }
            guard body.signed.covers(bytes) else {
                return PeerResponse(Refusal(.unauthorized, "The signature does not cover the body; sign what is sent."))
            }
            if body.name == PeerProtocol.joinName {
                let (status, answer) = await services.door.join(bytes, signedBy: body.signed.signer, from: peer)
                return PeerResponse(
                    status: Status(rawValue: status) ?? .internalError, body: answer, isRefusal: status != 200)
            }
            return await Self.answer(bytes, name: body.name, from: body.signed.signer, services)
        } then: { connection, response in
            connection.respond(
                response.status, traffic: .overlay, signer: body.signed.signer,
                contentType: response.isRefusal ? "text/plain; charset=utf-8" : "application/vnd.potluck",
                body: response.body
            ) {
                if response.isRefusal { Self.markRefusal(&$0) }
                if response.status == .unavailable { $0.write(field: "Retry-After: ", decimal: Self.moment) }
            }
        }
    }

    /// An introduction brings the card, and with it the certificate, that makes its signer a member here.
    private static func answer(
        _ bytes: [UInt8], name: String, from signer: NodeID, _ services: EdgeServices
    ) async -> PeerResponse {
        let request: Verified<PeerRequest>
        do throws(WireError) {
            let decoded = try PeerProtocol.request(bytes, name: name)
            do throws(VerificationError) {
                request = try services.directory.sifting(decoded)
            } catch {
                return PeerResponse(
                    Refusal(.forbidden, "A statement in the request does not hold (\(error)); send only what does."))
            }
        } catch {
            return PeerResponse(
                Refusal(.badRequest, "The request cannot be read (\(error)); update the older of the two nodes."))
        }
        guard services.directory.isAdmitted(signer) else {
            return PeerResponse(Refusal(.forbidden, "This node does not know you; introduce yourself with your card."))
        }
        guard let answer = await services.door.handle(request, from: signer) else {
            return PeerResponse(Refusal(.unavailable, "This node cannot answer now; ask again in a moment."))
        }
        return PeerResponse(status: .ok, body: answer.wireBytes)
    }
}

private struct PeerResponse: Sendable {
    var status: Status
    var body: [UInt8]
    /// The body is a sentence.
    var isRefusal: Bool

    init(status: Status, body: [UInt8], isRefusal: Bool = false) {
        self.status = status
        self.body = body
        self.isRefusal = isRefusal
    }

    init(_ refusal: Refusal) {
        status = refusal.status
        body = Array((refusal.sentence + "\n").utf8)
        isRefusal = true
    }
}
