internal import Crypto
internal import Foundation
internal import Membership
internal import Primitives
internal import Synchronization

/// Seals what this node sends to another and opens what it gets from others: ChaCha20-Poly1305 (RFC 8439) under a key
/// that each pair of members has for each direction.
///
/// A datagram is the format's version (1 byte), the sender's short id (8), the nonce (12: a random epoch of 8, drawn
/// when this node starts, and a counter of 4), then the sealed parcel and its tag (16). The header is authenticated
/// with the rest. The key is HKDF-SHA256 of the X25519 secret of the two agreement keys, salted with the network key,
/// for "potluck datagram 2", the sender and the receiver.
final class DatagramSealer: Sendable {
    static let version: UInt8 = 2
    static let headerLength = 1 + 8 + 12
    static let tagLength = 16
    /// Of a datagram without IP and UDP headers: fits any path that carries IPv6, tunnels included.
    static let limit = 1_200

    /// The keys with one peer, as long as its card says the same agreement key.
    private struct Pair {
        let agreementKey: Bytes32
        let sending: SymmetricKey
        let receiving: SymmetricKey
    }

    private struct State {
        var networkKey: Bytes32
        /// Only for members whose cards were here, so as many as the directory admits.
        var pairs: [NodeID: Pair] = [:]
        var epoch = UInt64.random(in: .min ... .max)
        var counter: UInt32 = 0

        /// Never the same twice under one key: a new epoch when the counter is used up.
        mutating func nextNonce() -> (epoch: UInt64, counter: UInt32) {
            if counter == .max {
                epoch = UInt64.random(in: .min ... .max)
                counter = 0
            }
            counter += 1
            return (epoch, counter)
        }
    }

    private let identity: Identity
    private let directory: Directory
    private let state: Mutex<State>

    init(identity: Identity, directory: Directory, networkKey: Bytes32) {
        self.identity = identity
        self.directory = directory
        state = Mutex(State(networkKey: networkKey))
    }

    /// Another network's key from now on; what was agreed before is forgotten.
    func enter(networkKey: Bytes32) {
        state.withLock { $0 = State(networkKey: networkKey) }
    }

    /// The sealed datagram for that member, or why there is none.
    func seal(_ payload: [UInt8], for receiver: Card) -> Result<[UInt8], Refusal> {
        guard payload.count <= Self.limit - Self.headerLength - Self.tagLength else {
            return .failure(.init(.oversized))
        }
        let prepared: (key: SymmetricKey, nonce: (epoch: UInt64, counter: UInt32))? = state.withLock { state in
            pair(with: receiver, in: &state).map { ($0.sending, state.nextNonce()) }
        }
        guard let prepared else { return .failure(.init(.unroutable)) }
        var writer = WireWriter()
        writer.write(Self.version)
        writer.write(identity.nodeID.short)
        writer.write(prepared.nonce.epoch)
        writer.write(prepared.nonce.counter)
        let header = writer.bytes
        guard let nonce = try? ChaChaPoly.Nonce(data: header.suffix(12)),
            let box = try? ChaChaPoly.seal(payload, using: prepared.key, nonce: nonce, authenticating: header)
        else { preconditionFailure("a key and a nonce of the right lengths seal anything") }
        return .success(header + box.ciphertext + box.tag)
    }

    /// What a datagram says and who sealed it when, or why it is dropped. Cheap refusals come first. Whether it was
    /// here before is not asked.
    func open(_ datagram: [UInt8]) -> Result<Opened, Refusal> {
        guard datagram.count <= Self.limit else { return .failure(.init(.oversized)) }
        guard let version = datagram.first else { return .failure(.init(.truncated)) }
        guard version == Self.version else { return .failure(.init(.unknownVersion)) }
        guard datagram.count >= Self.headerLength + Self.tagLength else { return .failure(.init(.truncated)) }
        let header = datagram.prefix(Self.headerLength)
        let short = ShortID(Self.word(header.dropFirst().prefix(8)))
        let epoch = Self.word(header.dropFirst(9).prefix(8))
        let counter = UInt32(truncatingIfNeeded: Self.word(header.suffix(4)))
        guard short != identity.nodeID.short, let sender = directory.nodeID(of: short),
            let card = directory.card(of: sender)
        else { return .failure(.init(.unknownSender)) }
        guard let key = state.withLock({ pair(with: card, in: &$0)?.receiving }),
            let nonce = try? ChaChaPoly.Nonce(data: header.suffix(12)),
            let box = try? ChaChaPoly.SealedBox(
                nonce: nonce, ciphertext: datagram.dropFirst(Self.headerLength).dropLast(Self.tagLength),
                tag: datagram.suffix(Self.tagLength)),
            let payload = try? ChaChaPoly.open(box, using: key, authenticating: header)
        else { return .failure(.init(.undecryptable)) }
        return .success(Opened(payload: Array(payload), sender: sender, epoch: epoch, counter: counter))
    }

    /// Nothing when the card's agreement key is one that gives everybody the same secret.
    private func pair(with card: Card, in state: inout State) -> Pair? {
        if let known = state.pairs[card.nodeID], known.agreementKey == card.agreementKey { return known }
        guard let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: card.agreementKey.array),
            let secret = identity.agreement.contributorySecret(with: key)
        else { return nil }
        let networkKey = state.networkKey
        func derive(from sender: NodeID, to receiver: NodeID) -> SymmetricKey {
            secret.hkdfDerivedSymmetricKey(
                using: SHA256.self, salt: networkKey.array,
                sharedInfo: Array("potluck datagram 2".utf8) + sender.bytes.array + receiver.bytes.array,
                outputByteCount: 32)
        }
        let pair = Pair(
            agreementKey: card.agreementKey, sending: derive(from: identity.nodeID, to: card.nodeID),
            receiving: derive(from: card.nodeID, to: identity.nodeID))
        state.pairs[card.nodeID] = pair
        return pair
    }

    private static func word(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The content of an authentic datagram.
    struct Opened: Equatable {
        let payload: [UInt8]
        let sender: NodeID
        let epoch: UInt64
        let counter: UInt32
    }

    /// A reason to drop a datagram, where a `Result` wants an error.
    struct Refusal: Error, Equatable {
        let reason: DropReason

        init(_ reason: DropReason) { self.reason = reason }
    }
}
