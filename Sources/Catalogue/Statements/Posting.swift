public import Primitives

/// Whom a publisher lets hold and serve a file.
public enum Audience: Hashable, Sendable {
    /// Every member of the publisher's network.
    case network
    /// These nodes, in ascending order.
    case named([NodeID])

    public static let namedLimit = 64

    /// Whether the publisher vouches for this node as a holder.
    public func vouches(for node: NodeID) -> Bool {
        switch self {
        case .network: true
        case .named(let nodes): nodes.contains(node)
        }
    }
}

/// A publisher's signed statement that a file is offered. Keyed by file and publisher; of two, the higher sequence
/// counts.
public struct Posting: Statement {
    public static let context = "potluck posting 1"
    public static let nameLimit = 255
    public static let mediaTypeLimit = 127

    public let file: FileID
    public let publisher: NodeID
    public let length: ByteCount
    /// A name without slashes, at most 255 bytes of UTF-8, in any script.
    public let name: String
    public let mediaType: String
    /// The flat digest as the publisher states it; told to others only by holders that verified it.
    public let sha256: Bytes32
    public let audience: Audience
    /// Complete copies wanted beside the publisher's own.
    public let replicas: UInt8
    public let postedAt: WallTime
    public let expires: WallTime?
    public let sequence: UInt64
    public var signature: Signature

    /// A draft when no signature is given. Nothing when a text or a list is beyond its limit, or the name is not one
    /// that a file can have.
    public init?(
        file: FileID, publisher: NodeID, length: ByteCount, name: String, mediaType: String, sha256: Bytes32,
        audience: Audience, replicas: UInt8, postedAt: WallTime, expires: WallTime?, sequence: UInt64,
        signature: Signature = .none
    ) {
        guard length >= .zero, length <= PieceGeometry.lengthLimit, Self.isName(name),
            mediaType.utf8.count <= Self.mediaTypeLimit, mediaType.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        var audience = audience
        if case .named(let nodes) = audience {
            guard nodes.count <= Audience.namedLimit else { return nil }
            let ascending = nodes.sorted()
            audience = .named(ascending.enumerated().filter { $0 == 0 || ascending[$0 - 1] != $1 }.map(\.element))
        }
        self.file = file
        self.publisher = publisher
        self.length = length
        self.name = name
        self.mediaType = mediaType
        self.sha256 = sha256
        self.audience = audience
        self.replicas = replicas
        self.postedAt = postedAt
        self.expires = expires
        self.sequence = sequence
        self.signature = signature
    }

    public var pieceSize: ByteCount { geometry.pieceSize }
    public var geometry: PieceGeometry { PieceGeometry(length: length) }
    public var signer: Signer { .node(publisher) }

    /// What can be the last part of a path: not empty, no slash, printable, not a step up or down.
    public static func isName(_ name: String) -> Bool {
        (1...nameLimit).contains(name.utf8.count) && name != "." && name != ".."
            && !name.utf8.contains(UInt8(ascii: "/")) && name.isPrintable
    }
}

extension Posting {
    public func encodeBody(into writer: inout WireWriter) {
        writer.write(file)
        writer.write(publisher)
        writer.write(length)
        writer.write(name)
        writer.write(mediaType)
        writer.write(sha256)
        writer.write(audience)
        writer.write(replicas)
        writer.write(postedAt)
        writer.write(expires != nil)
        if let expires { writer.write(expires) }
        writer.write(sequence)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let file = try reader.fileID()
        let publisher = try reader.nodeID()
        let length = try reader.byteCount()
        let name = try reader.text(limit: Self.nameLimit, what: "a file's name")
        let mediaType = try reader.text(limit: Self.mediaTypeLimit, what: "a media type")
        let sha256 = try reader.bytes32()
        let audience = try reader.value(Audience.self)
        let replicas = try reader.uint8()
        let postedAt = try reader.wallTime()
        let expires = try reader.bool() ? try reader.wallTime() : nil
        let posting = Posting(
            file: file, publisher: publisher, length: length, name: name, mediaType: mediaType, sha256: sha256,
            audience: audience, replicas: replicas, postedAt: postedAt, expires: expires,
            sequence: try reader.uint64(), signature: try reader.signature())
        guard let posting else { throw .malformed("a posting with a length, name or media type that no file has") }
        self = posting
    }
}

extension Audience: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .network:
            writer.write(0 as UInt8)
        case .named(let nodes):
            writer.write(1 as UInt8)
            writer.write(nodes: nodes)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 0:
            self = .network
        case 1:
            let nodes = try reader.nodes(limit: Self.namedLimit, what: "the nodes a file is for")
            guard zip(nodes, nodes.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw .malformed("an audience that is not in ascending order")
            }
            self = .named(nodes)
        default:
            throw .malformed("an audience of an unknown kind")
        }
    }
}
