internal import Catalogue
internal import Primitives
internal import Routing

struct ClientID: Hashable {
    let number: Int
}

/// Somebody with a plain browser, who asks one node for a file and goes where it is sent.
struct VirtualClient {
    enum Outcome: Equatable {
        case served(by: NodeID)
        case notFound
        /// 503: whether there is such a file is not known yet.
        case postponed(Duration)
        /// 410.
        case gone(Absence)
        /// 503: come back later.
        case unavailable(Shortage)
        /// The bytes were not the file's.
        case spoilt(by: NodeID)
        /// No connection, or one that ended early.
        case cutOff(by: NodeID)
    }

    let file: FileID
    let station: Station
    let asked: Instant
    /// It came by the world's demand: nobody asks what became of it.
    var isPassing = false
    /// Who sent it on, and to whom, as its `via` says.
    var tried: [ShortID] = []
    /// It waited for the file to be looked for.
    var hasWaited = false
    /// What came of that.
    var lookUp = LookUpOutcome.settled
    /// Some bytes were not the file's.
    var isSpoilt = false
    var outcome: Outcome?

    var place: Place? { station.place }
}
