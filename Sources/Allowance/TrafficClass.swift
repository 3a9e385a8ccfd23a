public import Primitives

/// What bytes are sent for. Each class has its own share of the allowance, so that none can starve another.
public enum TrafficClass: UInt8, CaseIterable, Sendable, Hashable {
    /// File bytes to clients.
    case serving
    /// File bytes to other nodes that become holders.
    case replication
    /// Datagrams and calls between nodes.
    case overlay
    /// Redirects, errors and other small answers to clients.
    case answers
}

/// A number of bytes for each traffic class.
public struct ClassTotals: Hashable, Sendable {
    public var serving: ByteCount
    public var replication: ByteCount
    public var overlay: ByteCount
    public var answers: ByteCount

    public static let zero = ClassTotals()

    public init(
        serving: ByteCount = .zero, replication: ByteCount = .zero, overlay: ByteCount = .zero,
        answers: ByteCount = .zero
    ) {
        self.serving = serving
        self.replication = replication
        self.overlay = overlay
        self.answers = answers
    }

    public subscript(_ kind: TrafficClass) -> ByteCount {
        get {
            switch kind {
            case .serving: serving
            case .replication: replication
            case .overlay: overlay
            case .answers: answers
            }
        }
        set {
            switch kind {
            case .serving: serving = newValue
            case .replication: replication = newValue
            case .overlay: overlay = newValue
            case .answers: answers = newValue
            }
        }
    }

    public var sum: ByteCount { serving + replication + overlay + answers }

    public static func + (left: Self, right: Self) -> Self { left.combined(with: right, by: +) }
    public static func - (left: Self, right: Self) -> Self { left.combined(with: right, by: -) }

    /// Class by class, the larger of the two.
    public func max(_ other: Self) -> Self { combined(with: other, by: Swift.max) }

    private func combined(with other: Self, by combine: (ByteCount, ByteCount) -> ByteCount) -> Self {
        ClassTotals(
            serving: combine(serving, other.serving), replication: combine(replication, other.replication),
            overlay: combine(overlay, other.overlay), answers: combine(answers, other.answers))
    }
}
