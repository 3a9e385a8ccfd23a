/// The limits of the public door.
public struct EdgeSettings: Sendable {
    // MARK: Connections

    /// Connections at the same time. One more takes the place of who has been idle longest; when all are served, it is
    /// closed without a word. A guess: ten thousand cost 30 MB.
    public var connectionLimit = 8192
    /// Of these, kept for members, so that no number of strangers shuts them out; a quarter at most. A network of ten
    /// thousand has six neighbours each, and a few that copy.
    public var memberReserve = 256
    /// Connections of one prefix (/24, /48): an office, a village behind one address, or somebody with a script; past
    /// these, its own idle ones make place. What trusted proxies bring is counted by request.
    public var prefixConnectionLimit = 512
    /// Connections on which one member has signed something: its copies, questions and introductions at once.
    public var memberConnectionLimit = 64
    /// How many idle connections are closed when descriptors or memory run out: as many as are accepted in one go.
    public var shedding = 64
    /// Descriptors this process may have open, beside connections: database, log, the peers it copies from.
    public static let descriptorsElsewhere = 256

    // MARK: Time

    /// A connection between two requests, or within the head of one, is closed after this; nginx's default is 75 s.
    public var idleLimit: Duration = .seconds(30)
    /// A peer's body has to come whole within this: 256 KiB at 35 kbit/s.
    public var bodyTimeLimit: Duration = .seconds(60)
    /// Who takes a response more slowly than `leastPace` over this long is let go.
    public var stallLimit: Duration = .seconds(60)
    /// Bytes a second.
    public var leastPace = 16 << 10
    /// The node behind the door has to answer within this.
    public var answerLimit: Duration = .seconds(30)
    /// After the last response, the client has this long to close its end: closing at once could reset the connection
    /// under bytes it has not read yet.
    public var lingerLimit: Duration = .seconds(2)

    // MARK: Requests

    /// Downloads of one prefix under way at the same time, told to come back beyond it. A guess.
    public var prefixRequestLimit = 256
    /// No prefix is served more in a day than DESIGN's "Fairness" says.
    public var limitsPortions = true
    /// Peers' bodies held at the same time; one more is told to come back.
    public var bodyLimit = 64
    /// Of these, of one member: one that never ends its requests keeps nobody else waiting.
    public var memberBodyLimit = 16
    /// The same for strangers who ask to be let in, so that they cannot take the members' places …
    public var knockLimit = 16
    /// … nor hold theirs for long: 4 KiB at 8 kbit/s.
    public var knockTimeLimit: Duration = .seconds(5)
    /// Files that are looked for within `lookUpPause`; one more is told to come back. Each costs signed requests to the
    /// trackers, measured at 2 KB: at most 13 a second, so that a flood takes neither the processor nor the overlay's
    /// share.
    public var lookUpLimit = 64
    /// Of these, for one prefix: a page with a few links, not somebody who tries addresses.
    public var prefixLookUpLimit = 8
    /// How long a look-up counts, answered or not.
    public var lookUpPause: Duration = .seconds(5)
    public var trustedProxies = TrustedProxies()

    // MARK: Account

    /// Responses cost what is on the wire: also the headers of packets, and those that are sent again. Otherwise, their
    /// own bytes.
    public var countsFrames = false

    public init() {}

    /// As many connections as so many descriptors allow, at most `connectionLimit`: each may be serving a file.
    public mutating func fit(descriptors: Int) {
        connectionLimit = max(16, min(connectionLimit, (descriptors - Self.descriptorsElsewhere) / 2))
    }
}
