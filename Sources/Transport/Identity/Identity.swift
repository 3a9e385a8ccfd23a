internal import Catalogue
internal import Crypto
internal import Foundation
public import Membership
public import Overlay
@_spi(Verification) public import Primitives

/// The secret keys of a node: one to sign with (Ed25519, RFC 8032), one to agree on datagram keys with (X25519, RFC
/// 7748).
public struct Identity: Sendable {
    private let signing: Curve25519.Signing.PrivateKey
    let agreement: Curve25519.KeyAgreement.PrivateKey

    /// The public half of the signing key.
    public let nodeID: NodeID
    /// The public half of the agreement key, as the node's card tells it.
    public let agreementKey: Bytes32

    private init(signing: Curve25519.Signing.PrivateKey, agreement: Curve25519.KeyAgreement.PrivateKey) {
        self.signing = signing
        self.agreement = agreement
        nodeID = NodeID(Bytes32(key: signing.publicKey.rawRepresentation))
        agreementKey = Bytes32(key: agreement.publicKey.rawRepresentation)
    }

    /// From stored secrets; any 32 bytes are a key of either kind.
    public init(signingSecret: Bytes32, agreementSecret: Bytes32) {
        guard let signing = try? Curve25519.Signing.PrivateKey(rawRepresentation: signingSecret.array),
            let agreement = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: agreementSecret.array)
        else { preconditionFailure("any 32 bytes are a secret key") }
        self.init(signing: signing, agreement: agreement)
    }

    /// New keys, from the system's randomness.
    public static func generate() -> Identity {
        Identity(signing: Curve25519.Signing.PrivateKey(), agreement: Curve25519.KeyAgreement.PrivateKey())
    }

    /// What to keep of the signing key, readable by nobody else.
    public var signingSecret: Bytes32 { Bytes32(key: signing.rawRepresentation) }
    /// What to keep of the agreement key.
    public var agreementSecret: Bytes32 { Bytes32(key: agreement.rawRepresentation) }

    /// The draft with this node's signature. Signing what another node should say is our own mistake.
    public func sign<Saying: Statement>(_ draft: Saying) -> Verified<Saying> {
        switch draft.signer {
        case .node(let id): precondition(id == nodeID, "a node signs only what it says itself")
        case .member(let id): precondition(id == nodeID.short, "a node signs only what it says itself")
        }
        var signed = draft
        signed.signature = sign(bytes: draft.signedBytes)
        return Verified(checked: signed)
    }

    public func sign(_ news: News) -> Verified<News> {
        switch news {
        case .card(let card): sign(card).part(News.card)
        case .status(let status): sign(status).part(News.status)
        case .verdict(let verdict): sign(verdict).part(News.verdict)
        case .departure(let departure): sign(departure).part(News.departure)
        }
    }

    public func sign(_ draft: Draft) -> Verified<Draft> {
        switch draft {
        case .news(let news): sign(news).part(Draft.news)
        case .announcement(let announcement): sign(announcement).part(Draft.announcement)
        case .withdrawal(let withdrawal): sign(withdrawal).part(Draft.withdrawal)
        }
    }

    /// The raw signature over some bytes.
    func sign(bytes: [UInt8]) -> Signature {
        guard let signature = (try? signing.signature(for: bytes)).flatMap({ Signature($0) }) else {
            preconditionFailure("an Ed25519 key signs anything, in 64 bytes")
        }
        return signature
    }
}

extension Signature {
    /// Whether this is `signer`'s signature over `bytes`. 125 µs on one core.
    func isValid(for bytes: [UInt8], by signer: NodeID) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: signer.bytes.array) else { return false }
        return key.isValidSignature(array, for: bytes)
    }
}

extension Curve25519.KeyAgreement.PrivateKey {
    /// The shared secret, unless it is zero: the other key is then one of the few of small order, with which everybody
    /// has the same secret (RFC 7748, section 6.1).
    func contributorySecret(with key: Curve25519.KeyAgreement.PublicKey) -> SharedSecret? {
        guard let secret = try? sharedSecretFromKeyAgreement(with: key),
            secret.withUnsafeBytes({ bytes in bytes.contains { $0 != 0 } })
        else { return nil }
        return secret
    }
}

extension Bytes32 {
    init(key: Data) {
        guard let bytes = Bytes32(key) else { preconditionFailure("a key of Curve25519 has 32 bytes") }
        self = bytes
    }

    /// As a key for symmetric ciphers and message authentication codes.
    var symmetricKey: SymmetricKey { SymmetricKey(data: array) }
}
