public import Primitives

/// Why a statement was not believed.
public enum VerificationError: Error, Hashable, Sendable {
    /// Nobody whose certificate was ever seen here.
    case unknownSigner(Signer)
    case badSignature(Signer)
    /// A card of another network, by its founder.
    case otherNetwork(NodeID)
    /// A card whose certificate is missing, somebody else's, or does not chain to the founder.
    case uncertified(NodeID)
    /// More certificates than this node remembers.
    case directoryFull
}

extension VerificationError {
    /// Whether another certificate, once seen, could change the verdict.
    var mayPass: Bool {
        switch self {
        case .unknownSigner, .uncertified: true
        case .badSignature, .otherNetwork, .directoryFull: false
        }
    }
}

extension VerificationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownSigner(.node(let id)): "node \(id) is not known to belong to this network"
        case .unknownSigner(.member(let id)): "no member is known by the short id \(id)"
        case .badSignature(.node(let id)): "the signature is not that of node \(id)"
        case .badSignature(.member(let id)): "the signature is not that of member \(id)"
        case .otherNetwork(let founder): "the card belongs to the network founded by \(founder)"
        case .uncertified(let id): "node \(id) has no certificate that leads to this network's founder"
        case .directoryFull: "the directory already holds \(Directory.limit) certificates"
        }
    }
}
