public import Primitives

/// Another process that speaks with this node's key: a copy of its data directory, most likely.
public struct Twin: Equatable, Sendable {
    /// Where it says that it is reached; nothing where only its statuses were heard.
    public internal(set) var url: String?
    public internal(set) var heardAt: Instant
}

/// Signs of a twin: statements with this node's signature that are newer than anything it has ever said.
///
/// One status may be from a life that this node does not remember, since a status is told before it is durable. Whoever
/// hears one says something newer, so that a second is from somebody who answers; a third leaves no doubt. A card is
/// kept on disk before it is shown.
struct TwinWatch: Equatable, Sendable {
    static let statusLimit = 3

    private(set) var twin: Twin?
    private var statuses = 0
    /// The newest of them.
    private var newest: UInt64 = 0

    mutating func heard(_ card: Card, at now: Instant) {
        twin = Twin(url: card.url, heardAt: now)
    }

    mutating func heard(_ status: Status, at now: Instant) {
        guard status.version > newest else { return }
        newest = status.version
        statuses = min(statuses + 1, Self.statusLimit)
        if statuses == Self.statusLimit { twin = Twin(url: twin?.url, heardAt: now) }
    }
}
