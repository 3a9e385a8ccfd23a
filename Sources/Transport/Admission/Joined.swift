public import Membership
@_spi(Verification) public import Primitives

/// What a node knows and has once it was let into a network. To be kept on disk as a whole.
public struct Joined: Hashable, Sendable {
    public let networkKey: Bytes32
    public let founder: NodeID
    /// This node's own.
    public let certificate: Certificate
    /// Verified ones of members whose cards are not in the table.
    public let certificates: [Verified<Certificate>]
    /// Who let it in.
    public let issuer: NodeID
    public let table: [Verified<News>]
    /// The address that the issuer saw this node at.
    public let seenAs: IPAddress?
}

extension Joined {
    /// Reads an answer: from the inviter that was expected, where one was, for this node, with everything it needs to
    /// prove to others that it belongs.
    init(
        _ answer: JoinAnswer, for identity: Identity, inviter: NodeID?, network: NodeID?
    ) throws(JoinFailure) {
        let own = answer.certificate
        guard answer.newcomer == identity.nodeID, own.subject == identity.nodeID, own.issuer != own.subject else {
            throw .untrusted("it is meant for another node")
        }
        guard own.issuer == inviter ?? own.issuer, own.network == network ?? own.network else {
            throw .untrusted("another node than the inviter gave it, or for another network")
        }
        guard answer.signature.isValid(for: answer.signedBytes, by: own.issuer) else {
            throw .untrusted("its signature does not hold")
        }
        let directory = Directory(founder: own.network)
        // All of them together: those on cards and those of members gone may lean on each other.
        let onCards = answer.table.compactMap { news -> Certificate? in
            guard case .card(let card) = news else { return nil }
            return card.certificate
        }
        directory.learn(answer.certificates + onCards + [own])
        let table = directory.verifying(answer.table)
        guard directory.isAdmitted(identity.nodeID) else {
            throw .untrusted("its certificate does not lead to the network's founder")
        }
        guard let networkKey = answer.sealedKey.open(by: identity, for: own) else {
            throw .untrusted("the network key cannot be opened")
        }
        self.networkKey = networkKey
        founder = own.network
        certificate = own
        // Of two for one subject, only the one that was checked.
        let proven = Set(directory.certificates)
        certificates = answer.certificates.filter(proven.contains).map { Verified(checked: $0) }
        issuer = own.issuer
        self.table = table
        seenAs = answer.seenAs
    }
}

/// Why a node did not get into a network.
public enum JoinFailure: Error, Hashable, Sendable {
    case expired
    /// This node's allowance for overlay traffic is used up.
    case unaffordable
    case unreachable(String, CourierError)
    /// The status, and the sentence that a node said about it; nothing where what answered is no node of ours.
    case refused(status: Int, String?)
    case malformed(WireError)
    case untrusted(String)
}

extension JoinFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expired: "the invite has expired; ask for a new one"
        case .unaffordable: "this node has nothing left of its allowance to ask with; try again in its next period"
        case .unreachable(let url, let error):
            "\(url) cannot be asked (\(error)); check the address, and that a node runs there"
        case .refused(_, let sentence?):
            // Quoted, so that what a stranger says is not taken for this node's word.
            "the node that was asked says “\(sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence)”"
        case .refused(let status, nil):
            "what answered is no Potluck node, or one of another version (status \(status)); check the address"
        case .malformed(let error):
            "what answered is no Potluck node, or one of another version (\(error)); check the address"
        case .untrusted(let reason): "the answer cannot be trusted, since \(reason); ask another member of that network"
        }
    }
}
