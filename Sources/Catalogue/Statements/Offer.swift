public import Primitives

/// What a tracker asks a member to hold.
public struct Offer: Hashable, Sendable {
    public static let holderLimit = 32
    public static let groupLimit = 64

    public let posting: Posting
    /// Members that have the file, whole ones first.
    public let holders: [NodeID]
    /// The members that are to fetch at the same time, the receiver among them, in ascending order: they divide the
    /// pieces among themselves and pass them on to each other.
    public let group: [NodeID]

    /// What is beyond the limits is left out.
    public init(posting: Posting, holders: [NodeID], group: [NodeID]) {
        self.posting = posting
        self.holders = Array(holders.prefix(Self.holderLimit))
        self.group = Array(group.prefix(Self.groupLimit)).sorted()
    }
}

extension Offer: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(posting)
        writer.write(nodes: holders)
        writer.write(nodes: group)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        posting = try reader.value()
        holders = try reader.nodes(limit: Self.holderLimit, what: "the holders in an offer")
        group = try reader.nodes(limit: Self.groupLimit, what: "the group of an offer")
        guard zip(group, group.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .malformed("an offer's group that is not in ascending order")
        }
    }
}

extension Offer: StatementBearing {
    public var statements: [any Statement] { [posting] }
}

extension WireWriter {
    mutating func write(nodes: [NodeID]) {
        write(UInt32(nodes.count))
        for node in nodes { write(node) }
    }
}

extension WireReader {
    mutating func nodes(limit: Int, what: String) throws(WireError) -> [NodeID] {
        let count = Int(try uint32())
        guard count <= limit else { throw .tooLong(what: what, count: count, limit: limit) }
        var nodes: [NodeID] = []
        for _ in 0..<count { nodes.append(try nodeID()) }
        return nodes
    }
}
