public import Overlay
public import Primitives

/// What both ends of the peer protocol agree on: paths and bounds. Bodies are in wire form, versions included.
public enum PeerProtocol {
    /// Every request is a POST to this and its name.
    public static let prefix = "/peer/v1/"
    /// Joining is the one request that nodes outside the network may make; its body is a `JoinRequest`.
    public static let joinName = "join"
    /// What nodes may ask that are not known here yet: to be let in, to be taken note of, and whether this node is
    /// there.
    public static let knocks: Set<String> = [joinName, PeerRequest.introduction, PeerRequest.proof]
    public static let mediaType = "application/vnd.potluck"
    /// What marks a refusal as a node's, and its body as one sentence: anything may answer at a wrong address.
    public static let refusalField = "potluck-refusal"
    /// Longer is no sentence.
    static let refusalLimit = 500

    /// The longest body of a request: 256 announcements, 64 withdrawals, and 64 postings with the longest names and
    /// audiences, 235 kB.
    public static let requestLimit = ByteCount.kibibytes(256)
    /// The longest body of an answer, which may be a table too, with certificates of members gone.
    public static let answerLimit = ByteCount.mebibytes(12)
    /// The longest body of a knock: a join request, an introduction or a question for a proof with one card.
    public static let knockLimit = ByteCount.kibibytes(4)

    public static func path(of request: PeerRequest) -> String { prefix + request.name }

    /// The path of a file, for peers and public alike.
    public static func path(of file: FileID, name: String) -> String {
        "/f/\(file)/\(percentEncoded(name))"
    }

    /// A request from the body of a POST, which must be of the kind that its path names.
    public static func request(_ body: [UInt8], name: some StringProtocol) throws(WireError) -> PeerRequest {
        let request = try PeerRequest(wireBytes: body)
        guard request.name == name else { throw .malformed("a request of another kind than its path says") }
        return request
    }

    /// One segment of a path: everything but RFC 3986's unreserved characters is escaped.
    public static func percentEncoded(_ segment: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in segment.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.append(byte)
            default:
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
