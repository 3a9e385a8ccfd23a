public import Primitives

extension Swarm {
    /// How a file is fetched from many holders. Chosen so that what is under way, 8 × 2–4 MiB from a whole holder,
    /// covers 1 Gbit/s over a round trip of 130–260 ms; several sources together cover more.
    public struct Settings: Equatable, Sendable {
        /// A fetch is a run of at most so many pieces, …
        public var longestRun = 8
        /// … and of about so many bytes, whichever is less; never less than a piece.
        public var runSize = ByteCount.mebibytes(4)
        /// From a peer, at a time.
        public var fetchesPerPeer = 6
        /// From a whole holder, at a time; fewer in a large group.
        public var fetchesPerWhole = 8
        public var fetchesPerFile = 32
        /// Pause between two questions for a group member's pieces: the shortest after there were new ones, growing by
        /// half while there are none.
        public var shortestPoll = Duration.milliseconds(100)
        public var longestPoll = Duration.seconds(1)
        /// When nothing came for longer than `patience`, all peers together are asked about so often in each time that
        /// is as long again (e times, to be exact), each at least once in `longestIdlePoll`: a question and its answer
        /// cost more than a kilobyte.
        public var idlePolls = 24
        public var longestIdlePoll = Duration.seconds(1800)
        /// How long a group member may take to show up with a bitfield before its share is taken over.
        public var joinPatience = Duration.seconds(3)
        /// How long a group member may go without new pieces before its share is taken over; at least `patienceFactor`
        /// times the longest this node itself waited between two pieces, so that a slow origin does not look like a
        /// dead peer.
        public var patience = Duration.seconds(5)
        public var patienceFactor: Int64 = 3
        public var longestPatience = Duration.seconds(120)
        /// Pause after a source failed; doubles up to `longestRest`.
        public var firstRest = Duration.milliseconds(250)
        public var longestRest = Duration.seconds(300)
        /// Sources known of one file. Beyond: not taken.
        public var sources = 64

        public init() {}
    }
}
