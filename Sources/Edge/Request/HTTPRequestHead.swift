/// The head of one HTTP/1.1 request (RFC 9112), read strictly: where the standard lets a server be lenient, two parsers
/// in a row may understand two different requests, so this one refuses.
///
/// A value is reused for all requests of a connection: its storage is allocated once.
public struct HTTPRequestHead: Sendable {
    public enum Method: Hashable, Sendable {
        case get, head, post, options
        /// A method of RFC 9110 that nothing here answers.
        case unserved
    }

    public enum Version: Hashable, Sendable {
        case http10, http11
    }

    /// A field line, as positions in the head.
    struct Field: Hashable, Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// The most bytes a head has, the empty line included.
    public static let byteLimit = 16 << 10
    /// The most field lines a head has.
    public static let fieldLimit = 100

    public internal(set) var method = Method.get
    public internal(set) var version = Version.http11
    /// The bytes of the body that follows, which only POST may have.
    public internal(set) var contentLength = 0
    /// The client may send another request after this one.
    public internal(set) var keepsAlive = false
    /// The client waits for `100 Continue` before it sends the body.
    public internal(set) var expectsContinue = false

    var bytes: [UInt8] = []
    var fields: [Field] = []
    var methodName = 0..<0
    /// The path as sent, percent-encoded, from its first slash.
    var path = 0..<0
    /// What follows the question mark, as sent.
    var query: Range<Int>?

    public init() {}

    /// Values of all field lines of this name, in order. `name` is in lower case.
    func values(of name: StaticString) -> some Sequence<Range<Int>> {
        fields.lazy.filter { matches($0.name, name) }.map(\.value)
    }

    /// The value of the only field line of this name; nothing when there is none or several. `name` is in lower case.
    func only(_ name: StaticString) -> Range<Int>? {
        var found: Range<Int>?
        for field in fields where matches(field.name, name) {
            guard found == nil else { return nil }
            found = field.value
        }
        return found
    }

    /// The values of all lines of this name joined with a comma and a space (RFC 9110, section 5.3); nothing when there
    /// is no such line. `name` in any case.
    public func value(of name: String) -> String? {
        let lowered = Array(name.utf8).map(Self.lowercase)
        var joined: String?
        for field in fields where bytes[field.name].elementsEqual(lowered, by: { Self.lowercase($0) == $1 }) {
            joined = joined.map { $0 + ", " + text(field.value) } ?? text(field.value)
        }
        return joined
    }

    /// `"GET"`.
    public var methodText: String { text(methodName) }

    /// The path as sent: `"/f/…/a%20name"`.
    public var pathText: String { text(path) }

    /// What follows the question mark as sent, without it.
    public var queryText: String? { query.map(text) }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// The bytes equal this text, in any case. `text` is in lower case.
    func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        for offset in 0..<range.count where Self.lowercase(bytes[range.lowerBound + offset]) != start[offset] {
            return false
        }
        return true
    }

    @inline(__always)
    static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }
}
