internal import Crypto
internal import Foundation
internal import Primitives

/// The tokens that one peer's data must carry, and what it has sent with them.
///
/// A token is a code over the peer and its epoch under a secret of this run: giving one away takes no memory, so
/// challenges recorded long ago and sent again push nothing out. A window opens only for data with a token that holds.
struct IssuedTokens {
    /// Epochs of a peer with a window; it begins one with each start. With a further one, all its tokens are void.
    static let epochLimit = 4

    enum Verdict: Hashable { case new, replayed, stale }

    private let peer: NodeID
    private let secret: SymmetricKey
    private var generation: UInt32 = 0
    private var windows: [(epoch: UInt64, token: UInt64, seen: ReplayWindow)] = []

    init(for peer: NodeID, secret: SymmetricKey) {
        self.peer = peer
        self.secret = secret
    }

    func token(for epoch: UInt64) -> UInt64 {
        var writer = WireWriter()
        writer.write(peer)
        writer.write(epoch)
        writer.write(generation)
        let code = HMAC<SHA256>.authenticationCode(for: writer.bytes, using: secret)
        return code.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Whether authentic data are of this run, and come for the first time.
    mutating func judge(token: UInt64, epoch: UInt64, counter: UInt32) -> Verdict {
        if let index = windows.firstIndex(where: { $0.epoch == epoch }) {
            guard windows[index].token == token else { return .stale }
            return windows[index].seen.accept(counter) ? .new : .replayed
        }
        guard token == self.token(for: epoch) else { return .stale }
        guard windows.count < Self.epochLimit else {
            // A window that is forgotten must not be opened anew by what it has seen.
            generation &+= 1
            windows = []
            return .stale
        }
        var seen = ReplayWindow()
        _ = seen.accept(counter)
        windows.append((epoch, token, seen))
        return .new
    }
}
