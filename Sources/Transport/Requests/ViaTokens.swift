internal import Crypto
internal import Foundation
public import Primitives

/// The `via` of a redirect: which nodes a download was already sent to, so that no client goes in circles and no chain
/// is longer than two. Made and read by members only; whoever alters one, or uses it for another file or a minute
/// later, is treated as if there were none.
public struct ViaTokens: Sendable {
    /// Nodes a token can list: as many as there are redirects.
    public static let limit = 2
    /// How long a token holds. Clocks may differ as much as for signed requests.
    public static let lifetime: Duration = .seconds(60)

    private static let version: UInt8 = 1
    private static let tagLength = 16

    private let key: SymmetricKey

    public init(networkKey: Bytes32) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: networkKey.symmetricKey, info: Array("potluck via 1".utf8), outputByteCount: 32)
    }

    /// A text for the value of a query parameter, of at most 60 lower-case letters and digits. Of more than two nodes,
    /// the last two count.
    public func token(for file: FileID, tried: [ShortID], at now: WallTime) -> String {
        var writer = WireWriter()
        writer.write(Self.version)
        writer.write(UInt32(truncatingIfNeeded: now.milliseconds / 1000))
        for id in tried.suffix(Self.limit) { writer.write(id) }
        return Base32.encode(writer.bytes + tag(of: writer.bytes, for: file))
    }

    /// Who was tried already; nobody when the token is not one of this network's, for this file, of this minute.
    public func tried(in token: some StringProtocol, for file: FileID, at now: WallTime) -> [ShortID] {
        let longest = 1 + 4 + 8 * Self.limit + Self.tagLength
        guard token.utf8.count <= (longest * 8 + 4) / 5, let bytes = Base32.decode(token),
            bytes.count > Self.tagLength
        else { return [] }
        let content = Array(bytes.dropLast(Self.tagLength))
        // In constant time: the tag is all that keeps a stranger from writing one.
        let difference = zip(bytes.suffix(Self.tagLength), tag(of: content, for: file)).reduce(0 as UInt8) {
            $0 | ($1.0 ^ $1.1)
        }
        guard difference == 0 else { return [] }
        return (try? Self.read(content, at: now)) ?? []
    }

    private static func read(_ content: [UInt8], at now: WallTime) throws(WireError) -> [ShortID] {
        var reader = WireReader(content)
        guard try reader.uint8() == version else { return [] }
        let age = now - WallTime(milliseconds: Int64(try reader.uint32()) * 1000)
        guard age <= lifetime, age >= .zero - lifetime else { return [] }
        var tried: [ShortID] = []
        while reader.remaining > 0 { tried.append(try reader.shortID()) }
        return tried
    }

    private func tag(of content: [UInt8], for file: FileID) -> [UInt8] {
        let code = HMAC<SHA256>.authenticationCode(for: content + file.bytes.array, using: key)
        return Array(Array(code).prefix(Self.tagLength))
    }
}
