public import Membership
@_spi(Verification) public import Primitives

/// How a member lets newcomers in. Whether an invite is still good is for who keeps them: between `check` and `answer`,
/// the invite that the request proves must be redeemed, in one step that cannot happen twice too often.
public enum Admission {
    /// Reads a join request and checks all that the request itself can prove.
    /// - Parameters:
    ///   - refusesPrivate: whether the members of this network cannot use addresses of the newcomer's own house.
    ///   - seenAs: where the request came from.
    public static func check(
        _ body: [UInt8], signedBy signer: NodeID, own: NodeID, isOpen: Bool, refusesPrivate: Bool = false,
        seenAs: IPAddress? = nil
    ) throws(AdmissionRefusal) -> JoinRequest {
        let request: JoinRequest
        do throws(WireError) {
            request = try JoinRequest(wireBytes: body)
        } catch {
            throw .malformed(error)
        }
        guard request.newcomer == signer else { throw .anotherSigner }
        guard request.newcomer != own else { throw .itself }
        if let proof = request.proof {
            guard proof.holds(newcomer: request.newcomer, agreementKey: request.agreementKey, inviter: own) else {
                throw .badProof
            }
        } else if !isOpen {
            throw .inviteNeeded
        }
        // Before the invite is spent.
        if refusesPrivate, let endpoint = request.reachedAt.first(where: \.address.isPrivate) {
            throw .privateAddress(endpoint, seenAs: seenAs.flatMap { $0.isPrivate ? nil : $0 })
        }
        return request
    }

    /// The answer that makes the newcomer a member.
    public static func answer(
        _ request: JoinRequest, by identity: Identity, network: NodeID, networkKey: Bytes32, table: [News],
        certificates: [Certificate], seenAs: IPAddress?, at now: WallTime
    ) throws(AdmissionRefusal) -> Verified<JoinAnswer> {
        let draft = Certificate(
            subject: request.newcomer, issuer: identity.nodeID, network: network, issuedAt: now)
        let certificate = identity.sign(draft).value
        guard let sealedKey = SealedNetworkKey(networkKey, for: certificate, agreementKey: request.agreementKey) else {
            throw .badAgreementKey
        }
        var carded: Set<NodeID> = [request.newcomer]
        for case .card(let card) in table { carded.insert(card.nodeID) }
        return identity.sign(
            JoinAnswer(
                newcomer: request.newcomer, certificate: certificate, sealedKey: sealedKey,
                certificates: certificates.filter { !carded.contains($0.subject) }, table: table, seenAs: seenAs))
    }
}

/// Why a newcomer is not let in.
public enum AdmissionRefusal: Error, Hashable, Sendable {
    case malformed(WireError)
    case anotherSigner
    case itself
    case badProof
    case inviteNeeded
    /// Expired, used up, or never made here: whoever keeps the invites says so.
    case inviteVoid
    case badAgreementKey
    /// It says that it is reached where only its own house reaches it.
    case privateAddress(Endpoint, seenAs: IPAddress?)

    /// The HTTP status that answers it.
    public var status: Int {
        switch self {
        case .malformed, .itself, .badAgreementKey: 400
        case .anotherSigner, .badProof, .inviteNeeded, .inviteVoid, .privateAddress: 403
        }
    }
}

extension AdmissionRefusal: CustomStringConvertible {
    /// One sentence that says what to do: the body of the answer, and what the newcomer's operator reads.
    public var description: String {
        switch self {
        case .malformed(let error):
            "The join request cannot be read (\(error)); update the older of the two nodes."
        case .anotherSigner: "The join request is signed by another node than the one that it names; sign it anew."
        case .itself: "A node cannot join itself; give the address of another node."
        case .badProof: "The invite does not hold at this node; ask for a new one."
        case .inviteNeeded: "This network needs an invite; ask one of its members to run `node invite`."
        case .inviteVoid: "The invite has expired, was used up, or was not made here; ask for a new one."
        case .badAgreementKey:
            "The join request names an agreement key that no secret can be agreed with; join with a new identity."
        case .privateAddress(let endpoint, let seenAs):
            "Members cannot use \(endpoint.address), the private address where the newcomer says that it is reached; start it "
                + "with --url and one that they can use"
                + (seenAs.map { ", such as http://\(Endpoint(address: $0, port: endpoint.port))." } ?? ".")
        }
    }
}
