internal import OrderedCollections
internal import Primitives

/// A file that was held for somebody else before a restart: not served before a tracker was asked whether it is still
/// offered.
struct Confirmation: Sendable {
    /// Trackers not asked yet, the first one last.
    var waiting: [NodeID]
    /// Questions queued or under way.
    var underWay = 0
    /// Somebody answered, and did not know that the file is offered.
    var wasAnswered = false
    /// Somebody who is there did not answer.
    var wasSilent = false
    /// What trackers remember as withdrawn: it counts when none of them knows who else offers the file. One of each
    /// publisher.
    var withdrawals: [Verified<Withdrawal>] = []
    /// Rounds in which nobody answered.
    var failures = 0
    /// Since when trackers are being asked.
    let began: Instant
    /// How often each of the present trackers was asked.
    var asked: [NodeID: Int] = [:]
    /// A client waits.
    var isWanted = false

    mutating func note(_ withdrawal: Verified<Withdrawal>, limit: Int) {
        if let index = withdrawals.firstIndex(where: { $0.value.publisher == withdrawal.value.publisher }) {
            if withdrawals[index].value.sequence < withdrawal.value.sequence { withdrawals[index] = withdrawal }
        } else if withdrawals.count < limit {
            withdrawals.append(withdrawal)
        }
    }
}

/// What one tracker is still to be asked; one call at a time.
struct Inquiry: Sendable {
    var files: OrderedSet<FileID> = []
    var isUnderWay = false
}
