public import Primitives

/// What the catalogue needs to know of a member, this node itself included.
public struct MemberFacts: Equatable, Sendable {
    public let id: NodeID
    /// Not known to be dead or to have left; a suspect is alive.
    public var isAlive: Bool
    public var place: Place?
    /// Network share left in this period.
    public var remaining: ByteCount
    public var freeDisk: ByteCount
    /// Since when it has been up without a break, as far as this node knows; a later one: it may have forgotten what it
    /// was told.
    public var since: Instant
    /// It was asked again and again to prove that its URL is its own, and has not: nobody is sent to it.
    public var isUnproven: Bool

    public init(
        id: NodeID, isAlive: Bool, place: Place?, remaining: ByteCount, freeDisk: ByteCount, since: Instant,
        isUnproven: Bool = false
    ) {
        self.id = id
        self.isAlive = isAlive
        self.place = place
        self.remaining = remaining
        self.freeDisk = freeDisk
        self.since = since
        self.isUnproven = isUnproven
    }
}
