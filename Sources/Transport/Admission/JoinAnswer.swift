internal import Crypto
internal import Foundation
internal import Membership
internal import Overlay
public import Primitives

/// What a newcomer gets: the network key sealed to it, its certificate, and who is there; signed by who lets it in.
public struct JoinAnswer: Statement {
    public static let context = "potluck join answer 1"

    let newcomer: NodeID
    /// The newcomer's; names issuer and network too.
    let certificate: Certificate
    let sealedKey: SealedNetworkKey
    /// Of members whose cards are not in the table: those gone, whose statements and certificates live on.
    let certificates: [Certificate]
    let table: [News]
    /// Where the newcomer's request came from: the address that others see it at.
    let seenAs: IPAddress?
    public var signature: Signature

    static let version: UInt8 = 1

    public var signer: Signer { .node(certificate.issuer) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(Self.version)
        writer.write(newcomer)
        writer.write(certificate)
        writer.write(raw: sealedKey.encapsulated)
        writer.write(raw: sealedKey.ciphertext)
        writer.write(list: certificates)
        writer.write(list: table)
        writer.write(seenAs?.description ?? "")
    }

    init(
        newcomer: NodeID, certificate: Certificate, sealedKey: SealedNetworkKey, certificates: [Certificate],
        table: [News], seenAs: IPAddress?
    ) {
        self.newcomer = newcomer
        self.certificate = certificate
        self.sealedKey = sealedKey
        self.certificates = certificates
        self.table = table
        self.seenAs = seenAs
        signature = .none
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.uint8()
        guard version == Self.version else { throw .unknownVersion(version) }
        newcomer = try reader.nodeID()
        certificate = try reader.value()
        sealedKey = SealedNetworkKey(
            encapsulated: try reader.raw(count: SealedNetworkKey.encapsulatedLength),
            ciphertext: try reader.raw(count: SealedNetworkKey.ciphertextLength))
        certificates = try reader.list(limit: Directory.limit, what: "certificates")
        table = try reader.list(limit: tableLimit, what: "news")
        let address = try reader.text(limit: 45, what: "an address")
        seenAs = IPAddress(address)
        guard (seenAs?.description ?? "") == address else { throw .malformed("an address that is not one") }
        signature = try reader.signature()
    }
}

/// The network key on its way to a newcomer: HPKE (RFC 9180) in base mode, with X25519, HKDF-SHA256 and
/// ChaCha20-Poly1305.
struct SealedNetworkKey: Hashable {
    static let encapsulatedLength = 32
    static let ciphertextLength = Bytes32.byteCount + 16

    let encapsulated: [UInt8]
    let ciphertext: [UInt8]

    init(encapsulated: [UInt8], ciphertext: [UInt8]) {
        self.encapsulated = encapsulated
        self.ciphertext = ciphertext
    }

    private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly

    /// Nothing when the newcomer's agreement key is not one that a secret can be agreed on with.
    init?(_ networkKey: Bytes32, for certificate: Certificate, agreementKey: Bytes32) {
        guard
            let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: agreementKey.array),
            // HPKE here does not look; such a key would show the network key to everybody.
            Curve25519.KeyAgreement.PrivateKey().contributorySecret(with: key) != nil,
            var sender = try? HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: Self.info(certificate)),
            let sealed = try? sender.seal(networkKey.array)
        else { return nil }
        encapsulated = Array(sender.encapsulatedKey)
        ciphertext = Array(sealed)
    }

    /// Nothing when it is sealed to another, or was altered.
    func open(by identity: Identity, for certificate: Certificate) -> Bytes32? {
        guard
            var recipient = try? HPKE.Recipient(
                privateKey: identity.agreement, ciphersuite: Self.suite, info: Self.info(certificate),
                encapsulatedKey: Data(encapsulated)),
            let key = try? recipient.open(ciphertext)
        else { return nil }
        return Bytes32(key)
    }

    private static func info(_ certificate: Certificate) -> Data {
        Data("potluck network key 1".utf8) + certificate.network.bytes.array + certificate.issuer.bytes.array
            + certificate.subject.bytes.array
    }
}
