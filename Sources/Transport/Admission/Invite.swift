internal import Crypto
internal import Foundation
public import Primitives

/// What a member hands to a newcomer, out of band: where to knock, whom to expect there, and a secret to show.
///
/// As text it is one token, `potluck1…`. The secret is the seed of an Ed25519 key pair: the newcomer signs with it, and
/// the inviter keeps nothing but the public key, so that a stolen database holds no invites.
public struct Invite: Hashable, Sendable {
    public static let secretLength = 16
    /// As on cards.
    public static let urlLimit = 200

    public let secret: [UInt8]
    public let inviter: NodeID
    /// The founder of the network it leads to.
    public let network: NodeID
    /// Of the inviter: `"http://host:port"`.
    public let url: String
    public let expires: WallTime

    private static let prefix = "potluck1"
    private static let checksumLength = 4

    /// A new secret, from the system's randomness.
    public init(inviter: NodeID, network: NodeID, url: String, expires: WallTime) {
        precondition(url.utf8.count <= Self.urlLimit, "an invite carries the URL of a card")
        var random = SystemRandomNumberGenerator()
        secret = (0..<Self.secretLength).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        self.inviter = inviter
        self.network = network
        self.url = url
        // As precise as the text.
        self.expires = WallTime(milliseconds: expires.milliseconds / 1000 * 1000)
    }

    /// What the inviter keeps, to recognise the invite when it is redeemed.
    public var id: Bytes32 { Bytes32(key: key.publicKey.rawRepresentation) }

    var key: Curve25519.Signing.PrivateKey {
        let seed = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("potluck invite 1".utf8),
            outputByteCount: Bytes32.byteCount)
        guard let key = try? seed.withUnsafeBytes({ try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }) else {
            preconditionFailure("any 32 bytes are a secret key")
        }
        return key
    }
}

/// Why a text is not an invite.
public enum InviteError: Error, Hashable, Sendable {
    case notAnInvite
    case newerFormat
    case damaged
}

extension InviteError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnInvite: "this is not an invite; one begins with potluck1"
        case .newerFormat: "this invite was made by a newer version of Potluck; update this node to use it"
        case .damaged: "this invite is damaged or incomplete; copy all of it again"
        }
    }
}

extension Invite: CustomStringConvertible {
    /// The token: what follows the prefix is base32 of the content and its checksum.
    public var description: String {
        var writer = WireWriter()
        writer.write(raw: secret)
        writer.write(inviter)
        // Mostly the inviter is the founder.
        writer.write(network != inviter)
        if network != inviter { writer.write(network) }
        writer.write(UInt32(clamping: expires.milliseconds / 1000))
        writer.write(url)
        return Self.prefix + Base32.encode(writer.bytes + Self.checksum(of: writer.bytes))
    }

    /// Reads a token; spaces and line breaks around or inside it are what mail programs add.
    public init(_ text: some StringProtocol) throws(InviteError) {
        let token = text.lowercased().filter { !$0.isWhitespace }
        guard token.hasPrefix("potluck") else { throw .notAnInvite }
        guard token.hasPrefix(Self.prefix) else {
            throw token.dropFirst("potluck".count).first?.isNumber == true ? .newerFormat : .notAnInvite
        }
        guard token.utf8.count <= 1_024, let bytes = Base32.decode(token.dropFirst(Self.prefix.count)),
            bytes.count > Self.checksumLength
        else { throw .damaged }
        let content = Array(bytes.dropLast(Self.checksumLength))
        guard Array(bytes.suffix(Self.checksumLength)) == Self.checksum(of: content) else { throw .damaged }
        do throws(WireError) {
            var reader = WireReader(content)
            secret = try reader.raw(count: Self.secretLength)
            inviter = try reader.nodeID()
            network = try reader.bool() ? try reader.nodeID() : inviter
            expires = WallTime(milliseconds: Int64(try reader.uint32()) * 1000)
            url = try reader.text(limit: Self.urlLimit, what: "the inviter's URL")
            try reader.finish()
        } catch {
            throw .damaged
        }
    }

    /// Against slips of the hand, not of malice: the secret is the proof.
    private static func checksum(of content: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: content).prefix(checksumLength))
    }
}
