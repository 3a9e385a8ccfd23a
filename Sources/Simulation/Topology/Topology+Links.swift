public import Primitives

extension Topology {
    /// What the ways between nodes are like, in each direction.
    public struct Links: Equatable, Sendable {
        public var delay = Delay.geography
        /// What is added to each delay: exponentially distributed, with this mean.
        public var jitter: Duration = .zero
        /// Of datagrams, questions, answers and transfers, the part that does not get through: 0 to 1.
        public var loss = 0.0
        /// Of datagrams, the part that arrives twice.
        public var duplication = 0.0
        /// Of datagrams, the part that others overtake: it takes up to twice as long.
        public var reordering = 0.0
        /// Bytes a second that one transfer gets through one way at most; nothing where only uplinks bound it.
        public var capacity: ByteCount?

        public init() {}
    }

    /// How long a datagram takes without jitter.
    public enum Delay: Equatable, Sendable {
        /// From the distance: light in fibre takes detours, and every machine has its last mile.
        case geography
        /// Half of the measured round trip between the hosts that nodes stand for.
        case matrix(Matrix)
        /// Wherever they are: any two have one of their own within this.
        case drawn(ClosedRange<Duration>)
    }
}
