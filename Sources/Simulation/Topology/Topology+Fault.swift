extension Topology {
    /// Something that goes wrong at a moment, for a time.
    public struct Fault: Equatable, Sendable {
        public var kind: Kind
        /// Whom it befalls. Of a partition, those of one side; the others are the other.
        public var who: Who
        public var at: Duration
        /// Until it is over; nothing where it lasts to the end. Of a crash, how long the node stays away.
        public var duration: Duration?
        /// It happens again and again, this long after it last began; whom it befalls is drawn anew.
        public var every: Duration?

        public init(
            _ kind: Kind, who: Who = .everybody, at: Duration, for duration: Duration? = nil, every: Duration? = nil
        ) {
            self.kind = kind
            self.who = who
            self.at = at
            self.duration = duration
            self.every = every
        }
    }

    public enum Kind: Equatable, Sendable {
        /// The process dies between two actions, and begins again with what is on its disk.
        case crash
        /// The process stands still, and finds everything that came meanwhile afterwards.
        case pause
        /// These and the others do not reach each other; where it is one-way, these are still heard.
        case partition(oneWay: Bool)
        /// These groups do not reach one another, nor those in none of them.
        case split([[Int]])
        /// Of what they send and what is sent to them, this part is lost beside what is lost anyway.
        case loss(Double)
        /// What they send and what is sent to them takes so much longer.
        case delay(Duration)
        /// Transactions take so many times as long.
        case slowDisk(factor: Int)
        /// There is room for nothing.
        case fullDisk
        /// A crash in this time takes the power too: each of the pieces that are being written may be torn, and is lost
        /// then. What was said to be durable stays; the last transaction is whole or absent, as in every crash.
        case tornWrites
        /// The wall clock is moved so far: forwards, or backwards where it is negative. When it is over it is set right.
        case clockJump(Duration)
        /// Members turn from what they are to this.
        case lie(Honesty)
    }

    /// A choice of nodes.
    public enum Who: Equatable, Sendable {
        case everybody
        /// Positions in `nodes`, each once, in order.
        case nodes([Int])
        /// So many of these positions, drawn when it happens.
        case drawn(Int, of: [Int])
    }
}
