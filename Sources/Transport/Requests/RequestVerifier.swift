internal import Crypto
internal import Foundation
public import Primitives
internal import RawStructuredFieldValues
internal import Synchronization

/// Checks the signatures of requests that come in: made by whom they say, for this node, now, and never before.
public final class RequestVerifier: Sendable {
    /// Whose requests are taken.
    public enum Signers: Hashable, Sendable {
        case members
        /// Also of nodes that do not belong yet: only for joining. Strangers share a small memory of their own, so that
        /// they cannot use up the members'.
        case anyone
    }

    private let own: NodeID
    private let directory: Directory
    /// The receiver's own, which it tells to those who do not know it.
    public let run: RequestRun?
    private let members = Mutex(NonceMemory.members)
    private let strangers = Mutex(NonceMemory.strangers)
    private let failures = Mutex(FailedChecks())

    /// - Parameter run: nothing where requests need not name one.
    public init(own: NodeID, directory: Directory, run: RequestRun? = nil) {
        self.own = own
        self.directory = directory
        self.run = run
    }

    /// Who signed the head. Where there is a body, ask the result whether it covers it before believing a word of it.
    /// - Parameter prefix: where the request comes from, which answers for signatures that do not hold; nothing where
    ///   that is not known.
    public func verify(
        _ head: RequestHead, from signers: Signers, in prefix: AddressRange? = nil, at now: WallTime
    ) throws(RequestRefusal) -> SignedRequest {
        let claim = try Claim(head)
        let anyReceiver = signers == .anyone && claim.receiver == RequestSignature.anyReceiver
        guard anyReceiver || claim.receiver == own.description else { throw .anotherReceiver }
        guard claim.signer != own else { throw .itself }
        let age = now - claim.created
        guard age <= RequestSignature.window, age >= .zero - RequestSignature.window else { throw .outsideWindow }
        try checkRun(of: claim, at: now)
        let isMember = directory.isAdmitted(claim.signer)
        guard isMember || signers == .anyone else { throw .stranger }
        // Checking a signature is what costs most: not of requests that would be refused anyway.
        try withNonces(isMember) { nonces throws(RequestRefusal) in
            try nonces.check(claim.nonce, of: claim.signer, created: claim.created)
        }
        if let prefix {
            try failures.withLock { failures throws(RequestRefusal) in try failures.check(prefix, at: now) }
        }
        guard claim.signature.isValid(for: claim.base.bytes, by: claim.signer) else {
            if let prefix { failures.withLock { $0.note(prefix, at: now) } }
            throw .badSignature
        }
        try withNonces(isMember) { nonces throws(RequestRefusal) in
            try nonces.accept(claim.nonce, of: claim.signer, created: claim.created, at: now)
        }
        return SignedRequest(signer: claim.signer, digest: claim.digest)
    }

    private func withNonces(
        _ isMember: Bool, _ body: (inout NonceMemory) throws(RequestRefusal) -> Void
    ) throws(RequestRefusal) {
        if isMember {
            try members.withLock { nonces throws(RequestRefusal) in try body(&nonces) }
        } else {
            try strangers.withLock { nonces throws(RequestRefusal) in try body(&nonces) }
        }
    }

    private func checkRun(of claim: Claim, at now: WallTime) throws(RequestRefusal) {
        guard let run else { return }
        guard claim.run == run.name || claim.run == nil && !run.isRequired(at: now) else { throw .anotherRun }
    }
}

/// A request head whose signature holds.
public struct SignedRequest: Hashable, Sendable {
    public let signer: NodeID
    /// SHA-256 of the body; nothing when the request was signed without one.
    public let digest: Bytes32?

    /// Whether this is the body that was signed; an empty one needs no digest.
    public func covers(_ body: [UInt8]) -> Bool {
        guard let digest else { return body.isEmpty }
        return Bytes32(digest: SHA256.hash(data: body)) == digest
    }
}

/// What the fields of a request say about its signature, before anything of it is believed.
private struct Claim {
    let signer: NodeID
    let receiver: String
    let run: String?
    let created: WallTime
    let nonce: [UInt8]
    let digest: Bytes32?
    let signature: Signature
    let base: SignatureBase

    /// More than any of these fields is long when a node writes it.
    private static let fieldLimit = 1_024

    init(_ head: RequestHead) throws(RequestRefusal) {
        guard let inputText = head.fields.value(of: "signature-input"),
            let signatureText = head.fields.value(of: "signature")
        else { throw .unsigned }
        guard let input = Self.list(inputText), let signature = Self.data(signatureText, key: RequestSignature.label)
        else { throw .malformed }
        let digestText = head.fields.values(of: RequestSignature.digestField)
        let runText = head.fields.values(of: RequestSignature.runField)
        let parameters = input.rfc9651Parameters
        guard digestText.count <= 1, runText.count <= 1,
            SignatureBase.components(of: input)
                == RequestSignature.components(
                    hasDigest: !digestText.isEmpty, hasRun: !runText.isEmpty),
            parameters.count == 4,
            case .integer(let created)? = parameters["created"], (0...253_402_300_799).contains(created),
            case .string(let nonceText)? = parameters["nonce"], let nonce = Data(base64Encoded: nonceText),
            nonce.count == RequestSignature.nonceLength,
            case .string(let keyText)? = parameters["keyid"], let signer = NodeID(keyText),
            case .string(RequestSignature.algorithm)? = parameters["alg"],
            let receiver = head.fields.value(of: RequestSignature.receiverField),
            let signature = Signature(signature),
            let base = SignatureBase(head, covering: input)
        else { throw .malformed }
        if let text = digestText.first {
            guard let digest = Self.data(text, key: "sha-256").flatMap({ Bytes32($0) }) else { throw .malformed }
            self.digest = digest
        } else {
            digest = nil
        }
        self.signer = signer
        self.receiver = receiver
        run = runText.first
        self.created = WallTime(milliseconds: created * 1000)
        self.nonce = Array(nonce)
        self.signature = signature
        self.base = base
    }

    private static func list(_ text: String) -> InnerList? {
        guard case .innerList(let list)? = dictionary(text)?[RequestSignature.label] else { return nil }
        return list
    }

    private static func data(_ text: String, key: String) -> Data? {
        guard case .item(let item)? = dictionary(text)?[key],
            case .undecodedByteSequence(let encoded) = item.rfc9651BareItem
        else { return nil }
        // One text for each value: bits that pad the last character count, too.
        return Data(base64Encoded: encoded).flatMap { $0.base64EncodedString() == encoded ? $0 : nil }
    }

    private static func dictionary(_ text: String) -> OrderedMap<String, ItemOrInnerList>? {
        guard text.utf8.count <= fieldLimit else { return nil }
        var parser = StructuredFieldValueParser(Array(text.utf8))
        return try? parser.parseDictionaryFieldValue()
    }
}
