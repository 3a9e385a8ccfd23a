/// The limits of the public door.
public struct EdgeSettings: Sendable {
    /// Connections at the same time, and what happens with one more: it is closed at once, without a word. A guess;
    /// below the usual limit of file descriptors with room for files.
    public var connectionLimit = 8192
    /// A connection between two requests, or within the head of one, is closed after this; nginx's default is 75 s.
    public var idleLimit: Duration = .seconds(30)
    /// A peer's body has to come whole within this: 4 MiB at half a megabit a second.
    public var bodyTimeLimit: Duration = .seconds(60)
    /// A slice of a response has to leave within this: 1 MiB at 8 KiB/s.
    public var stallLimit: Duration = .seconds(120)
    /// The node behind the door has to answer within this.
    public var answerLimit: Duration = .seconds(30)
    /// After the last response, the client has this long to close its end: closing at once could reset the connection
    /// under bytes it has not read yet.
    public var lingerLimit: Duration = .seconds(2)
    /// Peers' bodies held at the same time; one more is told to come back.
    public var bodyLimit = 64
    /// The same for strangers who ask to be let in, so that they cannot take the members' places …
    public var knockLimit = 16
    /// … nor hold theirs for long: 4 KiB at 8 kbit/s.
    public var knockTimeLimit: Duration = .seconds(5)
    /// Files that are being looked up at the same time; one more is told to come back.
    public var resolveLimit = 256
    public var trustedProxies = TrustedProxies()

    public init() {}
}
