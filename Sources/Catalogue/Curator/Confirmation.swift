internal import OrderedCollections
internal import Primitives

/// A file that was held for somebody else before a restart: not served before a tracker was asked whether it is still
/// offered.
struct Confirmation: Sendable {
    /// Trackers not asked yet, the first one last.
    var waiting: [NodeID]
    /// Questions queued or under way.
    var underWay = 0
    /// Somebody answered, and did not know the file.
    var wasAnswered = false
    /// Rounds in which nobody answered.
    var failures = 0
    /// Since when trackers are being asked.
    let began: Instant
    /// How often each of the present trackers was asked.
    var asked: [NodeID: Int] = [:]
    /// A client waits.
    var isWanted = false
}

/// What one tracker is still to be asked; one call at a time.
struct Inquiry: Sendable {
    var files: OrderedSet<FileID> = []
    var isUnderWay = false
}
