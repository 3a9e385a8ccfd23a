internal import Primitives

/// How well this node itself hears and is heard, as far as it can tell: the less, the slower it is to accuse others.
///
/// Lifeguard's local health multiplier (Dadgar, Phillips and Currey, DSN 2018, section IV.A), 0 to 8. It rises when a
/// deadline of this node's own is handled late, when helpers that were asked to reach a silent member are not heard
/// either, and when somebody suspects this node, or holds it dead; and falls with every pulse that is answered at once.
struct LocalHealth: Equatable, Sendable {
    /// As the paper has it.
    static let worst = 8

    private(set) var score = 0

    /// Helpers may be as dead as whom they were asked about, and where most of a network dies at once they are: they
    /// bring it no further than this.
    static let worstByHelpers = 4

    mutating func worsen() { score = min(score + 1, Self.worst) }

    /// So many helpers were not heard.
    mutating func worsen(unheard count: Int) { score = max(score, min(score + count, Self.worstByHelpers)) }

    mutating func improve() { score = max(score - 1, 0) }

    /// How long to wait for an answer, where `wait` is enough for a node that is well (the paper's LHA-Probe); not for
    /// more than a quarter of the interval, unless it is that long anyway.
    func scaled(_ wait: Duration, interval: Duration) -> Duration {
        max(wait, min(wait * (score + 1), interval / 4))
    }

    /// How long somebody must be silent for a verdict. It takes three of them, so that up to twice as long is enough:
    /// with all nodes at their worst, the dead are still found.
    func patience(_ time: Duration) -> Duration { time * (score + Self.worst) / Self.worst }
}

extension Roster {
    /// Helpers that were asked and have not reached the member say so once it has had time to answer them, or who asked
    /// could not tell whether it is the member that is silent, or the helpers, or itself that is deaf (section IV.A.2).
    mutating func excuseErrands(at now: Instant, _ effects: inout Effects) {
        for place in errands.indices {
            guard let due = errands[place].due, due <= now else { continue }
            errands[place].due = nil
            let errand = errands[place]
            guard table.index(of: errand.asker).map({ table.members.isPresent($0) }) ?? false else { continue }
            effects.append(.send(Envelope(.indirectFailure(number: errand.askedNumber)), to: errand.asker))
        }
    }

    /// When the next of them is due.
    var errandDue: Instant? { errands.lazy.compactMap(\.due).min() }

    /// A helper could not reach the member either, but was itself heard.
    mutating func helpedInVain(_ number: UInt32) {
        for id in view.members {
            guard let index = table.index(of: id), case .waiting(var silence) = table.phase(index),
                silence.stage != .direct, silence.helpersUnheard > 0, silence.sending(number) != nil
            else { continue }
            silence.helpersUnheard -= 1
            // Too late, but heard.
            if silence.stage != .indirect { health.improve() }
            table[edge: index].phase = .waiting(silence)
            return
        }
    }
}
