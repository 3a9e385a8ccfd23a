internal import Crypto
internal import Foundation
public import Primitives
internal import RawStructuredFieldValues

/// The names and limits that signer and verifier agree on.
enum RequestSignature {
    /// What this signature is called among others that proxies may add.
    static let label = "potluck"
    static let algorithm = "ed25519"
    static let receiverField = "potluck-receiver"
    static let digestField = "content-digest"
    /// The receiver's run, as the receiver has named it.
    static let runField = "potluck-run"
    /// In place of a receiver's NodeID, when a newcomer knows only its address.
    static let anyReceiver = "any"
    static let nonceLength = 16
    /// How far the signer's clock may be from the verifier's, either way.
    static let window: Duration = .seconds(60)

    /// What must be covered, and nothing else may be: a request has one form.
    static func components(hasDigest: Bool, hasRun: Bool) -> [String] {
        ["@method", "@path", "@query"] + (hasDigest ? [digestField] : []) + [receiverField] + (hasRun ? [runField] : [])
    }

    /// The digest of a body (RFC 9530).
    static func contentDigest(of body: [UInt8]) -> String {
        "sha-256=:\(Data(SHA256.hash(data: body)).base64EncodedString()):"
    }
}

/// Signs what this node asks others over HTTP (RFC 9421 with Ed25519): method, path, query, the body's digest, the
/// time, a nonce, and who is asked, so that no request can be used twice or elsewhere.
public struct RequestSigner: Sendable {
    private let identity: Identity

    public init(identity: Identity) {
        self.identity = identity
    }

    /// The fields to add to the request. `target` is the path and query exactly as they will stand on the request line;
    /// without a `receiver`, whoever gets the request may take it: only for joining an open network by address. `run`
    /// is what the receiver has called its present run, if it has.
    public func fields(
        method: String, target: String, body: [UInt8]?, receiver: NodeID?, run: String? = nil, at now: WallTime
    ) -> [HeaderField] {
        var head = RequestHead(method: method, target: target, fields: [])
        if let body {
            head.fields.append(
                HeaderField(name: RequestSignature.digestField, value: RequestSignature.contentDigest(of: body)))
        }
        head.fields.append(
            HeaderField(
                name: RequestSignature.receiverField, value: receiver?.description ?? RequestSignature.anyReceiver))
        if let run { head.fields.append(HeaderField(name: RequestSignature.runField, value: run)) }
        var nonce = SystemRandomNumberGenerator()
        let random = Data(
            (0..<RequestSignature.nonceLength).map { _ in UInt8.random(in: .min ... .max, using: &nonce) })
        let input = InnerList(
            bareInnerList: Self.list(RequestSignature.components(hasDigest: body != nil, hasRun: run != nil)),
            parameters: [
                "created": .integer(now.milliseconds / 1000),
                "nonce": .string(random.base64EncodedString()),
                "keyid": .string(identity.nodeID.description),
                "alg": .string(RequestSignature.algorithm),
            ] as OrderedMap<String, RFC9651BareItem>)
        guard let base = SignatureBase(head, covering: input) else {
            preconditionFailure("everything that is covered was just put there")
        }
        let signature = Data(identity.sign(bytes: base.bytes).array).base64EncodedString()
        return head.fields + [
            HeaderField(name: "signature-input", value: "\(RequestSignature.label)=\(base.parameters)"),
            HeaderField(name: "signature", value: "\(RequestSignature.label)=:\(signature):"),
        ]
    }

    private static func list(_ names: [String]) -> BareInnerList {
        var list = BareInnerList()
        for name in names {
            list.append(Item(bareItem: RFC9651BareItem.string(name), parameters: OrderedMap<String, RFC9651BareItem>()))
        }
        return list
    }
}
