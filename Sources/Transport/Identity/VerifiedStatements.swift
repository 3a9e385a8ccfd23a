internal import Crypto
internal import Primitives

/// Statements whose signatures were found to hold lately: gossip brings each of them many times, and a look-up costs a
/// fiftieth of a verification.
///
/// Two generations: when the young one is full it becomes the old one, so that what is still heard of survives.
struct VerifiedStatements {
    /// A status and a card of each member of a large neighbourhood; 32 bytes and the set's overhead for each.
    static let generationLimit = 8_192

    private var young: Set<Bytes32> = []
    private var old: Set<Bytes32> = []

    /// Names a statement, its signature and who is said to have signed it.
    static func digest(of bytes: [UInt8], _ signature: Signature, by signer: NodeID) -> Bytes32 {
        var hash = SHA256()
        hash.update(data: signer.bytes.array)
        hash.update(data: signature.array)
        hash.update(data: bytes)
        return Bytes32(digest: hash.finalize())
    }

    mutating func contains(_ digest: Bytes32) -> Bool {
        if young.contains(digest) { return true }
        guard old.contains(digest) else { return false }
        insert(digest)
        return true
    }

    mutating func insert(_ digest: Bytes32) {
        if young.count >= Self.generationLimit {
            old = young
            young = []
        }
        young.insert(digest)
    }
}

extension Bytes32 {
    init(digest: some Sequence<UInt8>) {
        guard let bytes = Bytes32(digest) else { preconditionFailure("SHA-256 gives 32 bytes") }
        self = bytes
    }
}
