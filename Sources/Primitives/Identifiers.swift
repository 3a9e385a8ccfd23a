/// Who a node is: its Ed25519 public key (RFC 8032).
public struct NodeID: Hashable, Comparable, Sendable {
    public let bytes: Bytes32

    public init(_ bytes: Bytes32) {
        self.bytes = bytes
    }

    /// The first eight bytes: what statuses and rendezvous hashing name a node by.
    public var short: ShortID { ShortID(bytes.words.0) }

    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}

/// The first eight bytes of a `NodeID`, for messages where 32 would cost too much.
public struct ShortID: Hashable, Comparable, Sendable {
    public let word: UInt64

    public init(_ word: UInt64) {
        self.word = word
    }

    public static func < (left: Self, right: Self) -> Bool { left.word < right.word }
}

/// What a file is: SHA-256 over its length (8 bytes, big-endian) and its BEP 52 pieces root.
public struct FileID: Hashable, Comparable, Sendable {
    public let bytes: Bytes32

    public init(_ bytes: Bytes32) {
        self.bytes = bytes
    }

    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}

extension NodeID: LosslessStringConvertible {
    /// 52 characters of base32.
    public var description: String { Base32.encode(bytes.array) }

    public init?(_ description: String) {
        guard let bytes = Base32.decode(description).flatMap({ Bytes32($0) }) else { return nil }
        self.init(bytes)
    }
}

extension FileID: LosslessStringConvertible {
    /// 52 characters of base32.
    public var description: String { Base32.encode(bytes.array) }

    public init?(_ description: String) {
        guard let bytes = Base32.decode(description).flatMap({ Bytes32($0) }) else { return nil }
        self.init(bytes)
    }
}

extension ShortID: CustomStringConvertible {
    /// The first 12 characters of the `NodeID` it shortens: enough to tell members apart in a log.
    public var description: String {
        String(Base32.encode(Bytes32(word, 0, 0, 0).array).prefix(12))
    }
}

/// An Ed25519 signature (RFC 8032): 64 bytes.
public struct Signature: Hashable, Sendable {
    public let first: Bytes32
    public let second: Bytes32

    public static let byteCount = 64
    /// What worlds without cryptography sign with.
    public static let none = Signature(first: .zero, second: .zero)

    public init(first: Bytes32, second: Bytes32) {
        self.first = first
        self.second = second
    }

    /// Nothing unless exactly 64 bytes are given.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount,
            let first = Bytes32(bytes.prefix(Bytes32.byteCount)),
            let second = Bytes32(bytes.dropFirst(Bytes32.byteCount))
        else { return nil }
        self.init(first: first, second: second)
    }

    public var array: [UInt8] { first.array + second.array }
}
