public import Primitives
internal import Synchronization

/// One run of a node, from start to end: what signed requests have to name for some time after the start.
///
/// The nonces that a node has seen end with its process, so what was signed for an earlier run would count once more. A
/// clock cannot tell such requests, since that of the signer may be ahead by as much as requests live; a name that
/// nobody knew before the start can. Who does not name it is told it, and signs anew (as with `Parcel.data` and its
/// tokens).
public struct RequestRun: Hashable, Sendable {
    public let name: String
    let startedAt: WallTime

    /// 128 bits.
    static let nameLength = 26
    /// Later, whatever was signed before the start is outside the window, by whichever clock.
    static let required = RequestSignature.window * 2

    public init(startedAt: WallTime) {
        var random = SystemRandomNumberGenerator()
        name = Base32.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        self.startedAt = startedAt
    }

    /// Whether requests must name the run; also after a clock was set back, which makes old requests young again.
    func isRequired(at now: WallTime) -> Bool { now - startedAt <= Self.required }

    /// What may be signed on behalf of another node: nothing that could be more than a name.
    static func isName(_ text: String) -> Bool {
        text.utf8.count == nameLength && Base32.decode(text) != nil
    }
}

/// The runs that other nodes have named, for the next request to each.
final class KnownRuns: Sendable {
    /// As many as there are members. With one more, all are asked for again.
    static let limit = 10_000

    private let names = Mutex<[NodeID: String]>([:])

    subscript(node: NodeID) -> String? { names.withLock { $0[node] } }

    func learn(_ name: String, of node: NodeID) {
        names.withLock { names in
            if names.count >= Self.limit, names[node] == nil { names = [:] }
            names[node] = name
        }
    }
}
