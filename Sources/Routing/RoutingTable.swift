public import Primitives

/// IPv4, IPv6 or both: what a node can be reached over, or a client came over.
public struct AddressFamilies: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let v4 = AddressFamilies(rawValue: 1)
    public static let v6 = AddressFamilies(rawValue: 2)

    /// The family of one address.
    public init(_ address: IPAddress) {
        switch address {
        case .v4: self = .v4
        case .v6: self = .v6
        }
    }
}

/// What routing knows of a node, this one included.
public struct RoutingNode: Equatable, Sendable {
    public let id: NodeID
    /// Where clients are sent, without a trailing slash: `"http://192.0.2.1:8080"`.
    public let url: String
    public let place: Place?
    /// Where its newest status says that it stands among the others.
    public let coordinate: Coordinate?
    /// What the node's newest status says it can still serve: in quarter powers of two, rounded down, or exact.
    public let remaining: ByteCount
    /// What `remaining` was when the period began: the node's ceiling for serving, not its whole share.
    public let share: ByteCount
    /// The load class of its newest status: 0 (idle) to 7.
    public let load: UInt8
    public let isAlive: Bool
    /// Clients are sent to others for now: it answers none of this node's probes.
    public let isPassedOver: Bool
    /// The node itself has answered at `url`: clients may be sent there.
    public let isProven: Bool
    public let families: AddressFamilies
    /// The version of the status that `remaining` and `load` are from.
    public let statusVersion: UInt64

    public init(
        id: NodeID, url: String, place: Place?, coordinate: Coordinate? = nil, remaining: ByteCount, share: ByteCount,
        load: UInt8, isAlive: Bool, isPassedOver: Bool = false, isProven: Bool = true, families: AddressFamilies,
        statusVersion: UInt64
    ) {
        self.id = id
        self.url = url
        self.place = place
        self.coordinate = coordinate
        self.remaining = remaining
        self.share = share
        self.load = load
        self.isAlive = isAlive
        self.isPassedOver = isPassedOver
        self.isProven = isProven
        self.families = families
        self.statusVersion = statusVersion
    }
}

/// A node that has said it holds a file, or is filling.
public struct RoutingHolder: Equatable, Sendable {
    public let id: NodeID
    public let isComplete: Bool

    public init(id: NodeID, isComplete: Bool) {
        self.id = id
        self.isComplete = isComplete
    }
}

/// What routing knows of a file.
public struct RoutingFile: Equatable, Sendable {
    public let id: FileID
    public let length: ByteCount
    public let name: String
    public let mediaType: String
    public let publisher: NodeID
    public let vouched: Vouched
    /// Other nodes; an entry for this one is ignored in favour of `own`.
    public let holders: [RoutingHolder]
    public let own: OwnCopy
    /// The flat digest, where it was verified here.
    public let sha256: Bytes32?

    /// Whom the publisher lets serve the file to plain browsers; itself always.
    public enum Vouched: Equatable, Sendable {
        case network
        case named([NodeID])
    }

    /// What this node has of the file.
    public enum OwnCopy: Equatable, Sendable {
        case none
        /// `has` are the byte ranges that are here and verified: ascending, apart from one another.
        case filling(pieceSize: ByteCount, has: [Range<Int64>])
        case complete
    }

    public init(
        id: FileID, length: ByteCount, name: String, mediaType: String, publisher: NodeID, vouched: Vouched,
        holders: [RoutingHolder], own: OwnCopy, sha256: Bytes32?
    ) {
        self.id = id
        self.length = length
        self.name = name
        self.mediaType = mediaType
        self.publisher = publisher
        self.vouched = vouched
        self.holders = holders
        self.own = own
        self.sha256 = sha256
    }

    func isVouched(_ node: NodeID) -> Bool {
        switch vouched {
        case .network: true
        case .named(let nodes): node == publisher || nodes.contains(node)
        }
    }
}

extension RoutingFile.OwnCopy {
    /// Whether every byte of the range is here. No bytes are here as soon as anything is.
    func covers(_ range: Range<Int64>) -> Bool {
        switch self {
        case .none: return false
        case .complete: return true
        case .filling(_, let has):
            if range.isEmpty { return true }
            var low = 0
            var high = has.count
            while low < high {
                let middle = (low + high) / 2
                if has[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
            }
            return low < has.count && has[low].lowerBound <= range.lowerBound
                && range.upperBound <= has[low].upperBound
        }
    }
}

/// A fact for the table, as the driver publishes it.
public enum RoutingChange: Equatable, Sendable {
    /// A node is new, or something about it changed; this node too.
    case node(RoutingNode)
    case nodeGone(NodeID)
    case file(RoutingFile)
    /// A file was offered, and is no more.
    case fileEnded(FileID, Absence)
    /// Nothing is known of a file any more.
    case fileGone(FileID)
}

/// Why a file that was offered is not any more: clients that ask for it are told that it is gone.
public enum Absence: Hashable, Sendable {
    case withdrawn
    case expired
    /// By this node's operator.
    case denied
}
