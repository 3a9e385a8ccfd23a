internal import Primitives

/// The search for a member that hands over its table after a start.
struct Introduction: Equatable, Sendable {
    var due: Instant
    var asked: [NodeID]
}

extension Roster {
    /// Statuses are not kept over a restart, and others may have come meanwhile.
    mutating func beginIntroduction(at now: Instant, _ effects: inout Effects) {
        introduction = table.members.isEmpty ? nil : Introduction(due: now, asked: [])
    }

    mutating func continueIntroduction(at now: Instant, _ effects: inout Effects) {
        guard var introduction, introduction.due <= now else { return }
        // Those present first; where nobody is, one of the dead may have come back too.
        let members = table.members
        let unasked = members.indices.filter {
            members.conditions[$0] != .left && !introduction.asked.contains(members.id($0))
        }
        let present = unasked.filter { members.isPresent($0) }
        let isEnough = introduction.asked.count >= settings.introductions
        if isEnough, members.indices.contains(where: { members.heard($0) != nil }) {
            self.introduction = nil
        } else if let index = (present.isEmpty ? unasked : present).randomElement(using: &generator) {
            let id = members.id(index)
            introduction.asked.append(id)
            introduction.due =
                now + (isEnough ? max(settings.introductionWait, pulse) : settings.introductionWait)
            self.introduction = introduction
            effects.append(.introduce(to: id))
        } else {
            // Nobody, of all there are: this node may have started before its wires.
            let isAlone = introduction.asked.isEmpty
            self.introduction = isAlone ? nil : Introduction(due: now + deadProbeInterval, asked: [])
        }
    }

    /// A member that was never heard may not know this node's key: then it could not read a word.
    mutating func introduceIfUnknown(_ index: Int, _ effects: inout Effects) {
        guard table.members.heard(index) == nil, !table[edge: index].isIntroduced else { return }
        table[edge: index].isIntroduced = true
        effects.append(.introduce(to: table.members.id(index), wantsTable: introduction != nil))
    }
}
