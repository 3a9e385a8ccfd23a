public import Primitives

extension Curator {
    /// Every knob of the catalogue. Times are a node's own; no two nodes need to agree on them.
    public struct Settings: Equatable, Sendable {
        // Announcing and looking up.

        /// A question without an answer for so long has failed. The shell's own time-outs come earlier; a guess.
        public var callPatience = Duration.seconds(30)
        /// When the first tracker asked is silent for so long, the next is asked too: about one slow round trip.
        public var hedgeDelay = Duration.milliseconds(300)
        /// How long a look-up is believed: holders of a settled file rarely change, and routing knows who is dead.
        public var settledLifetime = Duration.seconds(300)
        /// The same while replicas are missing or filling.
        public var unsettledLifetime = Duration.seconds(5)
        /// How long "no such file" is believed: short, so that a link works soon after it was posted. It doubles with
        /// each time that the file was asked for again and is still unknown, up to `longestNegativeLifetime`.
        public var negativeLifetime = Duration.seconds(5)
        public var longestNegativeLifetime = Duration.seconds(300)
        /// So many look-ups may find nothing at once, and one more in each interval; then clients that ask for files
        /// not known here are told to come back. A look-up that finds something costs nothing of it. Asking three
        /// trackers sends about 3.5 kB, asking one (when fewer than half of the burst are left) 1.2 kB: a lasting flood
        /// costs 10 MB a day, after a burst of 0.9 MB.
        public var unknowns = Rate(burst: 256, every: .seconds(10))
        /// When as many look-ups are under way as may be: how long until asking again pays. Most end within a round
        /// trip.
        public var lookUpPause = Duration.seconds(2)
        /// Everything held is announced again so often, for trackers that forgot: 150 bytes a file, 0.05 MB a month
        /// each.
        public var refresh = Duration.seconds(6 * 3600)
        /// First pause after a failed call; doubles up to `longestPause`.
        public var firstPause = Duration.milliseconds(500)
        public var longestPause = Duration.seconds(60)
        /// … or, where a tracker cannot be told, up to this: it may have nothing left to answer with.
        public var longestDelivery = Duration.seconds(600)

        /// How many rounds in a row some tracker may be silent before a file that is remembered as withdrawn is told to
        /// be gone by what the others say: a tracker that restarts answers sooner; a guess.
        public var doubts = 3
        /// A publisher that says something else of a file again and again is passed on to its holders this often.
        public var relayPause = Duration.seconds(10)

        // Placing replicas.

        /// A posting younger than this, and than the tracker's run, is new: its replicas are placed at once.
        public var novelty = Duration.seconds(60)
        /// How long a tracker waits for holders to announce themselves when it hears of an older file.
        public var settling = Duration.seconds(10)
        /// How long a dead holder may take to return before it is replaced: a restart should not cost a copy.
        public var repairDelay = Duration.seconds(15)
        /// How long an accepted offer may take to become an announcement.
        public var acceptancePatience = Duration.seconds(30)
        /// The same for an offer that nobody answered in time: the announcement may have to be sent three times, each
        /// after a time-out and a pause.
        public var lostAnswerPatience = Duration.seconds(10)
        /// A replica that fills counts for so long, and a second for each `slowestFill` bytes of the file; then it is
        /// stuck.
        public var fillPatience = Duration.seconds(600)
        public var slowestFill = ByteCount.kibibytes(64)
        /// How long a member that declined is not asked again, and one that did not answer.
        public var declinedRest = Duration.seconds(600)
        public var unansweredRest = Duration.seconds(60)
        /// How long a member that holds enough for a publisher is offered no file of it that is as long as the one it
        /// declined. Where a thousand members are full, asking each costs 1.2 MB; this makes it 5 MB a day, however many
        /// files want replicas.
        public var satedRest = Duration.seconds(6 * 3600)
        /// The same for one that was not even asked: it may prove its address, or this node have time for it, any
        /// moment. Half as long as nobody was asked, up to `declinedRest`.
        public var untriedRest = Duration.seconds(5)
        /// Pause between two tries to place a file for which there were too few candidates; an eighth of the time that
        /// has been so, up to `longestPause`.
        public var shortagePause = Duration.seconds(5)
        /// How long a tracker that is not the first watches a shortage before it tells the first what it knows.
        public var nudgeDelay = Duration.seconds(15)
        public var nudgePause = Duration.seconds(600)
        /// How long a tracker that is none any more goes on knowing: until everybody sees the members alike.
        public var retirement = Duration.seconds(10)
        /// Replicas farther apart than this are in different regions: about the width of a continent.
        public var regionKilometres = 4000
        /// How long holders of a withdrawn file may take to say that they gave it up, before they are told again.
        public var recallPause = Duration.seconds(60)
        /// When postings of a file contradict each other: how long between two holders that are asked for a proof.
        public var proofPause = Duration.seconds(10)

        // What ends.

        /// How long a tracker goes on saying that a file has expired.
        public var endedLifetime = Duration.seconds(3600)
        /// Ends within this time are waited for; those farther away come with the next reading of the clock.
        public var calendarReach = Duration.seconds(60)
        /// How long a count of who has how much of a full table of files is good for: it goes through all of it.
        public var crowdLifetime = Duration.seconds(1)
        /// Pause between two looks at the calendar, however the ends are strewn.
        public var calendarPause = Duration.seconds(1)
        /// Longest pause before trackers that do not answer are asked again whether a file is still offered.
        public var longestConfirmationPause = Duration.seconds(5)
        /// When trackers that are alive do not say for so long whether a file is still offered, although each was asked
        /// so often, it is served. Long enough for a tracker to restart or to get back on its feet; a guess.
        public var confirmationPatience = Duration.seconds(600)
        public var confirmationTries = 3
        /// How often a node that leaves looks whether others hold its files.
        public var leavingPause = Duration.milliseconds(200)
        /// At so many of them each time: with ten thousand members a look at one may take as many comparisons.
        public var leavingLooks = 64
        /// How long it waits for its trackers to take note of its going.
        public var goodbyePatience = Duration.seconds(3)

        // Pulling.

        public var swarm = Swarm.Settings()
        /// Verified pieces become durable at least this often; a crash costs the rest.
        public var saveInterval = Duration.seconds(1)
        /// Pause before holders of a file without a usable source are looked up again; doubles up to `longestSearch`.
        public var firstSearch = Duration.seconds(2)
        public var longestSearch = Duration.seconds(300)
        /// How long the manifest of an accepted file is asked for before it is given up.
        public var manifestPatience = Duration.seconds(60)
        /// Pause before the same posting is agreed to again; doubles up to `declinedRest`.
        public var undescribedRest = Duration.seconds(60)
        /// When a holder is silent for so long, the next is asked for the manifest too, or the same again: far above a
        /// round trip, and often enough within the patience.
        public var manifestHedge = Duration.seconds(5)
        /// Pause after this node could not write a piece.
        public var diskPause = Duration.seconds(10)

        public init() {}
    }

    /// The bounds of all tables, and what happens at each.
    public struct Limits: Equatable, Sendable {
        /// Files known in all: held, tracked, looked up. Beyond: looked-up ones are forgotten, then tracked ones of the
        /// publisher that has most, for who has fewer; else announcements and offers are declined as busy. This node's
        /// own postings always find room.
        public var files = 20_000
        /// Of these, looked up only. Beyond: the one that expires first is forgotten.
        public var cached = 4096
        /// Files known not to exist. Beyond: the oldest is forgotten.
        public var negatives = 4096
        /// Look-ups under way. Beyond: whoever wants another file is told to come back.
        public var lookUps = 64
        /// Postings of one file, by different publishers. Beyond: not taken, unless one has expired, or it is this
        /// node's own, or that of a holder while another's publisher is none.
        public var postings = 8
        /// Holders known of one file. Beyond: not taken, unless another is gone or dead.
        public var holders = 256
        /// Files being fetched or about to be. Beyond: offers are declined as busy.
        public var pulls = 256
        /// Questions for a file's manifest under way, where holders are silent. Beyond: the first must fail before.
        public var manifestQuestions = 3
        /// Fetches under way, over all files. Beyond: files wait in the order they were accepted.
        public var fetches = 64
        /// Holders of a file that its first tracker keeps informed of each other. Beyond: they look it up like
        /// everyone.
        public var relays = 32
        /// Files in one announcement.
        public var announced = 64
        /// Withdrawals remembered. Beyond: of the publisher with most the oldest is forgotten, of this node itself
        /// last.
        public var withdrawals = 10_000
        /// Of one publisher, other than this node. Beyond: its oldest is forgotten.
        public var withdrawalsPerPublisher = 1000
        /// Of one file. Beyond: not taken, unless it is this node's own or by somebody whose posting is known here:
        /// then it displaces one that is not, else the one needed for the shortest time, never this node's own.
        public var withdrawalsPerFile = 16
        /// Files and publishers denied. Beyond: not taken.
        public var denials = 10_000
        /// Members to which a file is being offered under one posting while others contradict that one.
        public var contestedOffers = 3
        /// Publishers remembered that have their share of the disk. Beyond: the oldest is forgotten, and may be told of
        /// anew.
        public var greedy = 256
        /// Members remembered that hold enough for a publisher. Beyond: who declined longest ago is forgotten.
        public var sated = 4096
        /// Publishers' lies remembered. Beyond: the oldest is forgotten.
        public var refused = 1024
        /// Postings remembered whose files nobody could describe. Beyond: the oldest is forgotten.
        public var undescribed = 1024
        /// Members remembered that were caught lying. Beyond: who was caught longest ago is forgotten.
        public var caught = 256
        /// How often a member may be caught before what it says it holds counts for nothing: a disk may change a bit
        /// now and then, which is no lie.
        public var misdeeds = 3
        /// How often damaged content is fetched anew before the holding is given up.
        public var damages = 3

        public init() {}
    }
}
