internal import Primitives

/// What is inside a sealed datagram.
///
/// A token is drawn by a receiver in its present run, so data that carry one were not recorded before it. A nonce comes
/// back only from where it went, so whoever echoes one is there (RFC 9000, section 8.2).
enum Parcel: Hashable {
    /// An envelope, with the token that the receiver gave its sender.
    case data([UInt8], token: UInt64)
    /// Are you there? `isStale` says besides that data came with a token that does not hold, or none any more.
    case challenge(nonce: UInt64, isStale: Bool)
    /// The nonce, a token for data, and a challenge of one's own where one is due.
    case response(nonce: UInt64, token: UInt64, challenge: UInt64?)

    /// What a datagram of data has beside the envelope.
    static let dataOverhead = 1 + 8
    /// Of challenges and responses alike: an answer is never larger than its question.
    static let greetingLength = 1 + 3 * 8
}

extension Parcel: WireCodable {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .data(let payload, let token):
            writer.write(1 as UInt8)
            writer.write(token)
            writer.write(raw: payload)
        case .challenge(let nonce, let isStale):
            writer.write(isStale ? 3 : 2 as UInt8)
            for word in [nonce, 0, 0] { writer.write(word) }
        case .response(let nonce, let token, let challenge):
            writer.write(4 as UInt8)
            for word in [nonce, token, challenge ?? 0] { writer.write(word) }
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        let kind = try reader.uint8()
        switch kind {
        case 1:
            let token = try reader.uint64()
            self = .data(try reader.raw(count: reader.remaining), token: token)
        case 2, 3:
            self = .challenge(nonce: try reader.uint64(), isStale: kind == 3)
            guard try reader.uint64() == 0, try reader.uint64() == 0 else { throw .malformed("a challenge with more") }
        case 4:
            let (nonce, token, challenge) = (try reader.uint64(), try reader.uint64(), try reader.uint64())
            self = .response(nonce: nonce, token: token, challenge: challenge == 0 ? nil : challenge)
        default:
            throw .malformed("a datagram of kind \(kind)")
        }
    }
}
