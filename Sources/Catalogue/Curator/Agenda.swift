internal import HeapModule
internal import Primitives

/// What is to be looked at again, and when. An errand may find that there is nothing to do any more.
struct Agenda: Sendable {
    enum Errand: Hashable, Sendable {
        /// See whether a tracked file has the replicas it should.
        case place(FileID)
        /// Track a file no longer.
        case retire(FileID)
        /// Go on fetching.
        case pull(FileID)
        /// Make verified pieces durable.
        case save(FileID)
        /// Forget what was looked up.
        case forget(FileID)
        /// Ask the next tracker.
        case hedge(FileID)
        case deliver(NodeID)
        case overdue(CallID)
        /// Ask again whether a file is still offered.
        case confirm(FileID)
        case hedgeInquiry(CallID)
        /// Pass a publisher's change on to the holders.
        case relay(FileID)
        /// See what has ended by the calendar.
        case expire
        /// See how far handing over is.
        case leave
        /// Announce everything again.
        case refresh
    }

    private struct Appointment: Comparable, Sendable {
        let at: Instant
        /// Appointments at one moment are kept in the order they were made.
        let sequence: UInt64
        let errand: Errand

        static func < (left: Self, right: Self) -> Bool { (left.at, left.sequence) < (right.at, right.sequence) }
    }

    private var heap = Heap<Appointment>()
    private var made: UInt64 = 0

    mutating func add(_ errand: Errand, at moment: Instant) {
        made += 1
        heap.insert(Appointment(at: moment, sequence: made, errand: errand))
    }

    var next: Instant? { heap.min?.at }

    mutating func takeDue(at now: Instant) -> Errand? {
        guard let first = heap.min, first.at <= now else { return nil }
        return heap.removeMin().errand
    }
}
