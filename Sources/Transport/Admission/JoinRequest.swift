internal import Crypto
internal import Foundation
internal import Membership
public import Primitives

/// What a newcomer asks a member: to belong. The HTTP request around it is signed with the newcomer's key.
public struct JoinRequest: Hashable, Sendable {
    public let newcomer: NodeID
    /// What the network key is to be sealed to (X25519).
    public let agreementKey: Bytes32
    /// Absent where the newcomer trusts that the network is open.
    public let proof: InviteProof?
    /// Where the newcomer's card will say that it is reached, as far as that is addresses and not names.
    public let reachedAt: [Endpoint]

    static let version: UInt8 = 2
    /// The endpoints of a card, and the address in its URL.
    static let addressLimit = Card.endpointLimit + 1

    /// By invite, or without one.
    public init(by identity: Identity, invite: Invite?, reachedAt: [Endpoint] = []) {
        self.reachedAt = reachedAt
        newcomer = identity.nodeID
        agreementKey = identity.agreementKey
        proof = invite.map {
            InviteProof($0, newcomer: identity.nodeID, agreementKey: identity.agreementKey)
        }
    }
}

/// Proof of having an invite's secret, good for one newcomer only: whoever overhears it can do nothing with it.
public struct InviteProof: Hashable, Sendable {
    /// The invite's `id`, its public key.
    public let invite: Bytes32
    let signature: Signature

    init(_ invite: Invite, newcomer: NodeID, agreementKey: Bytes32) {
        self.invite = invite.id
        let covered = Self.covered(newcomer: newcomer, agreementKey: agreementKey, inviter: invite.inviter)
        guard let signature = (try? invite.key.signature(for: covered)).flatMap({ Signature($0) }) else {
            preconditionFailure("an Ed25519 key signs anything, in 64 bytes")
        }
        self.signature = signature
    }

    /// Whether the proof was made with the invite's secret, for these keys and this inviter.
    func holds(newcomer: NodeID, agreementKey: Bytes32, inviter: NodeID) -> Bool {
        let covered = Self.covered(newcomer: newcomer, agreementKey: agreementKey, inviter: inviter)
        return signature.isValid(for: covered, by: NodeID(invite))
    }

    private static func covered(newcomer: NodeID, agreementKey: Bytes32, inviter: NodeID) -> [UInt8] {
        Array("potluck join 1\0".utf8) + newcomer.bytes.array + agreementKey.array + inviter.bytes.array
    }
}

extension JoinRequest: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(Self.version)
        writer.write(newcomer)
        writer.write(agreementKey)
        writer.write(proof != nil)
        if let proof {
            writer.write(proof.invite)
            writer.write(proof.signature)
        }
        writer.write(list: reachedAt)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.uint8()
        guard version == Self.version else { throw .unknownVersion(version) }
        newcomer = try reader.nodeID()
        agreementKey = try reader.bytes32()
        proof = try reader.bool() ? InviteProof(from: &reader) : nil
        reachedAt = try reader.list(limit: Self.addressLimit, what: "the addresses of a newcomer")
    }
}

extension InviteProof {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        invite = try reader.bytes32()
        signature = try reader.signature()
    }
}
