import Membership
import Primitives

/// What the operator was last told of the members, so that news are told once: of the others, that they are there.
struct Conditions: Sendable {
    private var absent: [NodeID: Condition] = [:]

    /// What there is to tell now, if anything. A suspicion is nobody's news yet.
    mutating func notice(of member: Member, isNew: Bool) -> Notice? {
        let id = member.id
        let name = member.card.value.name
        switch member.condition {
        case .alive:
            let wasAbsent = absent.removeValue(forKey: id) != nil
            return isNew ? .memberJoined(id, name: name) : wasAbsent ? .memberReturned(id, name: name) : nil
        case .suspect:
            return nil
        case .dead:
            return absent.updateValue(.dead, forKey: id) == .dead ? nil : .memberDied(id, name: name)
        case .left:
            return absent.updateValue(.left, forKey: id) == .left ? nil : .memberLeft(id, name: name)
        }
    }

    /// Nothing is known of this member any more.
    mutating func forget(_ id: NodeID) { absent[id] = nil }
}
