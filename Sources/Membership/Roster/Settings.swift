public import Primitives

extension Roster {
    /// Every knob of membership, with where its default comes from.
    public struct Settings: Equatable, Sendable {
        /// How often this node exchanges pulses with each neighbour; nothing where the controller decides.
        public var pulse: Duration?
        /// Members in the active view (DESIGN, *Views*): a third of them near, a third elsewhere.
        public var viewLimit = 6
        /// Members that chose this node and are pulsed in turn; on average as many as it chooses.
        public var guestLimit = 32
        /// Members looked at when one, or a sample, is drawn.
        public var drawings = 16
        /// Whether the view still has the nearest is looked at so often.
        public var reviewSpacing: Duration = .seconds(3_600)
        /// Who is in the view counts as so much nearer, lest it change with every breath of the net.
        public var loyalty = 0.8
        /// Members known at most, this node not counted (DESIGN, *Views*).
        public var memberLimit = 10_000
        /// Verdicts that make a member dead (DESIGN, *Liveness*); of all others present, when they are fewer.
        public var quorum = 3
        /// Verdicts kept for one member: some may be of a version that nobody else knows.
        public var verdictLimit = 8

        /// Pulses sent again before helpers are asked. At 20 % loss each way, three fail together in 5 % of exchanges.
        public var retries = 2
        /// Members asked to probe a silent one (SWIM, section 4.1, uses 3 of thousands; two leave enough for a network
        /// of four).
        public var helpers = 2
        /// Unanswered datagrams to a member, its helpers' not counted, before this node's verdict.
        public var verdictProbes = 6
        /// Time without an answer before this node's verdict, in hundredths of the edge's interval. With the interval
        /// and its jitter before it, a death is known within three intervals.
        public var verdictPercent = 175
        /// So many times as long for who was never heard in this run: where many join at once, their cards take as long
        /// to reach all.
        public var strangerPatience = 4
        /// For this part of an interval, suspicions are answered and nothing more: four or so, one of which mostly gets
        /// through. There are a dozen before a verdict, or three where an interval is hardly longer than a round trip.
        public var answerDivisor = 2
        /// After so long, a suspicion does not go on, but begins anew: two of the longest intervals.
        public var suspicionPause: Duration = .seconds(1_200)
        /// Wait for a reply where no round trip is known: this part of the interval, at most `longestGuess`.
        public var guessDivisor = 5
        public var longestGuess: Duration = .seconds(1)
        /// Wait for a reply otherwise: twice the round trip and this, for a machine that is busy.
        public var grace: Duration = .milliseconds(50)
        /// No wait for a reply is shorter: schedulers on small machines stall this long.
        public var shortestWait: Duration = .milliseconds(100)
        /// A deadline handled this much late shows that this node itself stood still.
        public var ownPause: Duration = .milliseconds(250)
        /// Urgent news go out this far apart, so that a burst goes together.
        public var urgentSpacing: Duration = .milliseconds(50)

        /// News are told word for word so often; on the other edges they are mentioned, and sent to who lacks them. Told
        /// twice by each who learns it, an epidemic reaches four of five; the rest ask.
        public var tellings = 2
        /// Datagrams of digests sent at a time where tables differ.
        public var rowsAtOnce = 8

        /// News older than this should be everywhere, and are compared (DESIGN, *Pulse*).
        public var quietAge: Duration = .seconds(600)
        /// Mismatches in a row before buckets are compared.
        public var mismatches = 3
        /// Intervals between two comparisons of buckets on one edge: a kilobyte each.
        public var bucketSpacing = 10

        /// A status is renewed at this age, so that a member's last word tells about when it was last there.
        public var statusAge: Duration = .seconds(7 * 86_400)
        /// A status is renewed at this age, if the node's coordinate has moved since by more than a fifth of the round
        /// trips it measures: round trips that others foretell with it are then wrong by about as much. At most so often
        /// a day, where much is lost and somebody always moves …
        public var movedAge: Duration = .seconds(3 * 3_600)
        /// … but after a start at this age, and twice as late each time, while coordinates are learnt.
        public var firstMovedAge: Duration = .seconds(600)
        /// Between probes of a random member beyond the view, for the coordinate: neighbours alone may be all alike
        /// (DESIGN, *Coordinates*).
        public var farSpacing: Duration = .seconds(3600)
        /// The same for the first few, which fill the window of neighbours twice: they cost 26 kB, once.
        public var firstFarSpacing: Duration = .seconds(60)
        public var firstFarCount = 64
        /// Dead members are remembered this long, so that the two halves of a partition know each other again.
        public var deadKept: Duration = .seconds(30 * 86_400)
        /// Intervals between two probes of a random dead member …
        public var deadProbeSpacing = 10
        /// … but one, or a minute where that is shorter, where one in so many members is gone: the sides of a partition look
        /// for each other. A probe costs less than a pulse.
        public var partedDivisor = 8

        /// Probes made for others at a time; the oldest give way.
        public var errandLimit = 64
        /// Among so many, a newcomer is told to all at once. Where there are more, each would cost everybody as much as a
        /// day of its statuses, and nobody waits for it.
        public var villageLimit = 100
        /// Members asked, one after the other, for their table after a start; and more, as long as nobody was heard.
        public var introductions = 5
        /// Patience with each.
        public var introductionWait: Duration = .seconds(3)

        // What one member may cause, honest ones far below. What is beyond is not answered, or not passed on at once; a
        // comparison of what is quiet finds it later. In all, the overlay's class of the allowance bounds what is sent.

        /// Answers without news: pulses back to back catch up with a megabyte.
        public func answers(_ pulse: Duration) -> Rate { Rate(burst: 1024, every: pulse / 64) }
        /// Answers to probes, which a member that sends many clients here sends twice a second (`Vigil`), and four times
        /// as many where much is lost.
        public var probes = Rate(burst: 64, every: .milliseconds(125))
        /// Answers with news.
        public func loads(_ pulse: Duration) -> Rate { Rate(burst: 256, every: pulse / 16) }
        /// News by one author that bring exchanges forward, cards of its that are kept, and times that it began anew, or
        /// to suspect this node. One in an interval, after a burst: what it says more often waits for the regular
        /// exchange, which is no farther away.
        public func urgency(_ pulse: Duration) -> Rate { Rate(burst: 32, every: pulse) }
        /// Statuses that this node drafts because it is held dead, or suspected, whoever says so.
        public func refutations(_ pulse: Duration) -> Rate { Rate(burst: 64, every: pulse / 8) }

        public init() {}

        public init(pulse: Duration) {
            self.pulse = pulse
        }
    }
}
