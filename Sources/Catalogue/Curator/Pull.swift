internal import Primitives

/// A file that this node agreed to hold and does not have yet.
struct Pull: Sendable {
    enum Stage: Sendable {
        /// The piece hashes are asked for, in turn from those who have the file.
        case describing
        /// Room is being made on disk.
        case preparing
        case fetching
        /// The whole is being checked.
        case completing
    }

    var stage: Stage
    /// Members that were told of as holders, whole ones.
    var holders: [NodeID]
    var swarm: Swarm?
    let began: Instant
    /// How many holders were asked for the manifest.
    var asked = 0
    var underWay = 0
    /// No manifest is asked for before, and no second holder beside one that is silent.
    var askAt: Instant
    var hedgeAt: Instant
    /// Under whose postings it was offered.
    var publishers: [NodeID] = []
    /// When the next look is arranged for, and when the next save.
    var lookAt: Instant?
    var saveAt: Instant?
    /// Pieces that are durable.
    var saved = 0
    /// No fetches before: the disk failed.
    var restsUntil: Instant
    var searches = 0
    var searchAt: Instant

    init(stage: Stage, holders: [NodeID], swarm: Swarm, at now: Instant) {
        self.stage = stage
        self.holders = holders
        self.swarm = swarm
        began = now
        restsUntil = now
        askAt = now
        hedgeAt = now
        searchAt = now
    }
}

/// Nobody could say what an offered file consists of.
struct Undescribed: Sendable {
    /// In a row.
    var times: Int
    /// Until when the posting is declined.
    var until: Instant
}
