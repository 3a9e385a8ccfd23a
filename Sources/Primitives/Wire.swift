/// Why bytes from outside were not what they should be. Never more than a sentence: it goes into logs.
public enum WireError: Error, Hashable, Sendable {
    case truncated
    case trailingBytes(Int)
    case unknownVersion(UInt8)
    case tooLong(what: String, count: Int, limit: Int)
    case malformed(String)
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "the message ends too early"
        case .trailingBytes(let count): "the message has \(count) bytes too many"
        case .unknownVersion(let version): "the message has format \(version), which this node does not know"
        case .tooLong(let what, let count, let limit): "\(what): \(count) where \(limit) are allowed"
        case .malformed(let what): "the message holds \(what)"
        }
    }
}

/// What has one form on the wire: big-endian integers, counted strings and lists, no optional spellings.
public protocol WireCodable {
    func encode(into writer: inout WireWriter)
    init(from reader: inout WireReader) throws(WireError)
}

extension WireCodable {
    /// The form on the wire.
    public var wireBytes: [UInt8] {
        var writer = WireWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// How many bytes `wireBytes` has, without making them.
    public var wireCount: Int {
        var writer = WireWriter(counting: ())
        encode(into: &writer)
        return writer.count
    }

    /// Reads all of `bytes`; leftovers are an error.
    public init(wireBytes bytes: some Sequence<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        self = try Self(from: &reader)
        try reader.finish()
    }
}

/// Appends values in wire form; or only counts them.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private let isCounting: Bool
    private var counted = 0

    public init() {
        isCounting = false
    }

    /// For who wants to know how long something is: nothing is kept.
    fileprivate init(counting: Void) {
        isCounting = true
    }

    /// How many bytes were written.
    public var count: Int { isCounting ? counted : bytes.count }

    public mutating func write(_ value: UInt8) { append(UInt64(value), byteCount: 1) }
    public mutating func write(_ value: UInt16) { append(UInt64(value), byteCount: 2) }
    public mutating func write(_ value: UInt32) { append(UInt64(value), byteCount: 4) }
    public mutating func write(_ value: UInt64) { append(value, byteCount: 8) }
    public mutating func write(_ value: Bool) { append(value ? 1 : 0, byteCount: 1) }
    public mutating func write(_ value: Bytes32) {
        if isCounting { counted += 32 } else { bytes += value.array }
    }
    public mutating func write(_ value: NodeID) { write(value.bytes) }
    public mutating func write(_ value: FileID) { write(value.bytes) }
    public mutating func write(_ value: ShortID) { write(value.word) }
    public mutating func write(_ value: Signature) {
        if isCounting { counted += Signature.byteCount } else { bytes += value.array }
    }
    public mutating func write(_ value: ByteCount) { write(UInt64(bitPattern: value.bytes)) }
    public mutating func write(_ value: WallTime) { write(UInt64(bitPattern: value.milliseconds)) }
    public mutating func write(_ value: some WireCodable) { value.encode(into: &self) }

    /// In seven bits a byte, the lowest first, as few bytes as it takes (LEB128).
    public mutating func write(short value: UInt64) {
        var rest = value
        while rest > 0x7F {
            write(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        write(UInt8(truncatingIfNeeded: rest))
    }

    /// Bytes as they are, without a count.
    public mutating func write(raw: some Sequence<UInt8>) {
        if isCounting { counted += raw.reduce(0) { count, _ in count + 1 } } else { bytes += raw }
    }

    /// A count of two bytes, then the bytes. Longer than 65,535 is our own mistake: limits are checked where values are
    /// made.
    public mutating func write(counted: some Collection<UInt8>) {
        let count = counted.count
        precondition(count <= Int(UInt16.max), "a counted run of bytes fits its count")
        write(UInt16(count))
        if isCounting { self.counted += count } else { bytes += counted }
    }

    /// UTF-8 after a count of two bytes.
    public mutating func write(_ text: String) { write(counted: text.utf8) }

    /// A presence byte, then the value if there is one.
    public mutating func write(optional value: (some WireCodable)?) {
        write(value != nil)
        if let value { value.encode(into: &self) }
    }

    /// A count of four bytes, then the elements.
    public mutating func write(list: some Collection<some WireCodable>) {
        write(UInt32(list.count))
        for element in list { element.encode(into: &self) }
    }

    private mutating func append(_ value: UInt64, byteCount: Int) {
        guard !isCounting else {
            counted += byteCount
            return
        }
        for shift in stride(from: 8 * (byteCount - 1), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value &>> UInt64(shift)))
        }
    }
}

/// Takes values in wire form from the front of some bytes. Nothing it is given makes it trap.
public struct WireReader: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    public var remaining: Int { bytes.count - position }

    public mutating func uint8() throws(WireError) -> UInt8 { UInt8(truncatingIfNeeded: try integer(byteCount: 1)) }
    public mutating func uint16() throws(WireError) -> UInt16 { UInt16(truncatingIfNeeded: try integer(byteCount: 2)) }
    public mutating func uint32() throws(WireError) -> UInt32 { UInt32(truncatingIfNeeded: try integer(byteCount: 4)) }
    public mutating func uint64() throws(WireError) -> UInt64 { try integer(byteCount: 8) }

    /// What `write(short:)` wrote.
    public mutating func shortUInt64() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = UInt64(try uint8())
            guard shift < 63 || byte <= 1 else { throw .malformed("a number beyond 64 bits") }
            value |= (byte & 0x7F) << shift
            guard byte & 0x80 != 0 else {
                guard byte != 0 || shift == 0 else { throw .malformed("a number with needless bytes") }
                return value
            }
            shift += 7
        }
    }

    public mutating func bool() throws(WireError) -> Bool {
        switch try uint8() {
        case 0: return false
        case 1: return true
        default: throw .malformed("a truth value that is neither 0 nor 1")
        }
    }

    public mutating func bytes32() throws(WireError) -> Bytes32 {
        Bytes32(try uint64(), try uint64(), try uint64(), try uint64())
    }

    public mutating func nodeID() throws(WireError) -> NodeID { NodeID(try bytes32()) }
    public mutating func fileID() throws(WireError) -> FileID { FileID(try bytes32()) }
    public mutating func shortID() throws(WireError) -> ShortID { ShortID(try uint64()) }
    public mutating func signature() throws(WireError) -> Signature {
        Signature(first: try bytes32(), second: try bytes32())
    }

    /// A count that is not negative.
    public mutating func byteCount() throws(WireError) -> ByteCount {
        let value = try uint64()
        guard value <= UInt64(Int64.max) else { throw .malformed("a negative number of bytes") }
        return ByteCount(Int64(value))
    }

    /// A time from 1970 to `WallTime.latest`.
    public mutating func wallTime() throws(WireError) -> WallTime {
        let value = try uint64()
        guard value <= UInt64(WallTime.latest.milliseconds) else { throw .malformed("a time beyond the year 9999") }
        return WallTime(milliseconds: Int64(value))
    }

    public mutating func value<Value: WireCodable>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        try Value(from: &self)
    }

    public mutating func optional<Value: WireCodable>(_ type: Value.Type = Value.self) throws(WireError) -> Value? {
        try bool() ? try Value(from: &self) : nil
    }

    /// Exactly `count` bytes as they are.
    public mutating func raw(count: Int) throws(WireError) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// What `write(counted:)` wrote.
    public mutating func counted(limit: Int, what: String) throws(WireError) -> [UInt8] {
        let count = Int(try uint16())
        guard count <= limit else { throw .tooLong(what: what, count: count, limit: limit) }
        return try raw(count: count)
    }

    /// Valid UTF-8 of at most `limit` bytes, all of it printable: texts from outside end up on terminals.
    public mutating func text(limit: Int, what: String) throws(WireError) -> String {
        let bytes = try counted(limit: limit, what: what)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("\(what) that is not UTF-8") }
        guard text.isPrintable else { throw .malformed("\(what) with control characters") }
        return text
    }

    /// What `write(list:)` wrote, of at most `limit` elements.
    public mutating func list<Element: WireCodable>(
        of type: Element.Type = Element.self, limit: Int, what: String
    ) throws(WireError) -> [Element] {
        let count = Int(try uint32())
        guard count <= limit else { throw .tooLong(what: what, count: count, limit: limit) }
        // Memory follows the bytes that are there, not the count that a peer claims.
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try Element(from: &self)) }
        return elements
    }

    /// Everything was read.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailingBytes(remaining) }
    }

    private mutating func integer(byteCount: Int) throws(WireError) -> UInt64 {
        guard remaining >= byteCount else { throw .truncated }
        var value: UInt64 = 0
        for byte in bytes[position..<position + byteCount] { value = value &<< 8 | UInt64(byte) }
        position += byteCount
        return value
    }
}
